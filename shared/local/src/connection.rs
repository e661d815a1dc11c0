//! A connection to the API of a deployment: https anywhere, http on this computer only. It goes through no proxy.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::chain::chain;

/// How long a call may take; the API gives up after half a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) enum Connection {
    /// On this computer, where there are neither listeners in between nor certificates.
    Plain(legacy::Client<HttpConnector, Full<Bytes>>),
    Tls(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Connection {
    /// A connection to where the URI is; the error says what is wrong with it.
    pub(crate) fn new(uri: &Uri) -> Result<Connection, String> {
        let executor = TokioExecutor::new();
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => {
                // Named, since the AWS SDK's crates bring a second one along for their own use.
                let provider = rustls::crypto::ring::default_provider();
                let roots = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
                let roots = roots
                    .map_err(|error| format!("https needs the certificates of this computer, which lack: {error}"))?;
                let connector = roots.https_only().enable_http1().build();
                Ok(Connection::Tls(legacy::Client::builder(executor).build(connector)))
            }
            (Some("http"), Some("127.0.0.1" | "localhost" | "[::1]")) => {
                Ok(Connection::Plain(legacy::Client::builder(executor).build_http()))
            }
            (Some("http"), Some(host)) => {
                Err(format!("the key would travel to {host} for everybody to read; use https://"))
            }
            _ => Err(format!("{uri} is no URL such as https://api.example.com")),
        }
    }

    /// Sends a request and reads all of the answer; the error says why there is none.
    pub(crate) async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let exchange = async {
            let sent = match self {
                Connection::Plain(client) => client.request(request).await,
                Connection::Tls(client) => client.request(request).await,
            };
            let (parts, body) = sent.map_err(|error| chain(&error))?.into_parts();
            let body = body.collect().await.map_err(|error| chain(&error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        let answered = tokio::time::timeout(CALL_TIMEOUT, exchange).await;
        answered.unwrap_or_else(|_| Err("there was no answer in a minute".to_owned()))
    }
}

/// What a refusal says, with the field where it names one.
pub(crate) fn told(body: &Bytes) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name| problem.get(name).and_then(Value::as_str);
    let detail = member("detail").or(member("message")).unwrap_or("without saying why").to_owned();
    member("field").map_or(detail.clone(), |field| format!("{field}: {detail}"))
}
