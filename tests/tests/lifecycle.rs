//! How a subscription starts and ends, and what becomes due in between.

use serde_json::{Value, json};

use crate::harness::{World, members};

const START: &str = "2027-01-31T00:00:00Z";

async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;
    world
}

async fn of_subscription(world: &World, verb: &str) -> Value {
    world.post(&format!("/v1/subscriptions/sub/{verb}"), json!({})).await.expect(200)
}

/// The ids and totals of the site's invoices.
async fn totals(world: &World) -> Vec<(String, String)> {
    let text = |invoice: &Value, name: &str| invoice[name].as_str().unwrap().to_owned();
    world.invoices().await.iter().map(|invoice| (text(invoice, "id"), text(invoice, "total"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, total)| ((*id).to_owned(), (*total).to_owned())).collect()
}

#[tokio::test]
async fn a_cancellation_ends_the_period_at_once_and_bills_no_later_usage() {
    let world = world().await;
    world.subscribe(START, &["seat-usd", "minutes-usd"]).await;
    world.live_until("2027-02-10T12:00:00Z").await;
    world.usage("2027-02-10T11:59:59.999Z", "100").await.expect(201);

    let cancelled = of_subscription(&world, "cancel").await;
    let after = world.usage("2027-02-10T12:00:00Z", "1000").await.expect(201);
    world.live_until("2027-02-10T13:00:00Z").await;
    let last = world.invoice("inv_sub_1").await;
    world.live_until("2028-02-10T13:00:00Z").await;

    assert_eq!(
        (&cancelled["status"], &cancelled["cancelled_at"]),
        (&json!("cancelled"), &json!("2027-02-10T12:00:00Z"))
    );
    assert_eq!((&after["billable"], &after["not_billable_reason"]), (&json!(false), &json!("subscription_inactive")));
    assert_eq!(last["period"], json!({"start": START, "end": "2027-02-10T12:00:00Z"}));
    assert_eq!((&last["total"], &last["number"]), (&json!("5.00"), &json!("1234-2")));
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_0", "20.00"), ("inv_sub_1", "5.00")]));
}

#[tokio::test]
async fn a_cancelled_subscription_has_nothing_due_ever_again() {
    let world = world().await;
    world.subscribe(START, &["line-usd", "minutes-usd"]).await;
    world.live_until("2027-02-10T12:00:00Z").await;
    of_subscription(&world, "cancel").await;
    world.live_until("2027-02-10T13:00:00Z").await;
    let before = world.invoices().await;

    world.set_clock("2028-06-30T00:00:00Z").await;
    let answers = world.system.tick().await.unwrap();
    let pumped = world.system.pump().await;

    assert_eq!(answers, [json!({"due": 0})]);
    assert_eq!(pumped.received, 0);
    assert_eq!(world.invoices().await, before);
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_1", "10.00")]));
}

/// Environments' clocks differ; these are half an hour apart.
#[tokio::test]
async fn a_clock_that_is_behind_does_not_change_an_end_that_was_billed() {
    let world = World::live(START).await;
    world.catalogue().await;
    world.subscribe(START, &["minutes-usd"]).await;
    world.set_now("2027-02-10T12:00:00Z");
    let cancelled = of_subscription(&world, "cancel").await;

    world.set_now("2027-02-10T11:30:00Z");
    for verb in ["cancel", "schedule-cancel"] {
        let again = of_subscription(&world, verb).await;
        assert_eq!(again, cancelled, "{verb}");
    }
    let changed = world.patch("/v1/subscriptions/sub", json!({"grace_seconds": 0})).await.expect(422);

    assert_eq!(cancelled["cancelled_at"], "2027-02-10T12:00:00Z");
    assert_eq!(changed["detail"], "the subscription is cancelled");
}

#[tokio::test]
async fn a_cancellation_by_a_clock_behind_the_period_that_runs_ends_it_no_earlier_than_it_was_generated() {
    let world = World::live(START).await;
    world.catalogue().await;
    world.subscribe(START, &["line-usd"]).await;
    world.set_now("2027-02-28T00:30:00Z");
    world.system.settle().await.unwrap();

    world.set_now("2027-02-27T23:59:00Z");
    let cancelled = of_subscription(&world, "cancel").await;
    world.set_now("2027-03-01T00:00:00Z");
    world.system.settle().await.unwrap();

    let (first, second) = (world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await);
    assert_eq!(cancelled["cancelled_at"], "2027-02-28T00:30:00Z");
    assert_eq!(first["period"], json!({"start": START, "end": "2027-02-28T00:00:00Z"}));
    assert_eq!(second["period"], json!({"start": "2027-02-28T00:00:00Z", "end": "2027-02-28T00:30:00Z"}));
}

#[tokio::test]
async fn a_scheduled_cancellation_bills_until_the_period_ends() {
    let world = world().await;
    world.subscribe(START, &["seat-usd", "minutes-usd"]).await;
    world.live_until("2027-02-10T12:00:00Z").await;

    let ending = of_subscription(&world, "schedule-cancel").await;
    world.live_until("2027-02-27T23:59:59.999Z").await;
    let last = world.usage("2027-02-27T23:59:59.999Z", "100").await.expect(201);
    let beyond = world.usage("2027-02-28T00:00:00Z", "1000").await.expect(201);
    world.live_until("2027-06-30T00:00:00Z").await;
    let over = world.get("/v1/subscriptions/sub").await.expect(200);

    assert_eq!((&ending["status"], &ending["cancelled_at"]), (&json!("non_renewing"), &json!("2027-02-28T00:00:00Z")));
    assert_eq!((&last["billable"], &beyond["billable"]), (&json!(true), &json!(false)));
    assert_eq!(over["status"], json!("cancelled"));
    // The seat of the period that did not begin is not billed.
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_0", "20.00"), ("inv_sub_1", "5.00")]));
}

#[tokio::test]
async fn a_subscription_without_a_start_date_waits_for_its_activation() {
    let world = world().await;
    let items = json!([{"item_price_id": "seat-usd"}, {"item_price_id": "line-usd"}]);
    world.post("/v1/subscriptions", json!({"id": "sub", "customer_id": "acme", "items": items})).await.expect(201);

    world.live_until("2027-05-15T08:00:00Z").await;
    let waiting = (world.get("/v1/subscriptions/sub").await.expect(200), world.invoices().await);
    let active = of_subscription(&world, "activate").await;
    let at_once = totals(&world).await;
    world.live_until("2027-06-15T09:00:00Z").await;

    assert_eq!((&waiting.0["status"], waiting.0.get("start_date"), waiting.1), (&json!("future"), None, vec![]));
    assert_eq!((&active["status"], &active["start_date"]), (&json!("active"), &json!("2027-05-15T08:00:00Z")));
    assert_eq!(at_once, pairs(&[("inv_sub_0", "20.00")]));
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_0", "20.00"), ("inv_sub_1", "30.00")]));
    assert_eq!(
        world.invoice("inv_sub_1").await["period"],
        json!({"start": "2027-05-15T08:00:00Z", "end": "2027-06-15T08:00:00Z"})
    );
}

#[tokio::test]
async fn a_second_activation_changes_nothing() {
    let world = world().await;
    world.subscribe(START, &["seat-usd"]).await;
    world.set_clock("2027-02-10T00:00:00Z").await;
    let before = (world.get("/v1/subscriptions/sub").await.expect(200), world.invoices().await);

    of_subscription(&world, "activate").await;
    let moved = world.post("/v1/subscriptions/sub/activate", json!({"start_date": "2027-02-05T00:00:00Z"})).await;

    moved.expect(409);
    assert_eq!((world.get("/v1/subscriptions/sub").await.expect(200), world.invoices().await), before);
}

#[tokio::test]
async fn a_start_date_ahead_is_billed_when_it_comes() {
    let world = world().await;
    let future = world.subscribe("2027-02-15T00:00:00Z", &["seat-usd"]).await;
    world.live_until("2027-02-14T23:59:59.999Z").await;
    let before = totals(&world).await;

    world.live_until("2027-02-15T00:00:00Z").await;

    assert_eq!((&future["status"], before), (&json!("future"), vec![]));
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_0", "20.00")]));
    assert_eq!(world.get("/v1/subscriptions/sub").await.expect(200)["status"], json!("active"));
}

#[tokio::test]
async fn a_backdated_start_bills_every_missed_boundary_in_order() {
    let world = World::at("2027-05-31T00:30:00Z").await;
    world.catalogue().await;

    world.subscribe(START, &["line-usd"]).await;
    let created = world.invoices().await;
    world.live_until("2027-05-31T01:00:00Z").await;

    let row = ["id", "status", "number"];
    let of = |n: u32| json!(format!("inv_sub_{n}"));
    let number = |n: u32| json!(format!("1234-{n}"));
    let due = json!("payment_due");
    assert_eq!(
        members(&created, &row),
        [
            [&of(1), &due, &number(1)],
            [&of(2), &due, &number(2)],
            [&of(3), &due, &number(3)],
            // The grace of the newest one still runs.
            [&of(4), &json!("pending"), &Value::Null],
        ]
    );
    let starts: Vec<&Value> = created.iter().map(|invoice| &invoice["period"]["start"]).collect();
    assert_eq!(
        starts,
        [START, "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z", "2027-04-30T00:00:00Z"]
            .map(|start| json!(start))
            .each_ref()
    );
    assert_eq!(world.invoice("inv_sub_4").await["number"], number(4));
}

#[tokio::test]
async fn a_change_waits_for_the_periods_that_have_ended_and_is_no_fault_of_the_server() {
    let world = world().await;
    world.subscribe("2010-01-01T00:00:00Z", &["line-usd"]).await;

    let early = world.post("/v1/subscriptions/sub/cancel", json!({})).await;
    world.system.settle().await.unwrap();

    assert_eq!((early.status, &early.body["type"]), (409, &json!("/problems/periods-pending")));
    assert_eq!(of_subscription(&world, "cancel").await["status"], "cancelled");
}

#[tokio::test]
async fn a_removed_price_is_billed_to_its_end_and_an_added_one_from_its_beginning() {
    let world = world().await;
    world.subscribe(START, &["minutes-usd"]).await;
    world.set_clock("2027-02-10T00:00:00Z").await;
    world.usage("2027-02-09T23:59:59.999Z", "100").await.expect(201);

    world.patch("/v1/subscriptions/sub", json!({"items": [{"item_price_id": "line-usd"}]})).await.expect(200);
    let after = world.usage("2027-02-10T00:00:00Z", "1000").await.expect(201);
    world.live_until("2027-03-31T01:00:00Z").await;

    assert_eq!(after["not_billable_reason"], json!("price_not_on_subscription"));
    assert_eq!(totals(&world).await, pairs(&[("inv_sub_1", "15.00"), ("inv_sub_2", "10.00")]));
}
