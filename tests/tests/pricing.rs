//! Item prices with every model, and what is said of odd ones.

use serde_json::{Value, json};

use crate::harness::{Answer, World};

const START: &str = "2027-01-01T00:00:00Z";

async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world
}

async fn create(world: &World, fields: Value) -> Answer {
    let mut price = json!({
        "item_id": "item-minutes-usd", "currency_code": "USD", "period": {"every": 1, "unit": "month"}, "metered": true
    });
    price.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    world.post("/v1/item-prices", price).await
}

fn volume() -> Value {
    json!({"model": "volume", "tiers": [{"up_to": "20", "unit_amount": "2"}, {"unit_amount": "1"}]})
}

#[tokio::test]
async fn a_price_by_which_more_costs_less_is_taken_with_a_warning() {
    let world = world().await;

    let odd = create(&world, json!({"id": "odd", "price": volume()})).await.expect(201);
    let plain = create(&world, json!({"price": {"model": "per_unit", "unit_amount": "1"}})).await.expect(201);
    let read = world.get("/v1/item-prices/odd").await.expect(200);

    let [warning] = odd["warnings"].as_array().unwrap().as_slice() else { panic!("{odd:#}") };
    assert_eq!(warning["detail"], "tiers[0] ends at 20, which costs 40; just beyond it is 20 less, and less up to 40");
    assert_eq!((&warning["data"]["warning"], &warning["data"]["less"]), (&json!("volume_cliff"), &json!("20")));
    assert_eq!((plain.get("warnings"), &read["warnings"]), (None, &odd["warnings"]));
}

#[tokio::test]
async fn a_price_that_no_usage_could_be_rated_by_is_refused() {
    let world = world().await;
    let per_unit = json!({"model": "per_unit", "unit_amount": "1"});
    for (fields, field) in [
        (json!({"price": {"model": "dynamic"}, "metered": false}), "price"),
        (json!({"price": {"model": "dynamic"}, "included_usage": "1"}), "price"),
        (json!({"price": {"model": "percentage", "percent": "1"}, "aggregation": "weighted_sum"}), "price"),
        (json!({"price": {"model": "percentage", "percent": "1"}, "aggregation": "unique_count"}), "price"),
        (json!({"price": per_unit, "aggregation": "unique_count", "metered": false}), "aggregation"),
        (json!({"price": per_unit, "aggregation": "weighted_sum", "metered": false}), "aggregation"),
        (json!({"price": {"model": "percentage", "percent": "1"}, "included_usage": "5"}), "price"),
        (json!({"price": {"model": "percentage", "percent": "1"}, "aggregation": "max"}), "price"),
        (
            json!({"price": {
                "model": "package", "package_size": "0.000000000001", "package_amount": "999999999999999"
            }, "currency_code": "CLF"}),
            "price",
        ),
    ] {
        let refused = create(&world, fields.clone()).await.expect(422);
        assert_eq!(refused["field"], field, "{fields}");
    }
}

#[tokio::test]
async fn a_share_of_money_and_a_count_of_records_come_to_the_invoice() {
    let world = world().await;
    let share = json!({"model": "percentage", "percent": "1.2", "amount_per_record": "0.10", "free_records": 1});
    create(&world, json!({"id": "share-usd", "price": share})).await.expect(201);
    let call = json!({"model": "per_unit", "unit_amount": "0.50"});
    create(&world, json!({"id": "calls-usd", "price": call, "aggregation": "count"})).await.expect(201);
    world.subscribe(START, &["share-usd", "calls-usd"]).await;
    world.set_clock("2027-01-20T00:00:00Z").await;
    for (day, money) in [(2, "1000"), (3, "50"), (4, "250")] {
        for price in ["share-usd", "calls-usd"] {
            let date = format!("2027-01-{day:02}T00:00:00Z");
            let usage = json!({"item_price_id": price, "usage_date": date, "quantity": money});
            world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
        }
    }

    world.live_until("2027-02-01T01:00:00Z").await;
    let invoice = world.invoice("inv_sub_1").await;

    // 1.2 % of 300 and twice 0.10, since the first record is free; three calls at 0.50.
    let amounts: Vec<&Value> = invoice["lines"].as_array().unwrap().iter().map(|line| &line["amount"]).collect();
    assert_eq!((amounts, &invoice["total"]), (vec![&json!("3.80"), &json!("1.50")], &json!("5.30")));
}

#[tokio::test]
async fn units_cannot_be_included_where_each_record_has_its_price() {
    let world = world().await;
    let share = json!({"model": "percentage", "percent": "1"});
    create(&world, json!({"id": "share-usd", "price": share})).await.expect(201);

    let items = json!([{"item_price_id": "share-usd", "included_usage": "5"}]);
    let refused = world.post("/v1/subscriptions", json!({"customer_id": "acme", "items": items})).await.expect(422);

    assert_eq!(refused["field"], "items[0].included_usage");
}
