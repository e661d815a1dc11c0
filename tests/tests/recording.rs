//! Recording usage: what is a repetition, a conflict, a correction, and what is refused.

use bytes::Bytes;
use http::{Method, Request};
use local::demo::DEMO_KEY;
use local::functions::ROOT_KEY;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

const USAGES: &str = "/v1/subscriptions/sub/usages";
const DATE: &str = "2027-02-10T12:00:00Z";

/// A subscription `sub` to `minutes-usd` in its first period, which began on 1 February.
async fn world() -> World {
    let world = World::at("2027-02-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-02-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2027-02-20T00:00:00Z").await;
    world
}

/// A usage of 1 at [`DATE`], but for what `fields` say; a field that is `null` is left out.
fn usage(fields: Value) -> Value {
    let mut usage = json!({"item_price_id": "minutes-usd", "usage_date": DATE, "quantity": "1"});
    let object = usage.as_object_mut().unwrap();
    object.extend(fields.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    usage
}

async fn post(world: &World, fields: Value) -> Answer {
    world.post(USAGES, usage(fields)).await
}

async fn batch(world: &World, usages: &[Value]) -> Vec<Value> {
    let answer = world.post(USAGES, json!({"usages": usages})).await.expect(207);
    answer["outcomes"].as_array().unwrap().clone()
}

fn statuses(outcomes: &[Value]) -> Vec<u64> {
    outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect()
}

fn path_of(usage: &Value) -> String {
    format!("{USAGES}/{}", usage["id"].as_str().unwrap())
}

async fn delete(world: &World, usage: &Value) -> Answer {
    world.delete(&path_of(usage), &[]).await
}

/// How much `minutes-usd` was used in the running period, and in how many records.
async fn used(world: &World) -> (Value, Value) {
    let path = "/v1/subscriptions/sub/usage-charges?item_price_id=minutes-usd";
    let charge = world.get(path).await.expect(200)["list"][0].clone();
    (charge["total_usage"].clone(), charge["usage_count"].clone())
}

fn thousandths(sum: u64) -> String {
    let text = format!("{}.{:03}", sum / 1_000, sum % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[tokio::test]
async fn a_usage_is_recorded_once_and_its_repetitions_are_replayed() {
    let world = world().await;

    let first = world.usage(DATE, "12.50").await.expect(201);
    let same = world.usage(DATE, "12.50").await.expect(200);
    let shorter = world.usage(DATE, "12.5").await.expect(200);
    let text = format!(r#"{{"item_price_id": "minutes-usd", "usage_date": "{DATE}", "quantity": 12.500}}"#);
    let number = world.send_text(Method::POST, USAGES, Some(text), KEY, &[]).await.expect(200);

    let id = &first["id"];
    assert!(id.as_str().unwrap().starts_with("usg_minutes-usd."), "{id}");
    assert_eq!(
        first,
        json!({
            "id": id,
            "subscription_id": "sub",
            "item_price_id": "minutes-usd",
            "usage_date": DATE,
            "quantity": "12.50",
            "source": "api",
            "billable": true,
            "updated_at": "2027-02-20T00:00:00Z",
            "resource_version": 1_803_081_600_000_i64,
        })
    );
    assert_eq!([&same, &shorter, &number], [&first; 3]);
    assert_eq!(world.get(&path_of(&first)).await.expect(200), first);
    assert_eq!(used(&world).await, (json!("12.5"), json!(1)));
}

#[tokio::test]
async fn another_content_is_refused_with_the_record_that_stands_f11() {
    let world = world().await;
    let first = world.usage(DATE, "12.50").await.expect(201);

    for other in [json!({"quantity": "12.51"}), json!({"quantity": "12.50", "note": "again"})] {
        let refused = post(&world, other).await.expect(409);

        assert_eq!(refused["type"], "/problems/conflicting-usage");
        assert_eq!(refused["existing"], first);
    }
    assert_eq!(used(&world).await, (json!("12.5"), json!(1)));
}

#[tokio::test]
async fn records_of_one_instant_with_different_ids_are_different_records() {
    let world = world().await;

    for (fields, status) in [
        (json!({"id": "a", "quantity": "1"}), 201),
        (json!({"id": "b", "quantity": "1"}), 201),
        (json!({"quantity": "1"}), 201),
        (json!({"id": "b", "quantity": "1"}), 200),
        (json!({"id": "b", "quantity": "2"}), 409),
    ] {
        post(&world, fields).await.expect(status);
    }

    assert_eq!(used(&world).await, (json!("3"), json!(3)));
}

#[tokio::test]
async fn a_deleted_usage_stays_dead_and_can_be_corrected_f19_f19b() {
    let world = world().await;
    let wrong = world.usage(DATE, "7").await.expect(201);

    let deleted = delete(&world, &wrong).await.expect(204);
    let (gone, nothing) = (world.get(&path_of(&wrong)).await, used(&world).await);
    let again = delete(&world, &wrong).await.expect(204);
    let retry = world.usage(DATE, "7.0").await.expect(409);
    let correction = world.usage(DATE, "8").await.expect(201);

    assert_eq!((deleted, again), (Value::Null, Value::Null));
    assert_eq!((gone.status, nothing), (404, (json!("0"), json!(0))));
    assert_eq!(retry["type"], "/problems/deleted-usage");
    assert_ne!(correction["id"], wrong["id"]);
    assert_eq!(world.get(&path_of(&correction)).await.expect(200), correction);
    assert_eq!(world.usage(DATE, "8").await.expect(200), correction);
    assert_eq!(used(&world).await, (json!("8"), json!(1)));
}

#[tokio::test]
async fn a_deletes_retry_after_a_correction_does_not_kill_the_correction_f19d() {
    let world = world().await;
    let wrong = world.usage(DATE, "7").await.expect(201);
    delete(&world, &wrong).await.expect(204);
    let correction = world.usage(DATE, "8").await.expect(201);

    delete(&world, &wrong).await.expect(204);

    assert_eq!(world.get(&path_of(&correction)).await.expect(200), correction);
    assert_eq!(used(&world).await, (json!("8"), json!(1)));
}

#[tokio::test]
async fn no_retry_revives_what_was_deleted_however_often_it_was_corrected_f19c() {
    let world = world().await;
    let wrong = world.usage(DATE, "7").await.expect(201);
    delete(&world, &wrong).await.expect(204);
    let correction = world.usage(DATE, "8").await.expect(201);

    delete(&world, &correction).await.expect(204);

    for quantity in ["7", "8"] {
        let retry = world.usage(DATE, quantity).await.expect(409);
        assert_eq!(retry["type"], "/problems/deleted-usage", "{quantity}");
    }
    assert_eq!(used(&world).await, (json!("0"), json!(0)));
}

#[tokio::test]
async fn a_callers_own_id_is_deleted_by_the_version_that_is_meant() {
    let world = world().await;
    let call = post(&world, json!({"id": "call-1"})).await.expect(201);
    let version = call["resource_version"].as_i64().unwrap();
    let path = path_of(&call);

    let blind = world.delete(&path, &[]).await.expect(428);
    let wrong = world.delete(&path, &[("if-match", &format!("\"{}\"", version + 1))]).await.expect(412);
    let stands = world.get(&path).await.expect(200);
    world.delete(&path, &[("if-match", &format!("\"{version}\""))]).await.expect(204);

    assert_eq!((&blind["type"], &blind["field"]), (&json!("/problems/precondition-required"), &json!("If-Match")));
    assert_eq!((&wrong["type"], &wrong["existing"]), (&json!("/problems/precondition-failed"), &call));
    assert_eq!((&call["id"], stands), (&json!("call-1"), call.clone()));
    assert_eq!(world.get(&path).await.status, 404);
    let place = format!("{path}?item_price_id=minutes-usd&usage_date={DATE}");
    world.delete(&place, &[("if-match", &format!("\"{version}\""))]).await.expect(204);
}

#[tokio::test]
async fn an_id_at_two_dates_is_ambiguous_until_its_place_is_said() {
    let world = world().await;
    let first = post(&world, json!({"id": "call"})).await.expect(201);
    let second = post(&world, json!({"id": "call", "usage_date": "2027-02-11T00:00:00Z"})).await.expect(201);
    let version = ("if-match", &*first["resource_version"].to_string());

    let unclear = world.delete(&path_of(&first), &[version]).await.expect(409);
    world.delete(&format!("{}?usage_date={DATE}", path_of(&first)), &[version]).await.expect(204);

    assert_eq!(unclear["type"], "/problems/ambiguous");
    assert_eq!(unclear["usages"], json!([first, second]));
    assert_eq!(world.get(&path_of(&second)).await.expect(200), second);
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_its_type() {
    let world = world().await;
    world
        .item_price("other-usd", json!({"metered": true, "price": {"model": "per_unit", "unit_amount": "1.00"}}))
        .await;
    post(&world, json!({"usage_date": "2027-02-20T00:05:00Z"})).await.expect(201);

    for (fields, kind, field) in [
        (json!({"item_price_id": "nothing"}), "unknown-item-price", "item_price_id"),
        (json!({"item_price_id": "line-usd"}), "not-metered", "item_price_id"),
        (json!({"item_price_id": "other-usd"}), "price-not-on-subscription", "item_price_id"),
        (json!({"usage_date": "2027-02-20T00:05:00.001Z"}), "too-far-ahead", "usage_date"),
        (json!({"quantity": "-1"}), "unsuitable-usage", "quantity"),
    ] {
        let refused = post(&world, fields).await.expect(422);

        assert_eq!((&refused["type"], &refused["field"]), (&json!(format!("/problems/{kind}")), &json!(field)));
    }
    assert_eq!(used(&world).await, (json!("1"), json!(1)));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_the_name_of_its_field() {
    let world = world().await;
    let bad = ["1e5", "-", "NaN", "1000000000000000", "0.1234567890123", "", " 1", "+1", "Infinity", "1,5"];
    let quantities = bad.map(|text| (json!({"quantity": text}), "quantity"));
    let others = [
        (json!({"usage_date": null}), "usage_date"),
        (json!({"usage_date": "yesterday"}), "usage_date"),
        (json!({"usage_date": "2027-02-10T12:00:00.0001Z"}), "usage_date"),
        (json!({"quantity": null}), "quantity"),
        (json!({"id": "usg_mine"}), "id"),
        (json!({"colour": "red"}), "colour"),
    ];

    for (fields, field) in quantities.into_iter().chain(others) {
        let refused = post(&world, fields.clone()).await.expect(400);

        assert_eq!(refused["type"], "/problems/unreadable", "{fields}");
        let named = refused["field"] == field || refused["detail"].as_str().unwrap().contains(&format!("`{field}`"));
        assert!(named, "{fields}: {refused:#}");
    }
    let number = format!(r#"{{"item_price_id": "minutes-usd", "usage_date": "{DATE}", "quantity": 1e5}}"#);
    let refused = world.send_text(Method::POST, USAGES, Some(number), KEY, &[]).await.expect(400);
    assert_eq!(refused["field"], "quantity");
    assert_eq!(used(&world).await, (json!("0"), json!(0)));
}

#[tokio::test]
async fn nobody_reaches_the_usage_of_another_site_i13() {
    let world = world().await;
    let call = post(&world, json!({})).await.expect(201);
    let other = "another-key-0123456789";
    world.send(Method::POST, "/v1/sites", Some(json!({"id": "other"})), ROOT_KEY, &[]).await.expect(201);
    let key = json!({"site_id": "other", "scopes": ["admin"], "key": other});
    world.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);

    let unknown = world.post("/v1/subscriptions/nobody/usages", usage(json!({}))).await.expect(404);
    for (method, path, body) in [
        (Method::POST, USAGES.to_owned(), Some(usage(json!({})))),
        (Method::GET, USAGES.to_owned(), None),
        (Method::GET, path_of(&call), None),
        (Method::DELETE, path_of(&call), None),
        (Method::GET, "/v1/subscriptions/sub/usage-charges".to_owned(), None),
    ] {
        world.send(method.clone(), &path, body.clone(), other, &[]).await.expect(404);
        world.send(method.clone(), &path, body.clone(), "no-such-key-0123456789", &[]).await.expect(401);
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        let keyless = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let answer = world.system.call(keyless.body(Bytes::from(text)).unwrap()).await;
        assert_eq!(answer.status(), 401);
    }

    assert_eq!((&unknown["type"], &unknown["field"]), (&json!("/problems/not-found"), &json!("subscription_id")));
    assert_eq!(world.get(&path_of(&call)).await.expect(200), call);
}

#[tokio::test]
async fn usage_from_before_the_start_is_kept_and_not_billed() {
    let world = world().await;

    let early = post(&world, json!({"usage_date": "2027-01-31T23:59:59.999Z"})).await.expect(201);
    let first = post(&world, json!({"usage_date": "2027-02-01T00:00:00Z"})).await.expect(201);

    assert_eq!((&early["billable"], &early["not_billable_reason"]), (&json!(false), &json!("subscription_inactive")));
    assert_eq!((&first["billable"], first.get("not_billable_reason")), (&json!(true), None));
    assert_eq!(world.get(&path_of(&early)).await.expect(200), early);
    assert_eq!(used(&world).await, (json!("1"), json!(1)));
}

/// A thousand usages of February in no order; and what the good ones of them sum up to, in thousandths.
fn a_thousand() -> (Vec<Value>, u64) {
    let mut sum = 0;
    let usages = (0..1_000_u64).map(|n| {
        let minute = n * 389 % 1_000;
        let quantity = minute * 37 + 1;
        sum += quantity;
        let date = format!("2027-02-{:02}T{:02}:{:02}:00Z", 5 + minute / 600, minute / 60 % 10, minute % 60);
        usage(json!({"usage_date": date, "quantity": format!("{}.{:03}", quantity / 1_000, quantity % 1_000)}))
    });
    (usages.collect(), sum)
}

#[tokio::test]
async fn a_batch_of_a_thousand_records_every_good_usage_whatever_the_others_are_i11() {
    let world = World::at("2027-01-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-01-01T00:00:00Z", &["minutes-usd"]).await;
    world.live_until("2027-02-01T01:00:00Z").await;
    world.set_clock("2027-02-20T00:00:00Z").await;
    let (good, sum) = a_thousand();
    let mut usages = good;
    let replaced: u64 = [0, 500, 999].map(|n| milli(&usages[n])).iter().sum();
    usages[0] = usage(json!({"quantity": "6"}));
    usages[500] = usage(json!({"usage_date": "2027-01-10T00:00:00Z", "quantity": "3"}));
    usages[999] = usage(json!({"quantity": "many"}));
    let stands = post(&world, json!({"quantity": "5"})).await.expect(201);
    world.post(USAGES, usages[7].clone()).await.expect(201);

    let outcomes = batch(&world, &usages).await;
    let repeated = batch(&world, &usages).await;

    let expected = |good: u64, late: u64| -> Vec<u64> {
        let of = |n| match n {
            0 => 409,
            7 => 200,
            500 => late,
            999 => 400,
            _ => good,
        };
        (0..1_000).map(of).collect()
    };
    assert_eq!(statuses(&outcomes), expected(201, 201));
    assert_eq!(statuses(&repeated), expected(200, 200));
    for (n, (outcome, usage)) in outcomes.iter().zip(&usages).enumerate() {
        assert_eq!(outcome["index"], n);
        if !matches!(n, 0 | 999) {
            let (said, sent) = (&outcome["usage"], usage);
            assert_eq!((&said["usage_date"], &said["quantity"]), (&sent["usage_date"], &sent["quantity"]));
            assert_eq!(repeated[n]["usage"], *said);
        }
    }
    assert_eq!(outcomes[0]["problem"]["existing"], stands);
    assert_eq!(outcomes[500]["usage"]["not_billable_reason"], "late");
    assert_eq!(outcomes[999]["problem"]["field"], "usages[999].quantity");
    // What stood before the batch counts 5.
    assert_eq!(used(&world).await, (json!(thousandths(sum - replaced + 5_000)), json!(998)));
}

fn milli(usage: &Value) -> u64 {
    usage["quantity"].as_str().unwrap().replace('.', "").parse().unwrap()
}

#[tokio::test]
async fn a_thousand_posts_and_one_batch_of_them_come_to_the_same_amount_i11() {
    let (usages, sum) = a_thousand();
    let (whole, single) = (world().await, world().await);

    batch(&whole, &usages).await;
    for usage in usages.iter().rev() {
        single.post(USAGES, usage.clone()).await.expect(201);
    }

    let charges = "/v1/subscriptions/sub/usage-charges";
    let charged = whole.get(charges).await.expect(200);
    assert_eq!(charged, single.get(charges).await.expect(200));
    assert_eq!(charged["list"][0]["total_usage"], json!(thousandths(sum)));
}

#[tokio::test]
async fn duplicates_inside_one_batch_are_judged_in_their_order_f10_f11() {
    let world = world().await;
    let usages = [
        usage(json!({"quantity": "2"})),
        usage(json!({"quantity": "2.0"})),
        usage(json!({"quantity": "3"})),
        usage(json!({"quantity": "2", "id": "own"})),
        usage(json!({"quantity": "2"})),
        usage(json!({"quantity": "4", "id": "own"})),
    ];

    let outcomes = batch(&world, &usages).await;

    assert_eq!(statuses(&outcomes), [201, 200, 409, 201, 200, 409]);
    assert_eq!(outcomes[1]["usage"], outcomes[0]["usage"]);
    assert_eq!(outcomes[2]["problem"]["existing"], outcomes[0]["usage"]);
    assert_eq!(outcomes[5]["problem"]["existing"], outcomes[3]["usage"]);
    assert_eq!(used(&world).await, (json!("4"), json!(2)));
}

#[tokio::test]
async fn a_batch_has_between_one_and_a_thousand_usages() {
    let world = world().await;

    for count in [0, 1_001] {
        let refused = world.post(USAGES, json!({"usages": vec![usage(json!({})); count]})).await.expect(400);

        assert_eq!(refused["field"], "usages");
    }
    assert_eq!(used(&world).await, (json!("0"), json!(0)));
}

#[tokio::test]
async fn the_sample_event_of_record_usage_records_a_usage() {
    let world = World::at("2015-09-01T00:00:00Z").await;
    let key = json!({"site_id": "site", "scopes": ["usage:write"], "key": DEMO_KEY});
    world.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);
    world.catalogue().await;
    let minutes = json!({"metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}});
    world.item_price("voip-minutes-usd-monthly", minutes).await;
    world.subscribe_as("voip-acme", "2015-09-01T00:00:00Z", &["voip-minutes-usd-monthly"]).await;
    world.set_clock("2015-09-20T00:00:00Z").await;
    let event: Value = serde_json::from_str(include_str!("../../events/record-usage.json")).unwrap();

    let first = world.system.invoke("record-usage", &event).await;
    let second = world.system.invoke("record-usage", &event).await;

    assert_eq!((first.status().as_u16(), second.status().as_u16()), (201, 200), "{:?}", first.body());
    let usage: Value = serde_json::from_slice(first.body()).unwrap();
    assert_eq!((&usage["quantity"], &usage["usage_date"]), (&json!("22"), &json!("2015-09-15T12:00:00Z")));
    assert_eq!(first.body(), second.body());
}
