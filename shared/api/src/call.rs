//! What a handler gets: a request that has passed every check of the edge.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use billing::site::Site;
use billing::time::Timestamp;
use lambda_http::Body;
use lambda_http::http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::json::parse_json;
use crate::media_type::MediaType;
use crate::problem::{Kind, Problem};
use crate::query::{Query, percent_decode, unreadable};

/// The longest `Idempotency-Key`, in characters.
const LONGEST_IDEMPOTENCY_KEY: usize = 100;

/// What stands in the path in place of each `{name}` of the route, not yet decoded.
pub(crate) type Params = Vec<(&'static str, String)>;

/// A routed and authorized request.
#[derive(Debug)]
pub struct Call<R> {
    /// Where the path led.
    pub route: R,
    /// The site that the key opens; absent on the routes of the root key.
    pub site: Option<Site>,
    /// The time that counts for the site; the real time where there is no site.
    pub now: Timestamp,
    /// The real time.
    pub real_now: Timestamp,
    /// How long the invocation may take, counted from `real_now`.
    pub time_left: Duration,
    pub(crate) params: Params,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl<R> Call<R> {
    /// Returns the site of the key.
    ///
    /// # Errors
    /// `Forbidden` on a route of the root key, which opens no site.
    pub fn site(&self) -> Result<&Site, Problem> {
        self.site.as_ref().ok_or_else(|| Problem::new(Kind::Forbidden, "the root key opens no site"))
    }

    /// Reads the part of the path that the route calls `name`.
    ///
    /// # Errors
    /// `Unreadable`, naming it, with the parser's message.
    pub fn param<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let found = self.params.iter().find(|(known, _)| *known == name);
        let text = found.and_then(|(_, text)| percent_decode(text));
        let text = text.ok_or_else(|| unreadable(name, "the path is malformed"))?;
        text.parse().map_err(|error: T::Err| unreadable(name, error))
    }

    /// Returns the parameters of the query string.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Returns the value of a header; the first one where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns what the body is declared as; `None` for a type that is nowhere read.
    pub fn media_type(&self) -> Option<MediaType> {
        MediaType::declared(&self.headers)
    }

    /// Returns the body.
    ///
    /// # Errors
    /// `Unreadable` where it is not UTF-8.
    pub fn body_text(&self) -> Result<&str, Problem> {
        let text = match &self.body {
            Body::Text(text) => Some(text.as_str()),
            Body::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            _ => Some(""),
        };
        text.ok_or_else(|| Problem::new(Kind::Unreadable, "the body is not UTF-8"))
    }

    /// Returns the body, which the caller must not have declared as anything but JSON.
    ///
    /// # Errors
    /// `UnsupportedMediaType` for another content type than `application/json`; `Unreadable` where it is not UTF-8.
    pub fn json_text(&self) -> Result<&str, Problem> {
        if self.media_type() != Some(MediaType::Json) {
            return Err(Problem::new(Kind::UnsupportedMediaType, "send JSON as application/json"));
        }
        self.body_text()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// As [`Call::json_text`] and [`parse_json`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse_json(self.json_text()?)
    }

    /// Returns the `Idempotency-Key`, 1 to 100 printable ASCII characters.
    ///
    /// # Errors
    /// `Unreadable`, naming the header.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        const NAME: &str = "Idempotency-Key";
        let Some(value) = self.headers.get(NAME) else { return Ok(None) };
        let printable = |text: &&str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let text = value.to_str().ok().map(str::trim).filter(printable);
        text.filter(|text| (1..=LONGEST_IDEMPOTENCY_KEY).contains(&text.len())).map(Some).ok_or_else(|| {
            unreadable(NAME, format_args!("it has 1 to {LONGEST_IDEMPOTENCY_KEY} printable ASCII characters"))
        })
    }
}
