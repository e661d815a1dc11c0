//! One call of the HTTP API with a table.

use std::time::Duration;

use billing::id::SubscriptionId;
use bytes::Bytes;
use csv::WriterBuilder;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::Value;

use super::ImportError;
use super::answer::Outcome;
use super::rows::Row;
use crate::error::chain;

/// How long a call may take; the API gives up after half a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What the API made of a call.
pub enum Reply {
    /// An outcome for each row, in their order.
    Outcomes(Vec<Outcome>),
    /// The call is larger than the API takes; with what it said.
    TooLarge(String),
    /// Nothing yet: the same may be sent again, at the earliest after `wait`.
    Later { reason: String, wait: Option<Duration> },
}

/// A connection to one API. It goes through no proxy.
pub struct Client {
    http: Http,
    uri: Uri,
    authorization: String,
}

enum Http {
    /// On this computer, where there are neither listeners in between nor certificates.
    Plain(legacy::Client<HttpConnector, Full<Bytes>>),
    Tls(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

#[derive(Deserialize)]
struct Answer {
    outcomes: Vec<Outcome>,
}

impl Client {
    /// A client for the API at `url`.
    pub fn new(url: &str, key: &str, subscription: Option<&SubscriptionId>) -> Result<Client, ImportError> {
        let base = url.trim_end_matches('/');
        let path = subscription.map_or("/v1/usages".to_owned(), |id| format!("/v1/subscriptions/{id}/usages"));
        let malformed = || ImportError::Url(format!("{url} is no URL such as https://api.example.com"));
        let uri: Uri = format!("{base}{path}").parse().map_err(|_| malformed())?;
        let executor = TokioExecutor::new();
        let http = match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => {
                // Named, since the AWS SDK's crates bring a second one along for their own use.
                let provider = rustls::crypto::ring::default_provider();
                let roots = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
                let roots = roots.map_err(|error| {
                    ImportError::Url(format!("https needs the certificates of this computer, which lack: {error}"))
                })?;
                Http::Tls(legacy::Client::builder(executor).build(roots.https_only().enable_http1().build()))
            }
            (Some("http"), Some("127.0.0.1" | "localhost" | "[::1]")) => {
                Http::Plain(legacy::Client::builder(executor).build_http())
            }
            (Some("http"), Some(host)) => {
                let problem = format!("the key would travel to {host} for everybody to read; use https://");
                return Err(ImportError::Url(problem));
            }
            _ => return Err(malformed()),
        };
        Ok(Client { http, uri, authorization: format!("Bearer {key}") })
    }

    /// Sends rows.
    ///
    /// # Errors
    /// `Refused` where the API would refuse every further call, too.
    pub async fn post<'a>(
        &self,
        columns: &[String],
        rows: impl Iterator<Item = &'a Row>,
    ) -> Result<Reply, ImportError> {
        let body = table(columns, rows).map_err(|error| ImportError::Url(error.to_string()))?;
        let request = Request::post(&self.uri)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_TYPE, "text/csv; charset=utf-8")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body))
            .map_err(|_| ImportError::Url("the API key has characters that no key has".to_owned()))?;
        let answered = tokio::time::timeout(CALL_TIMEOUT, self.exchange(request)).await;
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(reason)) => return Ok(Reply::Later { reason, wait: None }),
            Err(_) => return Ok(Reply::Later { reason: "there was no answer in a minute".to_owned(), wait: None }),
        };
        read(&response)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let sent = match &self.http {
            Http::Plain(client) => client.request(request).await,
            Http::Tls(client) => client.request(request).await,
        };
        let (parts, body) = sent.map_err(|error| chain(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| chain(&error))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

fn read(response: &Response<Bytes>) -> Result<Reply, ImportError> {
    let (status, body) = (response.status(), response.body());
    if status == StatusCode::MULTI_STATUS {
        return Ok(serde_json::from_slice::<Answer>(body).map_or_else(
            |error| Reply::Later { reason: format!("the answer cannot be read: {error}"), wait: None },
            |answer| Reply::Outcomes(answer.outcomes),
        ));
    }
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name| problem.get(name).and_then(Value::as_str);
    let detail = member("detail").or(member("message")).unwrap_or("without saying why").to_owned();
    let detail = member("field").map_or(detail.clone(), |field| format!("{field}: {detail}"));
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Ok(Reply::TooLarge(detail));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = wait.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        return Ok(Reply::Later { reason: format!("the API answered {status}: {detail}"), wait });
    }
    Err(ImportError::Refused { status: status.as_u16(), detail })
}

fn table<'a>(columns: &[String], rows: impl Iterator<Item = &'a Row>) -> Result<Bytes, csv::Error> {
    let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(&row.cells)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| csv::Error::from(error.into_error()))
}
