//! A client of the HTTP API over a real socket.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Calls one API with one key; clones share the connections.
#[derive(Clone)]
pub struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: String,
}

impl Api {
    /// A client for the API at `base`, such as `http://127.0.0.1:8787`.
    pub fn new(base: &str, key: &str) -> Api {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Api { http, base: base.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    /// The same API with another key.
    pub fn with_key(&self, key: &str) -> Api {
        Api { key: key.to_owned(), ..self.clone() }
    }

    /// Sends a call and returns the status and the body; an error where no answer came.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let response = self.http.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        // An answer that was cut off is none.
        let body =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).map_err(|e| e.to_string())? };
        Ok((status, body))
    }

    /// Sends a call that has to succeed.
    pub async fn must(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        match self.send(method.clone(), path, body).await {
            Ok((200..=299, answer)) => answer,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    /// Every element of a list, page after page; `path` has no query but the given one.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let mut page = self.must(Method::GET, &format!("{path}{join}limit=100{cursor}"), None).await;
            if let Some(Value::Array(list)) = page.get_mut("list").map(Value::take) {
                all.extend(list);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
