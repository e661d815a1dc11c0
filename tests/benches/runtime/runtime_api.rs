//! The Lambda runtime API, for one process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// The largest answer of a function.
const LARGEST_ANSWER: usize = 6 << 20;

/// A runtime API that hands out one event at a time.
pub struct RuntimeApi {
    pub address: SocketAddr,
    /// When the process asked for an event.
    pub asked: UnboundedReceiver<Instant>,
    events: UnboundedSender<String>,
    answers: UnboundedReceiver<Value>,
    server: JoinHandle<()>,
}

struct Shared {
    asked: UnboundedSender<Instant>,
    events: Mutex<UnboundedReceiver<String>>,
    answers: UnboundedSender<Value>,
}

impl RuntimeApi {
    /// Serves the API on a free port.
    pub async fn serve() -> RuntimeApi {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("the socket has an address");
        let (asked_sender, asked) = unbounded_channel();
        let (events, events_receiver) = unbounded_channel();
        let (answers_sender, answers) = unbounded_channel();
        let shared = Shared { asked: asked_sender, events: Mutex::new(events_receiver), answers: answers_sender };
        let app = Router::new().fallback(answer).with_state(Arc::new(shared));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("the socket is served") });
        RuntimeApi { address, asked, events, answers, server }
    }

    /// Hands out an event and returns what the function answers to it.
    pub async fn invoke(&mut self, event: String) -> Value {
        self.events.send(event).expect("the process waits");
        self.answers.recv().await.expect("the API is served")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        // Whoever measures may have gone away meanwhile.
        let _ = shared.asked.send(Instant::now());
        let event = shared.events.lock().await.recv().await.unwrap_or_default();
        return next(event);
    }
    let body = to_bytes(request.into_body(), LARGEST_ANSWER).await.unwrap_or_default();
    let _ = shared.answers.send(serde_json::from_slice(&body).unwrap_or_default());
    let mut accepted = Response::new(Body::from("{}"));
    *accepted.status_mut() = http::StatusCode::ACCEPTED;
    accepted
}

fn next(event: String) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", (now.as_millis() + 20_000).to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:measured")
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
        .header("content-type", "application/json")
        .body(Body::from(event))
        .expect("the headers are valid")
}
