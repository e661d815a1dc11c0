//! Only the AWS endpoints, for functions that run elsewhere: `cargo lambda watch`, the AWS CLI, a DynamoDB GUI.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;

use crate::engine::{Engine, dynamodb, sqs};
use crate::error::Error;
use crate::functions::root_key_sha256;
use crate::template::Template;

/// The largest request that SQS takes, with room for its frame.
const LARGEST_REQUEST: usize = 2 * 1024 * 1024;

/// DynamoDB and SQS, with the template's table and queues in them.
#[derive(Debug)]
pub struct Endpoints {
    engine: Engine,
    template: Template,
}

impl Endpoints {
    /// Creates table and queues in an engine. A received message stays hidden as long as the template says.
    ///
    /// # Errors
    /// As [`crate::System::with_engine`].
    pub async fn new(engine: Engine) -> Result<Self, Error> {
        let template = Template::embedded()?;
        dynamodb::create_table(&engine, &template.table).await?;
        sqs::create_queues(&engine, &template.queues, false).await?;
        Ok(Self { engine, template })
    }

    /// Returns the environment that a function needs to reach the endpoints.
    ///
    /// # Errors
    /// [`Error::Template`] when the template has no queue.
    pub fn environment(&self, dynamodb: SocketAddr, sqs: SocketAddr) -> Result<Vec<(&'static str, String)>, Error> {
        let source = self.template.queue_sources.first().map_or("", |source| source.queue.as_str());
        let queue = self.template.queue(source)?;
        let account = winterbaume_core::default_account_id();
        Ok(vec![
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{dynamodb}")),
            ("AWS_ENDPOINT_URL_SQS", format!("http://{sqs}")),
            ("AWS_REGION", sqs::REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("TABLE_NAME", self.template.table.name.clone()),
            ("INVOICE_QUEUE_URL", format!("http://{sqs}/{account}/{}", queue.name)),
            ("ROOT_KEY_SHA256", root_key_sha256()),
        ])
    }

    /// Serves both until `shutdown` is ready, which it is called for twice.
    ///
    /// # Errors
    /// [`Error::Io`] when a socket fails.
    pub async fn serve<S, F>(&self, dynamodb: TcpListener, sqs: TcpListener, shutdown: S) -> Result<(), Error>
    where
        S: Fn() -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let failed = |source: std::io::Error| Error::Io { what: "serving an AWS endpoint".to_owned(), source };
        let address = sqs.local_addr().map_err(failed)?;
        let app = Router::new().fallback(answer_sqs).with_state((self.engine.clone(), address));
        let database = self.engine.embedded_database();
        let database = database.ok_or_else(|| failed(std::io::Error::other("the table is in another engine")))?;
        let database = dynoxide::server::serve_with_shutdown(dynamodb, database, shutdown());
        let queues = axum::serve(sqs, app).with_graceful_shutdown(shutdown());
        let (database, queues) = tokio::join!(database, queues);
        database.map_err(|reason| failed(std::io::Error::other(reason)))?;
        queues.map_err(failed)
    }
}

async fn answer_sqs(State((engine, address)): State<(Engine, SocketAddr)>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = target.to_owned();
    let body = to_bytes(request.into_body(), LARGEST_REQUEST).await;
    let (status, body) = match body {
        Ok(body) => match engine.send(&target, body).await {
            Ok(answer) => (answer.status, answer.body),
            Err(reason) => (503, Bytes::from(reason)),
        },
        Err(_) => (413, Bytes::new()),
    };
    let mut response = Response::new(Body::from(with_address(&target, body, address)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

/// The engine names its queues by AWS's host; some clients send their requests to where a queue's URL points.
fn with_address(target: &str, body: Bytes, address: SocketAddr) -> Bytes {
    if !["AmazonSQS.CreateQueue", "AmazonSQS.GetQueueUrl", "AmazonSQS.ListQueues"].contains(&target) {
        return body;
    }
    match std::str::from_utf8(&body) {
        Ok(text) => Bytes::from(text.replace(sqs::ADDRESS, &format!("http://{address}/"))),
        Err(_) => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::bind;
    use crate::server::tests::exchange;

    fn request(target: &str, body: &str) -> String {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: {target}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\
             X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn both_endpoints_have_what_the_environment_names() {
        let endpoints = Endpoints::new(Engine::in_memory().expect("SQLite opens")).await.expect("starts");
        let (dynamodb, sqs) =
            (bind(0, "a").await.expect("a port is free"), bind(0, "b").await.expect("a port is free"));
        let address = |listener: &TcpListener| listener.local_addr().expect("has an address");
        let (dynamodb_at, sqs_at) = (address(&dynamodb), address(&sqs));
        let environment = endpoints.environment(dynamodb_at, sqs_at).expect("is complete");
        let server = tokio::spawn(async move { endpoints.serve(dynamodb, sqs, std::future::pending::<()>).await });

        let table = exchange(dynamodb_at, request("DynamoDB_20120810.ListTables", "{}")).await;
        let queue = exchange(sqs_at, request("AmazonSQS.GetQueueUrl", r#"{"QueueName":"InvoiceQueue"}"#)).await;

        server.abort();
        let value = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
        assert!(table.contains(&value("TABLE_NAME").expect("is there")), "{table}");
        assert!(queue.contains(&value("INVOICE_QUEUE_URL").expect("is there")), "{queue}");
    }
}
