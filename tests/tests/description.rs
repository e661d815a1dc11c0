//! The API's description: it is the one that the types make, it has every route, and the page that shows it is served.

use std::collections::{BTreeMap, BTreeSet};

use api::Kind;
use bytes::Bytes;
use http::{Request, Response};
use local::System;
use rating::Price;
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(&local::openapi::openapi()).unwrap()
}

/// Every operation, by method and path.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

async fn get(system: &System, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::get(format!("http://127.0.0.1{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    system.call(request.body(Bytes::new()).unwrap()).await
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn the_written_document_is_what_the_types_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/docs/openapi.json");
    let written = std::fs::read_to_string(path).unwrap();

    let same = written == local::openapi::openapi();
    assert!(same, "the types have changed: cargo run -p local -- openapi > functions/docs/openapi.json");
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else_is() {
    let system = System::for_test().await.unwrap();
    let routes: BTreeSet<String> =
        system.template().routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();

    let described: BTreeSet<String> = operations(&document()).into_keys().collect();

    let missing: Vec<_> = routes.difference(&described).collect();
    let unknown: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "no description: {missing:?}; no route: {unknown:?}");
}

#[test]
fn every_operation_says_what_it_does_takes_and_answers() {
    let document = document();
    let tags = document["tags"].as_array().unwrap();
    let mut ids = BTreeSet::new();

    for (route, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].to_string()), "{route}: the operationId is not its own");
        assert!(tags.iter().any(|tag| tag["name"] == operation["tags"][0]), "{route}: {}", operation["tags"]);
        for words in ["summary", "description"] {
            assert!(operation[words].as_str().is_some_and(|text| text.len() > 5), "{route}: {words}");
        }
        let in_path = route.matches('{').count();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        assert_eq!(parameters.iter().filter(|parameter| parameter["in"] == "path").count(), in_path, "{route}");
        if route.starts_with("PATCH") {
            assert!(operation.get("requestBody").is_some(), "{route}");
        }
        let contents = |of: &Value| of["content"].as_object().cloned().unwrap_or_default();
        let answers = operation["responses"].as_object().unwrap();
        let succeeds = answers.iter().filter(|(status, _)| status.starts_with('2'));
        assert_ne!(succeeds.clone().count(), 0, "{route}");
        let bodies = contents(&operation["requestBody"]);
        for (media_type, content) in succeeds.flat_map(|(_, answer)| contents(answer)).chain(bodies) {
            assert!(content.get("example").is_some(), "{route}: {media_type} has no example");
        }
    }
}

#[test]
fn no_two_types_share_a_name() {
    assert_eq!(local::openapi::clashes(), BTreeSet::new());
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);

    assert!(found.len() > 50, "{found:?}");
    for reference in found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

#[test]
fn every_problem_is_described_and_answered_somewhere() {
    let document = document();
    let types = document["components"]["schemas"]["Problem"]["properties"]["type"]["oneOf"].as_array().unwrap();
    let responses = document["components"]["responses"].to_string();

    for kind in Kind::ALL {
        assert!(types.iter().any(|known| known["const"] == kind.type_uri()), "{kind:?}");
        // The gateway knows the methods of each path, and answers others itself.
        let answered = *kind == Kind::MethodNotAllowed || responses.contains(&format!("\"{}\"", kind.type_uri()));
        assert!(answered, "no operation answers with {kind:?}");
    }
}

#[test]
fn every_pricing_model_that_is_read_is_described() {
    // Serde lists what it would have read.
    let refused = serde_json::from_str::<Price>(r#"{"model":"?"}"#).unwrap_err().to_string();
    let (_, expected) = refused.split_once("expected one of").unwrap();
    let read: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
    let document = document();
    let schemas = &document["components"]["schemas"];

    let price = &schemas["Price"];
    let mapping = price["discriminator"]["mapping"].as_object().unwrap();

    assert!(read.contains("per_unit"), "{refused}");
    assert_eq!(mapping.keys().map(String::as_str).collect::<BTreeSet<_>>(), read);
    for (model, place) in mapping {
        let schema = document.pointer(&place.as_str().unwrap()[1..]).unwrap();
        assert_eq!(schema["properties"]["model"]["const"], model.as_str());
        assert_eq!(schema["additionalProperties"], false, "{model}");
        assert!(schema["required"].as_array().unwrap().contains(&json!("model")), "{model}");
        assert!(price["oneOf"].as_array().unwrap().iter().any(|variant| variant["$ref"] == *place), "{model}");
    }
}

#[test]
fn routes_of_the_root_key_are_marked() {
    let operations = operations(&document());
    let root: Vec<&str> = operations
        .iter()
        .filter(|(_, operation)| operation["security"].to_string().contains("root"))
        .map(|(route, _)| route.as_str())
        .collect();

    assert!(root.contains(&"POST /v1/sites") && root.contains(&"POST /v1/api-keys"), "{root:?}");
    assert_eq!(operations["GET /v1/customers"]["security"][0]["bearer"][0], "read");
    assert_eq!(operations["GET /openapi.json"]["security"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn the_document_and_its_page_are_served_without_a_key() {
    let system = System::for_test().await.unwrap();
    let sample = serde_json::from_str(include_str!("../../events/docs.json")).unwrap();

    let answer = system.invoke("docs", &sample).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "application/json"));
    assert!(answer.body() == local::openapi::openapi().as_bytes(), "another document is served than the types make");

    let page = get(&system, "/docs", &[]).await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (200, "text/html; charset=utf-8"));
    let text = std::str::from_utf8(page.body()).unwrap().to_owned();
    let named: Vec<&str> =
        text.split('"').filter(|text| text.starts_with("docs/") || *text == "openapi.json").collect();
    assert!(named.len() >= 4, "{text}");
    for file in named {
        assert_eq!(get(&system, &format!("/{file}"), &[]).await.status(), 200, "{file}");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let system = System::for_test().await.unwrap();

    let page = get(&system, "/docs", &[]).await;

    let text = std::str::from_utf8(page.body()).unwrap();
    assert!(!text.contains("//") && !text.contains("<style") && !text.contains("<script>"), "{text}");
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
}

#[tokio::test]
async fn files_are_packed_for_whoever_takes_them_so_and_sent_once() {
    let system = System::for_test().await.unwrap();
    let path = "/docs/swagger-ui-bundle.js";

    let plain = get(&system, path, &[]).await;
    let packed = get(&system, path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((header(&plain, "content-encoding"), header(&packed, "content-encoding")), ("", "gzip"));
    assert_eq!(&packed.body()[..2], [0x1f, 0x8b]);
    assert!(packed.body().len() * 3 < plain.body().len());

    let again = get(&system, path, &[("if-none-match", header(&plain, "etag"))]).await;
    assert_eq!((again.status().as_u16(), again.body().len()), (304, 0));
}

#[tokio::test]
async fn a_file_that_the_page_does_not_have_is_a_problem() {
    let system = System::for_test().await.unwrap();

    for path in ["/docs/nothing.js", "/docs/openapi.json", "/docs/..%2Fopenapi.json", "/docs/index.html"] {
        let answer = get(&system, path, &[]).await;
        let problem: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!((answer.status().as_u16(), &problem["type"]), (404, &"/problems/not-found".into()), "{path}");
    }
    let answer = get(&system, "/docs?theme=dark", &[]).await;
    assert_eq!(answer.status(), 400);
}
