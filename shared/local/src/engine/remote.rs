//! Another engine in the place of an embedded one: DynamoDB Local, ElasticMQ, or whatever speaks their protocol.
//!
//! What the engines differ in, as far as it was met here, is named in `tests/engines/README.md`.

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::sqs::REGION;
use super::{Answer, Call, Service};
use crate::chain::chain;

/// An engine behind a socket.
pub(super) struct Remote {
    uri: Uri,
    access_key: String,
}

impl Remote {
    /// The engine at an address. DynamoDB Local keeps a database for each access key, so that with keys that differ
    /// nobody sees another's tables.
    pub(super) fn new(uri: Uri, access_key: String) -> Remote {
        Remote { uri, access_key }
    }

    /// Sends a call and returns the answer; a connection that fails is a server's error.
    pub(super) async fn execute(&self, call: &Call) -> Answer {
        self.exchange(call).await.unwrap_or_else(|reason| Answer::error(500, "InternalServerError", &reason))
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, String> {
        let (prefix, service) = match call.service {
            Service::DynamoDb => ("DynamoDB_20120810", "dynamodb"),
            Service::Sqs => ("AmazonSQS", "sqs"),
        };
        // Neither of these engines checks a signature, but they look into it for the key and the region.
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.access_key
        );
        let request = Request::post(&self.uri)
            .header("x-amz-target", format!("{prefix}.{}", call.operation))
            .header(header::AUTHORIZATION, signed)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .body(Full::new(call.bytes().clone()))
            .map_err(|error| error.to_string())?;
        // A client for each call: the tests' runtimes come and go, and a connection does not outlive its own.
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let (parts, body) = client.request(request).await.map_err(|error| chain(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| chain(&error))?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), body })
    }
}
