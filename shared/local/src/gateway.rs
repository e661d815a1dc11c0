//! API Gateway's part: an HTTP request becomes the event that a function gets, its answer an HTTP response.
//!
//! The event is an HTTP API's, payload format 2.0. It goes to a function as JSON text through `lambda_http`, as on
//! Lambda, so that what is lost or changed on the way there is lost or changed here.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Service, service_fn};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::template::Route;

/// The largest body that an HTTP API takes: 10 MB.
pub const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The largest event that a Lambda function takes: 6 MB, headers and base64 included.
pub const LARGEST_EVENT: usize = 6 * 1024 * 1024;

/// The largest answer that a Lambda function gives: 6 MB, of the JSON that holds its body.
pub const LARGEST_ANSWER: usize = 6_000_000;

/// The HTTP API: which function answers which request.
#[derive(Debug)]
pub struct HttpApi {
    routes: Vec<Route>,
    requests: AtomicU64,
}

/// A request on its way to a function.
#[derive(Debug)]
pub struct Invocation {
    /// The folder of the function that answers.
    pub folder: String,
    /// The event that it gets.
    pub event: Value,
}

/// What the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No route fits: 404.
    NoRoute,
    /// The body is beyond 10 MB, or the event beyond 6 MB: 413.
    TooLarge,
}

impl Refusal {
    /// Returns the answer, in the gateway's words.
    pub fn answer(self) -> Response<Bytes> {
        match self {
            Self::NoRoute => message(StatusCode::NOT_FOUND, "Not Found"),
            Self::TooLarge => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        }
    }
}

impl HttpApi {
    /// Returns an API with these routes.
    pub fn new(routes: Vec<Route>) -> Self {
        Self { routes, requests: AtomicU64::new(0) }
    }

    /// Returns the event for a request that came at `epoch_millis`.
    ///
    /// # Errors
    /// [`Refusal`] where no function is asked.
    pub fn event(&self, request: &Request<Bytes>, epoch_millis: i64) -> Result<Invocation, Refusal> {
        if request.body().len() > LARGEST_BODY {
            return Err(Refusal::TooLarge);
        }
        let (method, raw_path) = (request.method().as_str(), request.uri().path());
        let Some((route, parameters)) = self.route(method, raw_path) else {
            return Err(Refusal::NoRoute);
        };
        let route_key = format!("{} {}", route.method, route.path);
        let path = percent_decode(raw_path, false);
        let query = request.uri().query().unwrap_or_default();
        let mut headers = joined_headers(request.headers());
        let host = headers.get("host").and_then(Value::as_str).unwrap_or("localhost").to_owned();
        headers.insert("host".to_owned(), json!(host));
        headers.entry("x-forwarded-for").or_insert_with(|| json!("127.0.0.1"));
        headers.entry("x-forwarded-proto").or_insert_with(|| json!("http"));
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": winterbaume_core::default_account_id(),
                "apiId": "local",
                "domainName": host,
                "domainPrefix": "local",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": format!("{:?}", request.version()),
                    "sourceIp": "127.0.0.1",
                    "userAgent": headers.get("user-agent").cloned().unwrap_or_else(|| json!("")),
                },
                "requestId": format!("local-{}", self.requests.fetch_add(1, Ordering::Relaxed) + 1),
                "routeKey": route_key,
                "stage": "$default",
                "time": access_log_time(epoch_millis),
                "timeEpoch": epoch_millis,
            },
            "isBase64Encoded": false,
        });
        let cookies: Vec<&str> = request.headers().get_all(COOKIE).iter().filter_map(|c| c.to_str().ok()).collect();
        let cookies: Vec<&str> = cookies.iter().flat_map(|line| line.split("; ")).collect();
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        if !query.is_empty() {
            event["queryStringParameters"] = Value::Object(query_parameters(query));
        }
        if !parameters.is_empty() {
            event["pathParameters"] = Value::Object(parameters);
        }
        if !request.body().is_empty() {
            match text(request.headers(), request.body()) {
                Some(text) => event["body"] = json!(text),
                None => {
                    event["body"] = json!(STANDARD.encode(request.body()));
                    event["isBase64Encoded"] = json!(true);
                }
            }
        }
        Ok(Invocation { folder: route.folder.clone(), event })
    }

    /// The most specific route wins: the one whose first differing segment is literal.
    fn route(&self, method: &str, raw_path: &str) -> Option<(&Route, Map<String, Value>)> {
        let fitting = self.routes.iter().filter(|route| route.method == method);
        let fitting = fitting.filter_map(|route| Some((route, path_parameters(&route.path, raw_path)?)));
        fitting.min_by_key(|(route, _)| route.path.split('/').map(is_parameter).collect::<Vec<bool>>())
    }
}

/// Gives the event to a function and returns what the gateway makes of its answer; a panic is a 500, and so is an answer
/// that is too large.
pub async fn invoke<F, R>(event: &Value, handler: F) -> Response<Bytes>
where
    F: Fn(lambda_http::Request) -> R + Send,
    R: Future<Output = lambda_http::Response<Body>> + Send,
{
    let text = event.to_string();
    if text.len() > LARGEST_EVENT {
        return Refusal::TooLarge.answer();
    }
    let invocation = async {
        let request: LambdaRequest = serde_json::from_str(&text).ok()?;
        let function = service_fn(|request| {
            let answer = handler(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let Ok(answer) = Adapter::from(function).call(LambdaEvent::new(request, Context::default())).await;
        let text = serde_json::to_string(&answer).ok().filter(|text| text.len() <= LARGEST_ANSWER)?;
        serde_json::from_str(&text).ok()
    };
    let answer = AssertUnwindSafe(invocation).catch_unwind().await;
    answer.ok().flatten().and_then(|answer| response(answer).ok()).unwrap_or_else(|| {
        // What Lambda reports as a failed invocation, the gateway's caller sees like this.
        message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    })
}

/// A function's answer in payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionAnswer {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default)]
    cookies: Vec<String>,
}

fn response(answer: Value) -> Result<Response<Bytes>, Box<dyn std::error::Error>> {
    let answer: FunctionAnswer = serde_json::from_value(answer)?;
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { Bytes::from(STANDARD.decode(text)?) } else { Bytes::from(text) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;
    for (name, value) in &answer.headers {
        let value = value.as_str().unwrap_or_default();
        response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::from_str(value)?);
    }
    for cookie in &answer.cookies {
        response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(cookie)?);
    }
    Ok(response)
}

fn message(status: StatusCode, message: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

/// Matches the path as sent, so that an encoded slash stays inside its segment; the values are decoded.
fn path_parameters(template: &str, raw_path: &str) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    let mut actual = raw_path.split('/');
    for expected in template.split('/') {
        let segment = actual.next()?;
        if is_parameter(expected) {
            if segment.is_empty() {
                return None;
            }
            let name = expected.trim_matches(['{', '}']).to_owned();
            parameters.insert(name, json!(percent_decode(segment, false)));
        } else if expected != segment {
            return None;
        }
    }
    actual.next().is_none().then_some(parameters)
}

/// Repeated parameters are joined with commas.
fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (percent_decode(name, true), percent_decode(value, true));
        let joined = match parameters.get(&name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value,
        };
        parameters.insert(name, json!(joined));
    }
    parameters
}

/// Names in lower case, repeated headers joined with commas; cookies travel apart.
fn joined_headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().filter(|name| *name != COOKIE);
    let joined = names.map(|name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        (name.as_str().to_owned(), json!(values.collect::<Vec<_>>().join(",")))
    });
    joined.collect()
}

/// The gateway sends text as text and everything else, form data included, as base64.
fn text<'a>(headers: &HeaderMap, body: &'a Bytes) -> Option<&'a str> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let textual = kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    if textual { std::str::from_utf8(body).ok() } else { None }
}

fn percent_decode(text: &str, plus_is_space: bool) -> String {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        index += 1;
        match (*byte, hex(bytes.get(index)), hex(bytes.get(index + 1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                index += 2;
            }
            (b'+', _, _) if plus_is_space => decoded.push(b' '),
            (byte, _, _) => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn access_log_time(epoch_millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(epoch_millis).unwrap_or_default();
    time.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests;
