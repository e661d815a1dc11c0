//! Answers.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::problem::{Kind, Problem};

/// One page of a list.
#[derive(Serialize)]
pub(crate) struct List<'a, T> {
    list: &'a [T],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

impl<T> List<'_, T> {
    /// Returns the schema of a page, given that of one thing on it.
    pub(crate) fn schema_of(item: &Value) -> Value {
        json!({
            "type": "object",
            "required": ["list"],
            "properties": {
                "list": { "type": "array", "items": item },
                "next_cursor": { "type": "string", "description": "Where the next page begins; absent on the last one." },
            },
        })
    }
}

/// Returns a JSON answer.
pub fn json_response(status: u16, value: &impl Serialize) -> Response<Body> {
    let text = match serde_json::to_string(value) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            return Problem::new(Kind::Internal, "the answer could not be written").to_response();
        }
    };
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns one page of a list: `{"list":[..],"next_cursor":".."}`, without `next_cursor` on the last page.
pub fn list_response<T: Serialize>(items: &[T], next: Option<&str>) -> Response<Body> {
    json_response(200, &List { list: items, next_cursor: next })
}

/// Returns 204 without a body.
pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_of_a_list_has_no_cursor() {
        let text = |response: Response<Body>| match response.into_body() {
            Body::Text(text) => text,
            other => panic!("{other:?}"),
        };

        assert_eq!(text(list_response(&["a"], Some("c1"))), r#"{"list":["a"],"next_cursor":"c1"}"#);
        assert_eq!(text(list_response::<u8>(&[], None)), r#"{"list":[]}"#);
        assert_eq!(no_content().status(), 204);
    }
}
