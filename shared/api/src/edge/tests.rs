use lambda_http::http;
use serde_json::Value;

use super::*;
use crate::response::json_response;

#[derive(Clone, Copy)]
enum Route {
    Read,
    Write,
    Make,
    Fail,
}

#[derive(Debug, thiserror::Error)]
#[error("throttled")]
struct Throttled;

impl Failure for Throttled {
    fn is_temporary(&self) -> bool {
        true
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-01-31T00:00:00Z")
}

fn edge() -> Edge<Route> {
    Edge::new(&[
        ("GET", "/v1/things/{id}", Access::Scope(Scope::Read), Route::Read),
        ("POST", "/v1/things/{id}", Access::Scope(Scope::UsageWrite), Route::Write),
        ("POST", "/v1/sites", Access::Root, Route::Make),
        ("GET", "/v1/fail", Access::Scope(Scope::Read), Route::Fail),
    ])
}

async fn lookup(digest: String) -> Result<Option<(ApiKey, Site)>, Throttled> {
    let key = |scopes, expires_at| {
        let site = serde_json::json!({
            "id": "test", "time_zone": "UTC", "rounding": "half_away_from_zero", "grace_seconds": 0,
            "test_clock": "2030-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
        });
        let site_id = "test".parse().unwrap();
        Some((
            ApiKey { site_id, scopes, expires_at, created_at: now(), deleted_at: None },
            serde_json::from_value(site).unwrap(),
        ))
    };
    match digest {
        digest if digest == key_sha256("reader") => Ok(key(vec![Scope::Read], None)),
        digest if digest == key_sha256("admin") => Ok(key(vec![Scope::Admin], None)),
        digest if digest == key_sha256("expired") => Ok(key(vec![Scope::Admin], Some(now()))),
        digest if digest == key_sha256("busy") => Err(Throttled),
        _ => Ok(None),
    }
}

async fn handle(call: Call<Route>) -> Result<Response<Body>, Problem> {
    match call.route {
        Route::Read => {
            Ok(json_response(200, &serde_json::json!({ "id": call.param::<String>("id")?, "now": call.now })))
        }
        Route::Write => Ok(json_response(200, &call.json::<Value>()?)),
        Route::Make => Ok(json_response(201, &call.site.is_none())),
        Route::Fail => Err(Problem::new(Kind::Invalid, "no").field("a")),
    }
}

async fn send(method: &str, path: &str, authorization: &str, body: Body) -> (u16, Value, http::HeaderMap) {
    let event = http::Request::builder()
        .method(method)
        .uri(format!("https://example.com{path}"))
        .header("authorization", authorization)
        .body(body)
        .unwrap();
    let root = key_sha256("root");
    let edge = edge();
    let answer = serve(&edge, event, now(), Some(&root), lookup, handle);
    // The runtime moves it between threads.
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    let (parts, body) = assert_send(answer).await.into_parts();
    let Body::Text(text) = body else { panic!("a text") };
    (parts.status.as_u16(), serde_json::from_str(&text).unwrap(), parts.headers)
}

#[tokio::test]
async fn a_request_that_passes_reaches_its_handler_with_the_sites_time() {
    let (status, body, headers) = send("GET", "/v1/things/a%3Ab", "Bearer reader", Body::Empty).await;

    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
    assert_eq!(body, serde_json::json!({ "id": "a:b", "now": "2030-01-01T00:00:00Z" }));
    let basic = send("GET", "/v1/things/a", "Basic cmVhZGVyOg==", Body::Empty).await;
    assert_eq!(basic.0, 200);
    assert_eq!(send("POST", "/v1/things/a", "Bearer admin", "{}".into()).await.0, 200);
    assert_eq!(send("POST", "/v1/sites", "bearer root", Body::Empty).await.1, true);
}

#[tokio::test]
async fn the_checks_are_made_in_order() {
    let long = || Body::from("x".repeat(MediaType::Json.longest_body() + 1));
    for (method, path, authorization, body, status) in [
        ("GET", "/v1/nothing", "", long(), 404),
        ("GET", "/v1/things", "", Body::Empty, 404),
        ("GET", "/v1/things/", "", Body::Empty, 404),
        ("GET", "/v1/things/a/b", "", Body::Empty, 404),
        ("DELETE", "/v1/things/a", "", long(), 405),
        ("POST", "/v1/things/a", "", long(), 413),
        ("POST", "/v1/things/a", "", "x".into(), 401),
        ("POST", "/v1/things/a", "Bearer", "x".into(), 401),
        ("POST", "/v1/things/a", "Bearer nobody", "x".into(), 401),
        ("POST", "/v1/things/a", "Bearer expired", "x".into(), 401),
        ("POST", "/v1/things/a", "Bearer root", "x".into(), 401),
        ("POST", "/v1/things/a", "Digest reader", "x".into(), 401),
        ("POST", "/v1/things/a", "Basic reader", "x".into(), 401),
        ("POST", "/v1/sites", "Bearer admin", "x".into(), 401),
        ("POST", "/v1/things/a", "Bearer busy", "x".into(), 503),
        ("POST", "/v1/things/a", "Bearer reader", "x".into(), 403),
        ("POST", "/v1/things/a?a=%zz", "Bearer admin", "{}".into(), 400),
        ("POST", "/v1/things/a", "Bearer admin", "x".into(), 400),
    ] {
        let (found, body, headers) = send(method, path, authorization, body).await;
        assert_eq!(found, status, "{method} {path} {authorization}: {body}");
        assert_eq!(headers["content-type"].to_str().unwrap(), "application/problem+json");
        assert_eq!(headers.contains_key("retry-after"), status == 503);
        assert_eq!(headers.contains_key("www-authenticate"), status == 401);
    }
}

#[tokio::test]
async fn a_problem_says_what_where_and_why() {
    let (status, body, _) = send("GET", "/v1/fail?a=1", "Bearer reader", Body::Empty).await;

    assert_eq!(status, 422);
    let golden = serde_json::json!({
        "type": "/problems/invalid", "title": "The request is not valid", "status": 422, "detail": "no",
        "field": "a", "instance": "/v1/fail",
    });
    assert_eq!(body, golden);
}

#[tokio::test]
async fn without_a_root_key_nobody_is_root() {
    let event = || {
        http::Request::post("https://example.com/v1/sites")
            .header("authorization", "Bearer x")
            .body(Body::Empty)
            .unwrap()
    };
    for root in [None, Some("")] {
        assert_eq!(serve(&edge(), event(), now(), root, lookup, handle).await.status(), 401);
    }
}

#[tokio::test]
async fn the_body_must_not_be_declared_as_anything_but_json() {
    for (declared, status) in [("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("text/csv", 415)] {
        let event = http::Request::post("https://example.com/v1/things/a")
            .header("authorization", "Bearer admin")
            .header("content-type", declared)
            .body("{}".into())
            .unwrap();
        assert_eq!(serve(&edge(), event, now(), None, lookup, handle).await.status(), status, "{declared}");
    }
}

#[tokio::test]
async fn what_takes_longer_than_the_invocation_has_is_answered_before_that_is_ended() {
    let mut context = lambda_http::Context::default();
    context.deadline = u64::try_from(now().millis()).unwrap() + 501;
    let event = http::Request::get("https://example.com/v1/things/a")
        .header("authorization", "Bearer reader")
        .body(Body::Empty)
        .unwrap()
        .with_lambda_context(context);

    let answer = serve(&edge(), event, now(), None, lookup, |_| std::future::pending()).await;

    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
}

/// `cargo lambda` counts its deadline from 1970.
#[tokio::test]
async fn a_deadline_that_has_passed_is_none() {
    let mut context = lambda_http::Context::default();
    context.deadline = 600_000;
    let event = http::Request::get("https://example.com/v1/things/a")
        .header("authorization", "Bearer reader")
        .body(Body::Empty)
        .unwrap()
        .with_lambda_context(context);
    let slow = |call| async {
        tokio::task::yield_now().await;
        handle(call).await
    };

    assert_eq!(serve(&edge(), event, now(), None, lookup, slow).await.status(), 200);
}
