//! API keys: made with the root key, listed, deleted, expired.

use http::Method;
use local::functions::ROOT_KEY;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

async fn root(world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
    world.send(method, path, body, ROOT_KEY, &[]).await
}

async fn make(world: &World, key: Value) -> Value {
    root(world, Method::POST, "/v1/api-keys", Some(key)).await.expect(201)
}

async fn listed(world: &World) -> Vec<Value> {
    let answer = root(world, Method::GET, "/v1/api-keys?site_id=site&limit=100", None).await;
    answer.expect(200)["list"].as_array().unwrap().clone()
}

async fn status_with(world: &World, key: &str) -> u16 {
    world.send(Method::GET, "/v1/customers", None, key, &[]).await.status
}

#[tokio::test]
async fn a_key_is_shown_once_and_listed_without_its_text() {
    let world = World::at("2027-01-01T00:00:00Z").await;

    let made = make(&world, json!({"site_id": "site", "scopes": ["read", "usage:write"]})).await;
    let listed = listed(&world).await;

    let text = made["key"].as_str().unwrap();
    assert_eq!(status_with(&world, text).await, 200);
    let entry = listed.iter().find(|key| key["id"] == made["id"]).unwrap();
    assert_eq!(entry["scopes"], json!(["usage:write", "read"]));
    assert!(!json!(listed).to_string().contains(text));
}

#[tokio::test]
async fn a_deleted_key_opens_nothing_and_is_never_given_again() {
    let world = World::at("2027-01-01T00:00:00Z").await;
    let key = json!({"site_id": "site", "scopes": ["read"], "key": "a-key-of-my-own"});
    let made = make(&world, key.clone()).await;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(status_with(&world, "a-key-of-my-own").await, 200);

    root(&world, Method::DELETE, &path, None).await.expect(204);
    let again = root(&world, Method::DELETE, &path, None).await.status;

    assert_eq!((again, status_with(&world, "a-key-of-my-own").await), (204, 401));
    assert!(listed(&world).await.iter().all(|key| key["id"] != made["id"]));
    let revived = root(&world, Method::POST, "/v1/api-keys", Some(key)).await.expect(409);
    assert_eq!(revived["field"], "key");
}

#[tokio::test]
async fn keys_are_managed_with_the_root_key_alone() {
    let world = World::at("2027-01-01T00:00:00Z").await;
    let made = make(&world, json!({"site_id": "site", "scopes": ["read"]})).await;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());

    for (method, path) in [(Method::GET, "/v1/api-keys?site_id=site"), (Method::DELETE, path.as_str())] {
        assert_eq!(world.send(method, path, None, KEY, &[]).await.status, 401);
    }
    let unknown = format!("/v1/api-keys/{}", "0".repeat(64));
    for path in [unknown.as_str(), "/v1/api-keys/nonsense"] {
        root(&world, Method::DELETE, path, None).await.expect(404);
    }
    let whose = root(&world, Method::GET, "/v1/api-keys", None).await.expect(400);
    assert_eq!(whose["field"], "site_id");
}

#[tokio::test]
async fn an_expired_key_opens_nothing() {
    let world = World::live("2027-01-01T00:00:00Z").await;
    let made = make(&world, json!({"site_id": "site", "scopes": ["read"], "expires_at": "2027-01-02T00:00:00Z"})).await;
    let text = made["key"].as_str().unwrap();

    world.set_now("2027-01-01T23:59:59.999Z");
    let before = status_with(&world, text).await;
    world.set_now("2027-01-02T00:00:00Z");

    assert_eq!((before, status_with(&world, text).await), (200, 401));
}
