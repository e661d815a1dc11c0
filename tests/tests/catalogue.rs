//! The catalogue: what is created twice, refused, and listed.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

const START: &str = "2027-01-31T00:00:00Z";

async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world
}

async fn post_once(world: &World, path: &str, body: Value, key: &str) -> Answer {
    world.send(Method::POST, path, Some(body), KEY, &[("idempotency-key", key)]).await
}

/// One of everything that a caller may name, and the same name with another content.
fn named() -> [(&'static str, Value, Value); 5] {
    let month = json!({"every": 1, "unit": "month"});
    let price = |amount: &str| {
        json!({
            "id": "twice-usd", "item_id": "item-line-usd", "currency_code": "USD", "period": month,
            "price": {"model": "flat_fee", "amount": amount},
        })
    };
    let subscription = |quantity: &str| {
        json!({
            "id": "twice", "customer_id": "acme", "start_date": START,
            "items": [{"id": "twice.line", "item_price_id": "line-usd", "quantity": quantity}],
        })
    };
    [
        ("customers", json!({"id": "twice", "name": "One"}), json!({"id": "twice", "name": "Two"})),
        ("features", json!({"id": "twice", "name": "One"}), json!({"id": "twice", "name": "Two"})),
        (
            "items",
            json!({"id": "twice", "name": "One", "type": "plan"}),
            json!({"id": "twice", "name": "One", "type": "addon"}),
        ),
        ("item-prices", price("1.00"), price("1.01")),
        ("subscriptions", subscription("1"), subscription("2")),
    ]
}

#[tokio::test]
async fn the_same_under_the_same_id_is_answered_again_and_other_content_is_a_conflict() {
    let world = world().await;

    for (path, body, other) in named() {
        let path = format!("/v1/{path}");
        let first = world.post(&path, body.clone()).await.expect(201);
        let again = world.post(&path, body).await.expect(200);
        let conflict = world.post(&path, other).await;

        assert_eq!(conflict.headers["content-type"], "application/problem+json", "{path}");
        let conflict = conflict.expect(409);
        assert_eq!(again, first, "{path}");
        assert_eq!(conflict["type"], json!("/problems/conflict"), "{path}");
        assert_eq!(conflict["existing"], first, "{path}");
    }
}

#[tokio::test]
async fn the_same_is_judged_against_what_was_first_created_also_after_a_change() {
    let world = world().await;
    let acme = json!({"id": "acme", "name": "Acme", "number": "1234", "payment_terms": "NET 7"});
    world.patch("/v1/customers/acme", json!({"name": "Acme Corporation"})).await.expect(200);

    let again = world.post("/v1/customers", acme).await.expect(200);
    let changed = json!({"id": "acme", "name": "Acme Corporation", "number": "1234", "payment_terms": "NET 7"});
    let as_it_stands = world.post("/v1/customers", changed).await;

    // What is answered is what stands now.
    assert_eq!((&again["id"], &again["name"]), (&json!("acme"), &json!("Acme Corporation")));
    as_it_stands.expect(409);
}

#[tokio::test]
async fn numbers_and_defaults_are_the_same_however_they_are_written() {
    let world = world().await;
    let price = |amount: Value| {
        json!({
            "id": "seat-usd", "item_id": "item-line-usd", "currency_code": "USD",
            "period": {"every": 1, "unit": "month"}, "price": {"model": "per_unit", "unit_amount": amount},
        })
    };
    world.post("/v1/item-prices", price(json!("0.50"))).await.expect(201);

    let shorter = world.post("/v1/item-prices", price(json!("0.5"))).await;
    let mut spelled_out = price(json!("0.50"));
    spelled_out["billed"] = json!("in_advance");
    spelled_out["metered"] = json!(false);

    shorter.expect(200);
    world.post("/v1/item-prices", spelled_out).await.expect(200);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_again_where_the_system_makes_the_id() {
    let world = world().await;
    let bodies = named().map(|(path, mut body, mut other)| {
        for body in [&mut body, &mut other] {
            body.as_object_mut().unwrap().remove("id");
            // The item's own id is the caller's and unique in the site.
            if let Some(item) = body.get_mut("items").and_then(|items| items[0].as_object_mut()) {
                item.remove("id");
            }
        }
        (format!("/v1/{path}"), body, other)
    });

    for (path, body, other) in bodies {
        let first = post_once(&world, &path, body.clone(), "key-1").await.expect(201);
        let again = post_once(&world, &path, body.clone(), "key-1").await.expect(200);
        let elsewhere = post_once(&world, &path, body, "key-2").await.expect(201);
        let conflict = post_once(&world, &path, other, "key-1").await.expect(409);

        assert_eq!(again, first, "{path}");
        assert_ne!(elsewhere["id"], first["id"], "{path}");
        assert_eq!(conflict["existing"]["id"], first["id"], "{path}");
    }
}

#[tokio::test]
async fn a_repeated_subscription_is_activated_once() {
    let world = world().await;
    world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;

    let body = json!({"customer_id": "acme", "items": [{"item_price_id": "seat-usd"}], "start_date": START});
    post_once(&world, "/v1/subscriptions", body.clone(), "key-1").await.expect(201);
    post_once(&world, "/v1/subscriptions", body, "key-1").await.expect(200);

    assert_eq!(world.invoices().await.len(), 1);
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let world = world().await;

    for (path, mut body, _) in named() {
        body["colour"] = json!("red");
        let refused = world.post(&format!("/v1/{path}"), body).await.expect(400);
        assert_eq!(refused["type"], json!("/problems/unreadable"), "{path}");
        let said = format!("{} {}", refused["field"], refused["detail"]);
        assert!(said.contains("colour"), "{path}: {said}");
    }
    let refused = world.patch("/v1/customers/acme", json!({"colour": "red"})).await.expect(400);
    assert!(refused.to_string().contains("colour"), "{refused}");
}

#[tokio::test]
async fn a_subscription_has_one_currency_and_one_period_length() {
    let world = world().await;
    let flat = json!({"model": "flat_fee", "amount": "1"});
    world.item_price("line-eur", json!({"currency_code": "EUR", "price": flat})).await;
    world.item_price("line-yearly", json!({"period": {"every": 1, "unit": "year"}, "price": flat})).await;

    for other in ["line-eur", "line-yearly"] {
        let items = json!([{"item_price_id": "line-usd"}, {"item_price_id": other}]);
        let refused = world.post("/v1/subscriptions", json!({"customer_id": "acme", "items": items})).await;
        assert_eq!(refused.expect(422)["field"], json!("items[1].item_price_id"), "{other}");
    }
    let items = json!([{"item_price_id": "line-eur"}]);
    world.post("/v1/subscriptions", json!({"customer_id": "acme", "items": items})).await.expect(201);
}

#[tokio::test]
async fn lists_give_everything_once_whatever_the_limit() {
    let world = world().await;
    for n in 0..7 {
        let id = format!("c{n}");
        world.post("/v1/customers", json!({"id": id, "name": id})).await.expect(201);
        world.post("/v1/features", json!({"id": id, "name": id})).await.expect(201);
        world.item_price(&id, json!({"price": {"model": "flat_fee", "amount": "1.00"}})).await;
        let items = json!([{"item_price_id": id}]);
        let body = json!({"id": id, "customer_id": id, "items": items, "start_date": START});
        world.post("/v1/subscriptions", body).await.expect(201);
    }

    for (path, count) in
        [("customers", 8), ("features", 7), ("items", 9), ("item-prices", 9), ("subscriptions", 7), ("invoices", 7)]
    {
        for limit in [1, 3, 7, 100] {
            let (ids, pages) = walk(&world, path, limit).await;
            assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (count, count), "{path} {limit}");
            assert_eq!(pages, count.div_ceil(limit), "{path} {limit}");
        }
    }
}

/// The ids that a list gives, and over how many pages.
async fn walk(world: &World, path: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = world.get(&format!("/v1/{path}?limit={limit}{cursor}")).await.expect(200);
        let list = page["list"].as_array().unwrap();
        assert!(list.len() <= limit);
        ids.extend(list.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page.get("next_cursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return (ids, pages),
        }
    }
}

#[tokio::test]
async fn a_limit_or_a_cursor_that_is_none_is_refused_by_name() {
    let world = world().await;

    for (query, field) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=nowhere!", "cursor"), ("page=2", "page")]
    {
        let refused = world.get(&format!("/v1/customers?{query}")).await.expect(400);
        assert_eq!(refused["field"], json!(field), "{query}");
    }
}
