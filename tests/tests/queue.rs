//! Ticks and messages: doubled, missed, out of order, poisoned; and what is stuck.

use serde_json::{Value, json};

use crate::harness::{World, members};

const START: &str = "2027-01-31T00:00:00Z";
const DUE: &str = r#"{"site_id":"site","subscription_id":"sub"}"#;

/// A live site with one subscription, 100 minutes of which were used in February.
async fn live() -> World {
    let world = World::live(START).await;
    world.catalogue().await;
    world.subscribe(START, &["line-usd", "minutes-usd"]).await;
    world.usage(START, "100").await.expect(201);
    world
}

/// What must be the same however the messages came: everything but the times of generating and closing.
fn billed(invoices: &[Value]) -> Vec<Vec<&Value>> {
    members(invoices, &["id", "number", "status", "period", "lines", "total"])
}

/// Runs what is due at each instant, as an undisturbed schedule would.
async fn lived(instants: &[&str]) -> World {
    let world = live().await;
    for instant in instants {
        world.set_now(instant);
        world.system.settle().await.unwrap();
    }
    world
}

#[tokio::test]
async fn a_doubled_tick_changes_nothing_f20() {
    let undisturbed = lived(&["2027-02-28T00:00:00Z", "2027-02-28T01:00:00Z"]).await.invoices().await;
    let world = live().await;

    for instant in ["2027-02-28T00:00:00Z", "2027-02-28T01:00:00Z"] {
        world.set_now(instant);
        for _ in 0..3 {
            assert_eq!(world.system.tick().await.unwrap(), [json!({"due": 1})]);
        }
        assert_eq!(world.system.pump().await.deleted, 3);
        world.system.settle().await.unwrap();
    }

    assert_eq!(world.invoices().await, undisturbed);
    assert_eq!(members(&undisturbed, &["number", "total"]), [[&json!("1234-1"), &json!("15.00")]]);
}

#[tokio::test]
async fn ticks_missed_for_six_hours_or_for_months_are_made_up_for_f21() {
    let on_time = ["2027-02-28T00:00:00Z", "2027-02-28T01:00:00Z", "2027-03-31T00:00:00Z", "2027-03-31T01:00:00Z"];
    let undisturbed = lived(&on_time).await.invoices().await;

    let six_hours_late = lived(&["2027-02-28T06:00:00Z", "2027-03-31T07:00:00Z"]).await.invoices().await;
    let months_late = lived(&["2027-04-29T23:59:59.999Z"]).await.invoices().await;

    assert_eq!(billed(&undisturbed).len(), 2);
    assert_eq!(billed(&six_hours_late), billed(&undisturbed));
    assert_eq!(billed(&months_late), billed(&undisturbed));
    assert_eq!(months_late[0]["closed_at"], json!("2027-04-29T23:59:59.999Z"));
}

#[tokio::test]
async fn a_year_of_missed_ticks_makes_twelve_invoices_in_order_f21() {
    let world = lived(&["2028-01-31T01:00:00Z"]).await;

    let invoices = world.invoices().await;

    let mut numbered: Vec<(&str, String)> = invoices
        .iter()
        .map(|invoice| (invoice["period"]["start"].as_str().unwrap(), invoice["number"].as_str().unwrap().to_owned()))
        .collect();
    numbered.sort_unstable();
    let numbers: Vec<&String> = numbered.iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, (1..=12).map(|n| format!("1234-{n}")).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    for (earlier, later) in numbered.iter().zip(&numbered[1..]) {
        assert_ne!(earlier.0, later.0);
    }
}

#[tokio::test]
async fn messages_that_come_again_or_for_nothing_change_nothing_i8() {
    let undisturbed = lived(&["2027-02-28T00:00:00Z", "2027-02-28T01:00:00Z"]).await.invoices().await;
    let world = live().await;
    let send = async |times: usize| {
        for _ in 0..times {
            world.enqueue(DUE).await;
        }
        world.system.pump().await
    };

    let too_early = send(2).await;
    world.set_now("2027-02-28T00:00:00Z");
    let at_the_end = send(3).await;
    world.set_now("2027-02-28T01:00:00Z");
    let after_the_grace = send(3).await;
    let too_late = send(12).await;

    assert_eq!(
        [too_early, at_the_end, after_the_grace, too_late].map(|pumped| (pumped.deleted, pumped.failed)),
        [(2, 0), (3, 0), (3, 0), (12, 0)]
    );
    assert_eq!(world.invoices().await, undisturbed);
    assert_eq!(world.system.settle().await.unwrap().received, 0);
}

#[tokio::test]
async fn a_poisoned_message_fails_alone_and_is_given_up_after_five_times_f36() {
    let world = World::at(START).await;
    world.catalogue().await;
    for n in 0..9 {
        world.subscribe_as(&format!("sub-{n}"), START, &["line-usd"]).await;
    }
    world.enqueue("not json").await;
    // Moving the clock sends the nine others.
    world.set_clock("2027-02-28T01:00:00Z").await;

    let first = world.system.pump_once().await;
    let invoices = world.invoices().await;
    let mut again = Vec::new();
    for _ in 0..5 {
        again.push(world.system.pump_once().await);
    }

    assert_eq!((first.received, first.deleted, first.failed), (10, 9, 1));
    assert_eq!(invoices.len(), 9);
    assert!(invoices.iter().all(|invoice| invoice["status"] == "payment_due"), "{invoices:#?}");
    let again: Vec<_> = again.iter().map(|pumped| (pumped.received, pumped.failed)).collect();
    assert_eq!(again, [(1, 1), (1, 1), (1, 1), (1, 1), (0, 0)]);
    let given_up = world.system.dead_letters().await.unwrap();
    assert_eq!(given_up.iter().map(|letter| letter.body.as_str()).collect::<Vec<_>>(), ["not json"]);
    assert_eq!(world.invoices().await, invoices);
}

/// Two customers with one subscription each; that of `acme` has a usage beyond its price's closed last tier.
async fn unrateable() -> (World, Value) {
    let world = World::at(START).await;
    world.set_now(START);
    world.catalogue().await;
    world.post("/v1/customers", json!({"id": "beta", "name": "Beta"})).await.expect(201);
    let closed = json!({"model": "stairstep", "tiers": [{"up_to": "10", "flat_amount": "5"}]});
    world.item_price("calls-usd", json!({"metered": true, "price": closed})).await;
    world.subscribe(START, &["calls-usd"]).await;
    let items = json!([{"item_price_id": "line-usd"}]);
    let other = json!({"id": "other", "customer_id": "beta", "items": items, "start_date": START});
    world.post("/v1/subscriptions", other).await.expect(201);
    let record = async |quantity: &str, id: &str| {
        let usage = json!({"item_price_id": "calls-usd", "usage_date": START, "quantity": quantity, "id": id});
        world.post("/v1/subscriptions/sub/usages", usage).await.expect(201)
    };
    record("4", "one").await;
    let offending = record("7", "two").await;
    (world, offending)
}

#[tokio::test]
async fn what_cannot_be_rated_is_stuck_with_its_reason_and_holds_nobody_up() {
    let (world, _) = unrateable().await;

    world.live_until("2027-02-28T01:00:00Z").await;

    let stuck = world.stuck().await;
    let [entry] = stuck.as_slice() else { panic!("{stuck:#?}") };
    assert_eq!((&entry["subscription_id"], &entry["failures"]), (&json!("sub"), &json!(5)));
    let reason = entry["reason"].as_str().unwrap();
    assert!(reason.contains("calls-usd") && reason.contains("a quantity of 11 lies beyond the last tier"), "{reason}");
    assert_eq!(entry["first_failed_at"], json!(START));
    // Five minutes, doubled with each failure.
    assert_eq!(entry["next_attempt_at"], json!("2027-01-31T01:20:00Z"));
    let given_up = world.system.dead_letters().await.unwrap();
    assert_eq!(given_up.iter().map(|letter| letter.body.as_str()).collect::<Vec<_>>(), [DUE]);
    let other = world.invoice("inv_other_1").await;
    assert_eq!((&other["number"], &other["total"]), (&json!("beta-1"), &json!("10.00")));
}

#[tokio::test]
async fn an_invoice_that_cannot_be_rated_does_not_hide_the_others_in_the_list() {
    let (world, _) = unrateable().await;

    world.live_until("2027-02-28T01:00:00Z").await;

    let invoices = world.invoices().await;
    assert_eq!(
        members(&invoices, &["id", "status", "total"]),
        [
            [&json!("inv_sub_1"), &json!("pending"), &Value::Null],
            [&json!("inv_other_1"), &json!("payment_due"), &json!("10.00")],
        ]
    );
    let reason = invoices[0]["unrated_reason"].as_str().unwrap();
    assert!(reason.contains("a quantity of 11 lies beyond the last tier"), "{reason}");
    assert_eq!(invoices[1].get("unrated_reason"), None);
}

#[tokio::test]
async fn closing_on_request_says_what_cannot_be_rated() {
    let (world, _) = unrateable().await;
    world.live_until("2027-02-28T00:00:00Z").await;

    let refused = world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(422);

    assert!(refused["detail"].as_str().unwrap().contains("a quantity of 11 lies beyond the last tier"), "{refused}");
    assert_eq!(world.invoice("inv_sub_1").await["status"], json!("pending"));
}

#[tokio::test]
async fn what_is_stuck_is_left_alone_until_its_next_attempt() {
    let (world, _) = unrateable().await;
    world.live_until("2027-02-28T01:00:00Z").await;

    world.set_now("2027-01-31T01:19:59.999Z");
    let before = world.system.tick().await.unwrap();
    world.set_now("2027-01-31T01:20:00Z");
    let after = world.system.tick().await.unwrap();

    assert_eq!((before, after), (vec![json!({"due": 0})], vec![json!({"due": 1})]));
}

#[tokio::test]
async fn what_was_stuck_is_closed_once_its_cause_is_gone() {
    let (world, offending) = unrateable().await;
    world.live_until("2027-02-28T01:00:00Z").await;
    assert_eq!(world.stuck().await.len(), 1);

    let version = offending["resource_version"].to_string();
    let deleted = world.delete("/v1/subscriptions/sub/usages/two", &[("if-match", &version)]).await;
    world.set_now("2027-01-31T01:20:00Z");
    world.system.settle().await.unwrap();

    deleted.expect(204);
    assert_eq!(world.stuck().await, [] as [Value; 0]);
    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!((&invoice["status"], &invoice["total"]), (&json!("payment_due"), &json!("5.00")));
    assert_eq!((&invoice["number"], &invoice["lines"][0]["quantity"]), (&json!("1234-1"), &json!("4")));
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_again_months_later_closes_what_can_be_closed_f37() {
    let (world, offending) = unrateable().await;
    world.live_until("2027-02-28T01:00:00Z").await;
    let version = offending["resource_version"].to_string();
    world.delete("/v1/subscriptions/sub/usages/two", &[("if-match", &version)]).await.expect(204);

    let sent = world.system.redrive().await.unwrap();
    world.system.pump().await;

    assert_eq!(sent, 1);
    assert_eq!(world.invoice("inv_sub_1").await["total"], json!("5.00"));
    assert_eq!(world.stuck().await, [] as [Value; 0]);
    assert_eq!(world.system.dead_letters().await.unwrap(), []);
}
