//! Callers without a key, with the wrong one, or at the door of another site.

use http::Method;
use serde_json::{Value, json};

use super::{Case, ROOT_KEY, USAGES, World, refuse_all, world};

fn good() -> String {
    json!({"item_price_id": "minutes-usd", "usage_date": "2027-01-10T00:00:00Z", "quantity": "1"}).to_string()
}

/// Makes a key of the site, and returns its id.
async fn key(world: &World, text: &str, fields: Value) -> String {
    let mut body = json!({"site_id": "site", "key": text});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = world.send(Method::POST, "/v1/api-keys", Some(body), ROOT_KEY, &[]).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A request for each scope: recording, reading, and the rest.
fn doors() -> [(&'static str, Case); 3] {
    [
        ("usage:write", Case::post(USAGES, good())),
        ("read", Case::get("/v1/subscriptions/sub/usage-charges")),
        ("admin", Case::post("/v1/customers", "{\"name\":\"X\"}")),
    ]
}

#[tokio::test]
async fn without_a_key_that_is_valid_nothing_is_said() {
    let world = world().await;
    key(&world, "expired-key-0123456789", json!({"scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"})).await;
    let deleted = key(&world, "deleted-key-0123456789", json!({"scopes": ["admin"]})).await;
    let path = format!("/v1/api-keys/{deleted}");
    world.send(Method::DELETE, &path, None, ROOT_KEY, &[]).await.expect(204);
    let long = format!("Bearer {}", "x".repeat(201));
    let credentials: [Option<&[u8]>; 19] = [
        None,
        Some(b""),
        Some(b"Bearer"),
        Some(b"Bearer "),
        Some(b"Bearer  "),
        Some(b"scenario-key-0123456789"),
        Some(b"Token scenario-key-0123456789"),
        Some(b"Bearer scenario-key-012345678"),
        Some(b"Bearer scenario-key-01234567890"),
        Some(b"Bearer SCENARIO-KEY-0123456789"),
        Some(b"Bearer ' OR 1=1 --"),
        Some(b"Bearer \xff\xfe"),
        Some(b"Bearer expired-key-0123456789"),
        Some(b"Bearer deleted-key-0123456789"),
        Some(b"Bearer local-root-key"),
        Some(b"Basic !!!"),
        Some(b"Basic c2NlbmFyaW8ta2V5LTAxMjM0NTY3ODk="),
        Some(b"Basic Og=="),
        Some(long.as_bytes()),
    ];

    let cases = credentials
        .iter()
        .flat_map(|value| doors().into_iter().map(|(_, door)| door.header("authorization", *value).refused(401, None)));
    refuse_all(&world, cases.collect()).await;
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let world = world().await;
    for (text, scope) in [("write-key-0123456789", "usage:write"), ("read-key-0123456789", "read")] {
        key(&world, text, json!({ "scopes": [scope] })).await;
    }
    let mut cases = Vec::new();
    for (text, scope) in [("write-key-0123456789", "usage:write"), ("read-key-0123456789", "read")] {
        let closed = doors().into_iter().filter(|(needed, _)| *needed != scope);
        cases.extend(closed.map(|(_, door)| door.key(text).refused(403, None)));
    }
    // A site's key, whatever its scopes, is none at the doors of the root key.
    for (method, path) in [
        (Method::POST, "/v1/sites"),
        (Method::POST, "/v1/api-keys"),
        (Method::GET, "/v1/api-keys?site_id=site"),
        (Method::DELETE, "/v1/api-keys/0000"),
    ] {
        cases.push(Case::post(path, "{}").method(method).refused(401, None));
    }
    refuse_all(&world, cases).await;
}

#[tokio::test]
async fn of_a_foreign_site_a_caller_learns_nothing() {
    let world = world().await;
    let other = "another-key-0123456789";
    world.send(Method::POST, "/v1/sites", Some(json!({"id": "other"})), ROOT_KEY, &[]).await.expect(201);
    let body = json!({"site_id": "other", "scopes": ["admin"], "key": other});
    world.send(Method::POST, "/v1/api-keys", Some(body), ROOT_KEY, &[]).await.expect(201);
    let gets = [
        ("/v1/customers/acme", None),
        ("/v1/items/item-minutes-usd", None),
        ("/v1/item-prices/minutes-usd", None),
        ("/v1/subscriptions/sub", None),
        ("/v1/subscriptions/sub/usages", Some("subscription_id")),
        ("/v1/subscriptions/sub/usage-charges", Some("subscription_id")),
        ("/v1/invoices/inv_sub_0", None),
        ("/v1/sites/site", None),
    ];
    let mut cases: Vec<Case> = gets.map(|(path, field)| Case::get(path).key(other).refused(404, field)).into();
    let of_sub = json!({
        "subscription_id": "sub", "item_price_id": "minutes-usd", "usage_date": "2027-01-10T00:00:00Z", "quantity": "1"
    });
    for (path, body, field) in [
        (USAGES, good(), Some("subscription_id")),
        ("/v1/usages", of_sub.to_string(), Some("subscription_id")),
        ("/v1/subscriptions/sub/cancel", "{}".into(), None),
        ("/v1/invoices/inv_sub_0/close", "{}".into(), None),
    ] {
        cases.push(Case::post(path, body).key(other).refused(404, field));
    }
    let site = "{\"grace_seconds\":0}";
    cases.push(Case::post("/v1/sites/site", site).method(Method::PATCH).key(other).refused(404, None));
    let customer = json!({"customer_id": "acme", "items": [{"item_price_id": "minutes-usd"}]}).to_string();
    cases.push(Case::post("/v1/subscriptions", customer).key(other).refused(422, Some("customer_id")));
    refuse_all(&world, cases).await;
}
