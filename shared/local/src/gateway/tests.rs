use http::Method;
use lambda_http::RequestExt;

use super::*;
use crate::template::Template;

fn api() -> HttpApi {
    HttpApi::new(Template::embedded().expect("the template is readable").routes)
}

fn request(method: Method, uri: &str) -> Request<Bytes> {
    with_body(method, uri, "application/json", b"")
}

fn with_body(method: Method, uri: &str, kind: &str, body: &'static [u8]) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, kind);
    request.body(Bytes::from_static(body)).expect("is a request")
}

fn event(request: &Request<Bytes>) -> Invocation {
    api().event(request, 1_442_318_400_123).expect("a route fits")
}

#[test]
fn a_request_becomes_an_event_of_format_2() {
    let mut request = request(Method::GET, "/v1/invoices?limit=10&status=paid&status=pending&note=a+b%26c");
    request.headers_mut().append("x-tag", HeaderValue::from_static("one"));
    request.headers_mut().append("X-Tag", HeaderValue::from_static("two"));
    request.headers_mut().append("user-agent", HeaderValue::from_static("curl/8"));
    request.headers_mut().append("cookie", HeaderValue::from_static("a=1; b=2"));

    let invocation = event(&request);

    assert_eq!(invocation.folder, "invoices");
    let event = invocation.event;
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "GET /v1/invoices");
    assert_eq!(event["rawPath"], "/v1/invoices");
    assert_eq!(event["rawQueryString"], "limit=10&status=paid&status=pending&note=a+b%26c");
    assert_eq!(event["queryStringParameters"], json!({ "limit": "10", "status": "paid,pending", "note": "a b&c" }));
    assert_eq!(event["headers"]["x-tag"], "one,two");
    assert_eq!(event["headers"].get("cookie"), None);
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event.get("body"), None);
    assert_eq!(event["isBase64Encoded"], false);
    let context = &event["requestContext"];
    assert_eq!(context["http"]["method"], "GET");
    assert_eq!(context["http"]["protocol"], "HTTP/1.1");
    assert_eq!(context["http"]["userAgent"], "curl/8");
    assert_eq!((&context["stage"], &context["timeEpoch"]), (&json!("$default"), &json!(1_442_318_400_123_i64)));
    assert_eq!(context["time"], "15/Sep/2015:12:00:00 +0000");
    assert_eq!(context["requestId"], "local-1");
}

#[test]
fn path_parameters_are_decoded_and_stay_in_their_segment() {
    let invocation = event(&request(Method::GET, "/v1/subscriptions/a%2Fb/usages/usg%20%C3%A9"));

    assert_eq!(invocation.folder, "usage-charges");
    assert_eq!(invocation.event["pathParameters"], json!({ "subscription_id": "a/b", "usage_id": "usg é" }));
    assert_eq!(invocation.event["rawPath"], "/v1/subscriptions/a/b/usages/usg é");
}

#[test]
fn the_method_chooses_among_functions() {
    let path = "/v1/subscriptions/voip/usages";

    assert_eq!(event(&request(Method::POST, path)).folder, "record-usage");
    assert_eq!(event(&request(Method::GET, path)).folder, "usage-charges");
    assert_eq!(event(&request(Method::POST, "/v1/subscriptions/voip/cancel")).folder, "subscriptions");
}

#[test]
fn a_literal_segment_wins_over_a_parameter() {
    let route = |path: &str, folder: &str| Route { method: "GET".into(), path: path.into(), folder: folder.into() };
    let api = HttpApi::new(vec![route("/v1/{id}", "parameter"), route("/v1/invoices", "literal")]);

    let invocation = api.event(&request(Method::GET, "/v1/invoices"), 0).expect("a route fits");

    assert_eq!(invocation.folder, "literal");
}

#[test]
fn without_a_route_the_gateway_answers_404() {
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/v1/customers/"),
        (Method::PUT, "/v1/customers"),
        (Method::GET, "/v1/subscriptions/a/b/usages"),
    ] {
        let answer = api().event(&request(method, path), 0).expect_err("no route fits").answer();

        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.body(), r#"{"message":"Not Found"}"#);
    }
}

#[test]
fn a_body_beyond_ten_megabytes_is_413() {
    let mut request = request(Method::POST, "/v1/usages");
    *request.body_mut() = Bytes::from(vec![b' '; LARGEST_BODY + 1]);

    let refusal = api().event(&request, 0).expect_err("is refused");

    assert_eq!(refusal.answer().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn text_travels_as_text_and_everything_else_as_base64() {
    let body = |kind: &str, body| event(&with_body(Method::POST, "/v1/usages", kind, body)).event;

    let json = body("application/json; charset=utf-8", b"{}");
    let csv = body("text/csv", "\u{e9}".as_bytes());
    let form = body("application/x-www-form-urlencoded", b"a=1");
    let broken = body("application/json", b"\xff\xfe");

    assert_eq!((&json["body"], &json["isBase64Encoded"]), (&json!("{}"), &json!(false)));
    assert_eq!((&csv["body"], &csv["isBase64Encoded"]), (&json!("\u{e9}"), &json!(false)));
    assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("YT0x"), &json!(true)));
    assert_eq!((&broken["body"], &broken["isBase64Encoded"]), (&json!("//4="), &json!(true)));
}

#[tokio::test]
async fn the_function_gets_what_was_sent() {
    let sent = with_body(Method::POST, "/v1/subscriptions/a%20b/usages?dry=1", "application/octet-stream", b"\x00\xff");

    let answer = invoke(&event(&sent).event, |request| async move {
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.path_parameters().first("subscription_id"), Some("a b"));
        assert_eq!(request.query_string_parameters().first("dry"), Some("1"));
        assert_eq!(request.raw_http_path(), "/v1/subscriptions/a b/usages");
        assert_eq!(request.body().as_ref(), b"\x00\xff");
        let mut answer = Response::new(Body::Binary(vec![1, 2, 255]));
        *answer.status_mut() = StatusCode::CREATED;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        answer.headers_mut().insert("x-answer", HeaderValue::from_static("yes"));
        answer
    })
    .await;

    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["x-answer"], "yes");
    assert_eq!(answer.body().as_ref(), [1, 2, 255]);
}

#[tokio::test]
async fn a_text_answer_comes_back_as_text() {
    let answer = invoke(&event(&request(Method::GET, "/v1/stuck")).event, |_| async {
        let mut answer = Response::new(Body::Text("{\"list\":[]}".to_owned()));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        answer
    })
    .await;

    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.body(), r#"{"list":[]}"#);
}

#[tokio::test]
async fn a_panic_is_an_internal_server_error() {
    let answer = invoke(&event(&request(Method::GET, "/v1/stuck")).event, |request| async move {
        assert_eq!(request.method(), Method::PUT, "the function panics");
        Response::new(Body::Empty)
    })
    .await;

    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body(), r#"{"message":"Internal Server Error"}"#);
}

#[tokio::test]
async fn an_event_beyond_six_megabytes_never_reaches_the_function() {
    let mut request = request(Method::POST, "/v1/usages");
    *request.body_mut() = Bytes::from(vec![b' '; LARGEST_EVENT]);

    let answer = invoke(&event(&request).event, |_| async { Response::new(Body::Empty) }).await;

    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_sample_events_are_what_this_gateway_makes() {
    for (folder, text) in [
        ("record-usage", include_str!("../../../../events/record-usage.json")),
        ("usage-charges", include_str!("../../../../events/usage-charges.json")),
        ("catalog", include_str!("../../../../events/catalog.json")),
        ("invoices", include_str!("../../../../events/invoices.json")),
        ("subscriptions", include_str!("../../../../events/subscriptions.json")),
    ] {
        let sample: Value = serde_json::from_str(text).expect("is JSON");
        let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let uri = match text_of(&sample["rawQueryString"]) {
            query if query.is_empty() => text_of(&sample["rawPath"]),
            query => format!("{}?{query}", text_of(&sample["rawPath"])),
        };
        let mut request = Request::builder()
            .method(text_of(&sample["requestContext"]["http"]["method"]).as_str())
            .uri(uri)
            .body(Bytes::from(text_of(&sample["body"])))
            .expect("is a request");
        for (name, value) in sample["headers"].as_object().expect("has headers") {
            let name = HeaderName::try_from(name).expect("is a name");
            request.headers_mut().insert(name, text_of(value).parse().expect("is a value"));
        }

        let invocation = event(&request);

        assert_eq!(invocation.folder, folder);
        for field in
            ["routeKey", "rawPath", "rawQueryString", "headers", "queryStringParameters", "pathParameters", "body"]
        {
            assert_eq!(invocation.event.get(field), sample.get(field), "{folder} {field}");
        }
    }
}
