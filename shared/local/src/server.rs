//! The HTTP API on a loopback socket.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::error::Error;
use crate::gateway::{LARGEST_BODY, Refusal};
use crate::system::System;

/// Binds a port of the loopback interface; `flag` is what the error tells to choose another one with. Port 0 is any.
///
/// # Errors
/// [`Error::Port`] when it is taken.
pub async fn bind(port: u16, flag: &'static str) -> Result<TcpListener, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| Error::Port { port, flag, source })
}

/// Serves the system until `shutdown` is ready.
///
/// # Errors
/// [`Error::Io`] when the socket fails.
pub async fn serve(
    listener: TcpListener,
    system: Arc<System>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let app = Router::new().fallback(answer).with_state(system);
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown)
        .await
        .map_err(|source| Error::Io { what: "serving the HTTP API".to_owned(), source })
}

async fn answer(State(system): State<Arc<System>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) => system.call(Request::from_parts(parts, body)).await,
        Err(_) => Refusal::TooLarge.answer(),
    };
    answer.map(Body::from)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;

    /// Sends the text of a request and returns the text of the answer.
    pub(crate) async fn exchange(address: SocketAddr, request: String) -> String {
        let exchange = move || {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        };
        tokio::task::spawn_blocking(exchange).await.expect("ends").expect("is answered")
    }

    #[tokio::test]
    async fn requests_over_the_socket_reach_the_gateway() {
        let system = Arc::new(System::for_test().await.expect("starts"));
        let listener = bind(0, "--port").await.expect("a port is free");
        let address = listener.local_addr().expect("has an address");
        let server = tokio::spawn(serve(listener, system, std::future::pending()));

        let answer = exchange(address, "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into()).await;

        server.abort();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(answer.ends_with(r#"{"message":"Not Found"}"#), "{answer}");
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_its_flag() {
        let taken = bind(0, "--port").await.expect("a port is free");
        let port = taken.local_addr().expect("has an address").port();

        let error = bind(port, "--sqs-port").await.expect_err("is taken");

        assert_eq!(error.to_string(), format!("port {port} is not free; choose another with --sqs-port"));
    }
}
