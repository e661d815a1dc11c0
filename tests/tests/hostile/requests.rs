//! Requests that are odd as such: paths, methods, headers, query strings.

use http::Method;
use serde_json::json;

use super::{Case, KEY, USAGES, refuse_all, world};

fn good() -> String {
    json!({"item_price_id": "minutes-usd", "usage_date": "2027-01-10T00:00:00Z", "quantity": "1"}).to_string()
}

fn content_types() -> Vec<Case> {
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json-patch+json",
        "json",
        "",
    ]
    .map(|kind| Case::post(USAGES, good()).header("content-type", Some(kind.as_bytes())).refused(415, None))
    .into_iter()
    .chain([Case::post(USAGES, good()).header("content-type", Some(b"application/\xffjson")).refused(415, None)])
    .collect()
}

fn paths() -> Vec<Case> {
    let long = "x".repeat(5_000);
    let ids = ["a%23b", "a%20b", "%00", "%ff%fe", "%", "%zz", "%u0041", "%C0%AF", long.as_str()];
    let mut cases = Vec::new();
    for id in ids {
        let path = format!("/v1/subscriptions/{id}");
        cases.push(Case::post(&format!("{path}/usages"), good()).refused(400, Some("subscription_id")));
        cases.push(Case::get(&format!("{path}/usage-charges")).refused(400, Some("subscription_id")));
        for path in [path, format!("/v1/customers/{id}"), format!("/v1/invoices/{id}")] {
            cases.push(Case::get(&path).refused(400, Some("id")));
        }
    }
    // Two dots are a name like any other, and an encoded slash makes another path: of nothing that is there.
    for id in ["%2e%2e", "a%2Fb"] {
        for path in [format!("/v1/customers/{id}"), format!("/v1/invoices/{id}"), format!("/v1/subscriptions/{id}")] {
            cases.push(Case::get(&path).refused(404, None));
        }
    }
    for id in ["usg_", "usg_x", "usg_minutes-usd", "usg_minutes-usd.if7hj680", "usg_a#b.1.2", "usg_..", "a%23b"] {
        let case = Case::get(&format!("{USAGES}/{}", id.replace('#', "%23")));
        cases.push(case.refused(400, Some("usage_id")));
    }
    cases
}

fn queries() -> Vec<Case> {
    let mut cases = Vec::new();
    for limit in ["", "0", "-1", "101", "1e1", "ten", "99999999999999999999"] {
        for list in ["/v1/customers", "/v1/invoices", "/v1/subscriptions", USAGES] {
            cases.push(Case::get(&format!("{list}?limit={limit}")).refused(400, Some("limit")));
        }
    }
    for cursor in ["", "%20", "!!!!", "AAAA", "bm9uc2Vuc2UjIyM", "////"] {
        for list in ["/v1/customers", "/v1/invoices", "/v1/subscriptions", USAGES] {
            // Base64 of a sort key that a list might have given leads on from there: harmless.
            if cursor.starts_with("bm9") && list != USAGES {
                continue;
            }
            cases.push(Case::get(&format!("{list}?cursor={cursor}")).refused(400, Some("cursor")));
        }
    }
    for (query, field) in [
        ("color=red", Some("color")),
        ("limit=1&limit=2", Some("limit")),
        ("%ff=1", None),
        ("limit=%zz", None),
        ("constructor=1", Some("constructor")),
    ] {
        cases.push(Case::get(&format!("/v1/customers?{query}")).refused(400, field));
    }
    for (query, field) in [
        ("usage_date_from=soon", "usage_date_from"),
        ("usage_date_to=0000-01-01", "usage_date_to"),
        ("item_price_id=a%23b", "item_price_id"),
        ("source=telepathy", "source"),
    ] {
        cases.push(Case::get(&format!("{USAGES}?{query}")).refused(400, Some(field)));
    }
    for (query, field) in [("period=-1", "period"), ("period=one", "period"), ("feature_id=%00", "feature_id")] {
        let path = format!("/v1/subscriptions/sub/usage-charges?{query}");
        cases.push(Case::get(&path).refused(400, Some(field)));
    }
    cases.push(Case::post(&format!("{USAGES}?dry_run=1"), good()).refused(400, Some("dry_run")));
    cases.push(Case::get("/v1/invoices?status=overdue").refused(400, Some("status")));
    cases
}

fn headers() -> Vec<Case> {
    let customer = json!({"name": "X"}).to_string();
    let long = "k".repeat(101);
    let keys: [&[u8]; 4] = [b"", b" ", "schlüssel".as_bytes(), long.as_bytes()];
    let mut cases: Vec<Case> = keys
        .map(|key| {
            let case = Case::post("/v1/customers", customer.as_str()).header("idempotency-key", Some(key));
            case.refused(400, Some("Idempotency-Key"))
        })
        .into_iter()
        .collect();
    let own = format!("{USAGES}/call-1");
    let delete = || Case::post(&own, "").method(Method::DELETE);
    cases.push(delete().refused(428, Some("If-Match")));
    for version in ["", "*", "\"x\"", "1.5", "1e3", "W/\"1\"", "99999999999999999999"] {
        let case = delete().header("if-match", Some(version.as_bytes()));
        cases.push(case.refused(400, Some("If-Match")));
    }
    cases.push(delete().header("if-match", Some(b"1")).refused(404, Some("usage_id")));
    let huge = vec![b'x'; 9_000];
    cases.push(Case::get("/v1/customers").header("authorization", Some(&huge)).refused(401, None));
    cases
}

#[tokio::test]
async fn an_odd_request_is_refused_by_the_part_that_is_odd() {
    let cases = [content_types(), paths(), queries(), headers()].into_iter().flatten().collect();
    refuse_all(&world().await, cases).await;
}

#[tokio::test]
async fn a_path_or_method_that_is_none_is_not_found() {
    let world = world().await;
    let before = super::table(&world).await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/v1"),
        (Method::GET, "/v1/customers/"),
        (Method::GET, "//v1/customers"),
        (Method::GET, "/v1/../v1/customers"),
        (Method::GET, "/V1/customers"),
        (Method::PUT, "/v1/customers"),
        (Method::PATCH, USAGES),
        (Method::TRACE, "/v1/customers"),
        (Method::DELETE, "/v1/customers/acme"),
    ] {
        let body = (method != Method::GET).then(|| json!({"name": "X"}));
        let status = world.send(method.clone(), path, body, KEY, &[]).await.status;
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
    }
    assert_eq!(super::table(&world).await, before);
}
