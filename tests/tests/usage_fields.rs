//! What a usage may say beside its quantity: whom it counts, and what it costs.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World, members};

const START: &str = "2027-01-01T00:00:00Z";
const USAGES: &str = "/v1/subscriptions/sub/usages";

/// A subscription `sub` from the first of January: users at 2.00 each, and calls that say what they cost, plus a fifth.
async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    let user = json!({"model": "per_unit", "unit_amount": "2.00"});
    world.item_price("users", json!({"metered": true, "aggregation": "unique_count", "price": user})).await;
    let dynamic = json!({"model": "dynamic", "multiplier": "1.2"});
    world.item_price("calls", json!({"metered": true, "price": dynamic})).await;
    world.subscribe(START, &["users", "calls", "minutes-usd"]).await;
    world.set_clock("2027-01-20T00:00:00Z").await;
    world
}

/// Posts a usage of quantity 1.
async fn post(world: &World, price: &str, date: &str, fields: Value) -> Answer {
    let mut usage = json!({"item_price_id": price, "usage_date": date, "quantity": "1"});
    usage.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    world.post(USAGES, usage).await
}

async fn user(world: &World, date: &str, user: &str) -> Answer {
    post(world, "users", date, json!({ "unique_value": user })).await
}

async fn call(world: &World, date: &str, amount: &str) -> Answer {
    post(world, "calls", date, json!({ "amount": amount })).await
}

/// Total usage and amount of the charge of a price in the period.
async fn charge(world: &World, price: &str, period: u32) -> [Value; 2] {
    let path = format!("/v1/subscriptions/sub/usage-charges?item_price_id={price}&period={period}");
    let charge = &world.get(&path).await.expect(200)["list"][0];
    [charge["total_usage"].clone(), charge["amount"].clone()]
}

fn line<'a>(invoice: &'a Value, price: &str) -> &'a Value {
    let lines = invoice["lines"].as_array().unwrap();
    lines.iter().find(|line| line["item_price_id"] == price).unwrap()
}

#[tokio::test]
async fn each_user_is_counted_once_in_each_period_i2() {
    let world = world().await;
    for (date, name) in [("02", "alice"), ("03", "bob"), ("04", "alice"), ("05", "Alice"), ("06", "alice ")] {
        user(&world, &format!("2027-01-{date}T00:00:00Z"), name).await.expect(201);
    }
    user(&world, "2027-01-04T00:00:00Z", "alice").await.expect(200);
    let other = user(&world, "2027-01-04T00:00:00Z", "bob").await.expect(409);
    let live = charge(&world, "users", 0).await;

    world.live_until("2027-02-10T00:00:00Z").await;
    user(&world, "2027-02-02T00:00:00Z", "alice").await.expect(201);
    user(&world, "2027-02-03T00:00:00Z", "alice").await.expect(201);
    world.live_until("2027-03-01T01:00:00Z").await;

    assert_eq!(
        (&other["type"], &other["existing"]["unique_value"]),
        (&json!("/problems/conflicting-usage"), &json!("alice"))
    );
    // alice, bob, Alice and "alice ": values are compared to the letter. In February, alice alone.
    assert_eq!(live, [json!("4"), json!("8.00")]);
    let (january, february) = (world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await);
    let told = |invoice: &Value| {
        let line = line(invoice, "users");
        [line["total_usage"].clone(), line["usage_count"].clone(), line["amount"].clone()]
    };
    assert_eq!(told(&january), [json!("4"), json!(5), json!("8.00")]);
    assert_eq!(told(&february), [json!("1"), json!(2), json!("2.00")]);
}

#[tokio::test]
async fn what_calls_say_that_they_cost_comes_to_the_invoice_to_the_cent() {
    let world = world().await;
    for (date, amount) in [("02", "0.70"), ("03", "0.555"), ("04", "2.195000000001")] {
        call(&world, &format!("2027-01-{date}T00:00:00Z"), amount).await.expect(201);
    }

    call(&world, "2027-01-02T00:00:00Z", "0.7").await.expect(200);
    let other = call(&world, "2027-01-02T00:00:00Z", "0.71").await.expect(409);
    post(&world, "calls", "2027-01-02T00:00:00Z", json!({"amount": "0.70", "unique_value": "x"})).await.expect(409);
    let live = charge(&world, "calls", 0).await;
    world.live_until("2027-02-01T01:00:00Z").await;
    let invoice = world.invoice("inv_sub_1").await;

    assert_eq!(other["existing"]["amount"], "0.70");
    // (0.70 + 0.555 + 2.195000000001) x 1.2 = 4.1400000000012.
    let line = line(&invoice, "calls");
    assert_eq!((&live, &line["unrounded_amount"]), (&[json!("3"), json!("4.14")], &json!("4.1400000000012")));
    assert_eq!((&line["amount"], &invoice["total"]), (&json!("4.14"), &json!("4.14")));
    let step = json!({"step": "record_amounts", "records": 3, "multiplier": "1.2", "amount": "4.1400000000012"});
    assert_eq!(line["steps"][1], step);
}

#[tokio::test]
async fn a_usage_is_refused_where_it_lacks_what_its_price_asks_for_and_alone_in_a_batch() {
    let world = world().await;
    let usage = |price: &str, quantity: &str, fields: Value| {
        let mut usage = json!({"item_price_id": price, "usage_date": "2027-01-05T00:00:00Z", "quantity": quantity});
        usage.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        usage
    };
    let batch = json!({"usages": [
        usage("users", "1", json!({})),
        usage("users", "1", json!({"unique_value": null, "amount": "1"})),
        usage("users", "-1", json!({"unique_value": "alice"})),
        usage("users", "1", json!({"unique_value": "alice"})),
        usage("calls", "1", json!({})),
        usage("calls", "-1", json!({"amount": "1"})),
        usage("calls", "0", json!({"amount": 0})),
        usage("minutes-usd", "-1", json!({})),
        usage("minutes-usd", "1", json!({"unique_value": "u", "amount": "3"})),
    ]});

    let outcomes = world.post(USAGES, batch).await.expect(207)["outcomes"].as_array().unwrap().clone();
    let alone = post(&world, "calls", START, json!({"unique_value": "u"})).await.expect(422);

    let told: Vec<(u64, &str)> = outcomes
        .iter()
        .map(|line| (line["status"].as_u64().unwrap(), line["problem"]["field"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        (422, "usages[0].unique_value"),
        (422, "usages[1].unique_value"),
        (422, "usages[2].quantity"),
        (201, ""),
        (422, "usages[4].amount"),
        (422, "usages[5].quantity"),
        (201, ""),
        (422, "usages[7].quantity"),
        (201, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!((&alone["type"], &alone["field"]), (&json!("/problems/unsuitable-usage"), &json!("amount")));
    // A price that asks for neither keeps both, and charges neither.
    assert_eq!((&outcomes[8]["usage"]["amount"], &outcomes[8]["usage"]["unique_value"]), (&json!("3"), &json!("u")));
    assert_eq!(charge(&world, "minutes-usd", 0).await, [json!("1"), json!("0.05")]);
}

#[tokio::test]
async fn what_a_price_asks_of_each_usage_stays_for_its_life() {
    let world = world().await;
    let per_unit = json!({"model": "per_unit", "unit_amount": "1"});
    for (price, change, field) in [
        ("users", json!({"aggregation": "sum"}), "aggregation"),
        ("users", json!({"aggregation": "weighted_sum"}), "aggregation"),
        ("users", json!({"price": {"model": "dynamic"}}), "price"),
        ("minutes-usd", json!({"aggregation": "unique_count"}), "aggregation"),
        ("minutes-usd", json!({"aggregation": "weighted_sum"}), "aggregation"),
        ("minutes-usd", json!({"price": {"model": "dynamic"}}), "price"),
        ("calls", json!({ "price": per_unit }), "price"),
        ("calls", json!({"price": per_unit, "aggregation": "unique_count"}), "price"),
    ] {
        let path = format!("/v1/item-prices/{price}");
        let refused = world.patch(&path, change.clone()).await.expect(422);
        assert_eq!(refused["field"], field, "{price} {change}");
        assert_eq!(world.get(&path).await.expect(200)["version"], 1, "{price} {change}");
    }

    world.patch("/v1/item-prices/users", json!({ "price": per_unit })).await.expect(200);
    world.patch("/v1/item-prices/calls", json!({"price": {"model": "dynamic"}})).await.expect(200);
    world.patch("/v1/item-prices/minutes-usd", json!({"aggregation": "max"})).await.expect(200);
}

#[tokio::test]
async fn a_value_full_of_separators_is_stored_listed_and_deleted_as_it_was_sent() {
    let world = world().await;
    let longest = "\u{1f600}".repeat(200);
    let values =
        [";", "%", "|", "%3B", "%25", "a;nb", "\"'\\", " ", " a ", "\u{1f600};%|", "=u|", "\u{202e}x", &longest];
    for (day, value) in values.iter().enumerate() {
        let date = format!("2027-01-{:02}T00:00:00Z", day + 2);
        let fields = json!({"unique_value": value, "amount": "0.10", "note": "u;a1"});
        post(&world, "users", &date, fields.clone()).await.expect(201);
        post(&world, "users", &date, fields).await.expect(200);
    }

    let listed = world.get(&format!("{USAGES}?item_price_id=users&limit=100")).await.expect(200);
    let first = &listed["list"][0];
    let told: Vec<&str> =
        listed["list"].as_array().unwrap().iter().map(|usage| usage["unique_value"].as_str().unwrap()).collect();
    assert_eq!((told, &first["amount"], &first["note"]), (values.to_vec(), &json!("0.10"), &json!("u;a1")));
    let one = world.get(&format!("{USAGES}/{}", first["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(one["unique_value"], ";");
    assert_eq!(charge(&world, "users", 0).await[0], "13");
}

#[tokio::test]
async fn a_deleted_usage_is_corrected_with_another_value_and_a_late_retry_revives_neither() {
    let world = world().await;
    let date = "2027-01-05T00:00:00Z";
    let first = user(&world, date, "alice").await.expect(201);
    let delete = async |usage: &Value| world.delete(&format!("{USAGES}/{}", usage["id"].as_str().unwrap()), &[]).await;

    delete(&first).await.expect(204);
    let second = user(&world, date, "bob").await.expect(201);
    let retry = user(&world, date, "alice").await.expect(409);
    delete(&second).await.expect(204);
    let both: Vec<Value> = vec![
        user(&world, date, "alice").await.expect(409)["type"].clone(),
        user(&world, date, "bob").await.expect(409)["type"].clone(),
    ];
    user(&world, date, "carol").await.expect(201);

    assert_eq!(retry["type"], "/problems/conflicting-usage");
    assert_eq!(both, [json!("/problems/deleted-usage"), json!("/problems/deleted-usage")]);
    assert!(first["resource_version"].as_i64() < second["resource_version"].as_i64());
    assert_eq!(charge(&world, "users", 0).await, [json!("1"), json!("2.00")]);
}

#[tokio::test]
async fn late_usage_keeps_both_fields_and_changes_no_frozen_line() {
    let world = world().await;
    call(&world, "2027-01-05T00:00:00Z", "1.00").await.expect(201);
    world.live_until("2027-02-01T01:00:00Z").await;
    let before = world.invoice("inv_sub_1").await;

    let late = post(&world, "calls", "2027-01-06T00:00:00Z", json!({"amount": "2.50", "unique_value": "a;b"})).await;
    let late = late.expect(201);
    call(&world, "2027-01-07T00:00:00Z", "2.50").await.expect(201);
    let conflict = call(&world, "2027-01-07T00:00:00Z", "2.51").await.expect(409);
    let missing = post(&world, "calls", "2027-01-08T00:00:00Z", json!({})).await.expect(422);

    assert_eq!((&late["not_billable_reason"], &late["unique_value"]), (&json!("late"), &json!("a;b")));
    assert_eq!((&conflict["existing"]["amount"], &missing["field"]), (&json!("2.50"), &json!("amount")));
    let list = world.get(&format!("{USAGES}?item_price_id=calls")).await.expect(200)["list"].clone();
    let told = members(list.as_array().unwrap(), &["amount", "billable"]);
    assert_eq!(json!(told), json!([["1.00", true], ["2.50", false], ["2.50", false]]));
    assert_eq!(world.invoice("inv_sub_1").await, before);
    assert_eq!(before["total"], "1.20");
}

#[tokio::test]
async fn a_table_says_both_fields_in_columns_and_its_answer_can_be_sent_again() {
    let world = world().await;
    let table = "item_price_id,usage_date,quantity,unique_value,amount\n\
        users,2027-01-02T00:00:00Z,1,\"a, \"\"b\"\"; 100%|\",\n\
        users,2027-01-03T00:00:00Z,1, a,\n\
        users,2027-01-04T00:00:00Z,1,,1.00\n\
        calls,2027-01-02T00:00:00Z,1,,0.70\n\
        calls,2027-01-03T00:00:00Z,1,,-0.70\n\
        calls,2027-01-04T00:00:00Z,1,u,\n\
        calls,2027-01-05T00:00:00Z,-1,,1\n";
    let headers = [("content-type", "text/csv")];
    let send =
        async |table: String| world.send_text(Method::POST, USAGES, Some(table), KEY, &headers).await.expect(207);

    let first = send(table.to_owned()).await;
    let again = send(table.replace("0.70\n", "0.700\n")).await;
    let in_json = post(&world, "users", "2027-01-02T00:00:00Z", json!({"unique_value": "a, \"b\"; 100%|"})).await;

    let told = |answer: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = answer["outcomes"].as_array().unwrap();
        rows.iter().map(|row| (text(&row["outcome"]), text(&row["problem"]["field"]))).collect()
    };
    let expected = |recorded: &str| {
        [
            (recorded, ""),
            (recorded, ""),
            ("refused", "unique_value"),
            (recorded, ""),
            ("refused", "amount"),
            ("refused", "amount"),
            ("refused", "quantity"),
        ]
        .map(|(outcome, field)| (outcome.to_owned(), field.to_owned()))
    };
    assert_eq!(told(&first), expected("recorded"));
    assert_eq!(told(&again), expected("replayed"));
    in_json.expect(200);
    assert_eq!(charge(&world, "users", 0).await, [json!("2"), json!("4.00")]);
    assert_eq!(charge(&world, "calls", 0).await[1], "0.84");
}
