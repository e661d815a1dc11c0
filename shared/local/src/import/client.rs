//! One call of the HTTP API with a table.

use std::time::Duration;

use billing::id::SubscriptionId;
use bytes::Bytes;
use csv::WriterBuilder;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use serde::Deserialize;

use super::ImportError;
use super::answer::Outcome;
use super::rows::Row;
use crate::connection::{Connection, told};

/// What the API made of a call.
pub enum Reply {
    /// An outcome for each row, in their order.
    Outcomes(Vec<Outcome>),
    /// The call is larger than the API takes; with what it said.
    TooLarge(String),
    /// Nothing yet: the same may be sent again, at the earliest after `wait`.
    Later { reason: String, wait: Option<Duration> },
}

/// A connection to the path of one API that takes tables.
pub struct Client {
    connection: Connection,
    uri: Uri,
    authorization: String,
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
        let connection = Connection::new(&uri).map_err(ImportError::Url)?;
        Ok(Client { connection, uri, authorization: format!("Bearer {key}") })
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
        match self.connection.exchange(request).await {
            Ok(response) => read(&response),
            Err(reason) => Ok(Reply::Later { reason, wait: None }),
        }
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
    let detail = told(body);
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
