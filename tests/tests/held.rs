//! Quantities that are held: each usage says by how much what is held changes, and it lasts beyond the period.

use billing::time::Timestamp;
use http::Method;
use rating::Number;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

const START: &str = "2027-01-01T00:00:00Z";
const USAGES: &str = "/v1/subscriptions/sub/usages";

/// A subscription `sub` from the first of January to seats at 31.00 for a month, and to minutes; an invoice closes that
/// many days after its period.
async fn world(grace_days: u32) -> World {
    let world = World::with(START, json!({"grace_seconds": grace_days * 86_400})).await;
    world.catalogue().await;
    let seat = json!({"model": "per_unit", "unit_amount": "31.00"});
    world.item_price("seats", json!({"metered": true, "aggregation": "weighted_sum", "price": seat})).await;
    world.subscribe(START, &["seats", "minutes-usd"]).await;
    world
}

async fn change(world: &World, date: &str, quantity: &str) -> Answer {
    let usage = json!({"item_price_id": "seats", "usage_date": date, "quantity": quantity});
    world.post(USAGES, usage).await
}

/// What the charge of the seats in the period says: carried over, the average, held at the end, the amount.
async fn seats(world: &World, period: u32) -> [Value; 4] {
    let path = format!("/v1/subscriptions/sub/usage-charges?item_price_id=seats&period={period}");
    let charge = &world.get(&path).await.expect(200)["list"][0];
    ["carried_over", "total_usage", "held_at_end", "amount"].map(|name| charge[name].clone())
}

/// What the seats' line on the invoice says: held at the end, and the amount; nothing where there is no such line.
fn line(invoice: &Value) -> Option<(&Value, &str)> {
    let lines = invoice["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["item_price_id"] == "seats")?;
    Some((&line["held_at_end"], line["amount"].as_str().unwrap()))
}

/// Lets `sub` have minutes, and seats where wanted, from now on.
async fn have(world: &World, seats: bool) {
    let mut items = vec![json!({"item_price_id": "minutes-usd"})];
    items.extend(seats.then(|| json!({"item_price_id": "seats"})));
    world.patch("/v1/subscriptions/sub", json!({ "items": items })).await.expect(200);
}

#[tokio::test]
async fn seats_are_charged_as_long_as_they_are_held_over_three_months() {
    for grace_days in [0, 40, 50] {
        let world = world(grace_days).await;
        world.set_clock("2027-01-31T00:00:00Z").await;
        change(&world, START, "10").await.expect(201);
        change(&world, "2027-01-21T00:00:00Z", "-4").await.expect(201);
        world.live_until("2027-02-20T00:00:00Z").await;
        change(&world, "2027-02-15T00:00:00Z", "8").await.expect(201);
        world.live_until("2027-03-20T00:00:00Z").await;

        // January: 10 for 20 of 31 days and 6 for 11: 266/31. February: 6 for 14 of 28 days and 14 for 14: 10. March: 14.
        let january = [json!("0"), json!("266/31"), json!("6"), json!("266.00")];
        let february = [json!("6"), json!("10"), json!("14"), json!("310.00")];
        let march = [json!("14"), json!("14"), json!("14"), json!("434.00")];
        let expected = [january, february, march];
        let live = [seats(&world, 0).await, seats(&world, 1).await, seats(&world, 2).await];
        assert_eq!(live, expected, "{grace_days}");
        let (first, second) = (world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await);
        let open = |days: u32| if grace_days > days { "pending" } else { "payment_due" };
        assert_eq!((first["status"].as_str(), second["status"].as_str()), (Some(open(46)), Some(open(18))));
        assert_eq!((line(&first), line(&second)), (Some((&json!("6"), "266.00")), Some((&json!("14"), "310.00"))));

        world.live_until("2027-07-01T00:00:00Z").await;
        let closed = [seats(&world, 0).await, seats(&world, 1).await, seats(&world, 2).await];
        assert_eq!(closed, expected, "{grace_days}");
        let third = world.invoice("inv_sub_3").await;
        assert_eq!((&third["status"], line(&third)), (&json!("payment_due"), Some((&json!("14"), "434.00"))));
        // Without a usage in March: what the charge was computed from says what was carried over.
        assert_eq!(third["lines"][0]["usage_count"], 0);
        assert_eq!(third["lines"][0]["inputs"]["window"]["carried_over"], "14");
    }
}

#[tokio::test]
async fn a_price_that_leaves_lets_everything_go_and_begins_anew_when_it_returns() {
    for grace_days in [0, 50] {
        let world = world(grace_days).await;
        change(&world, START, "10").await.expect(201);
        world.live_until("2027-01-11T00:00:00Z").await;
        have(&world, false).await;
        world.live_until("2027-01-21T00:00:00Z").await;
        have(&world, true).await;
        change(&world, "2027-01-15T00:00:00Z", "100").await.expect(201);
        change(&world, "2027-01-21T00:00:00Z", "4").await.expect(201);
        world.live_until("2027-03-01T00:00:00Z").await;
        have(&world, false).await;
        world.live_until("2027-03-11T00:00:00Z").await;
        have(&world, true).await;
        world.live_until("2027-03-31T12:00:00Z").await;
        change(&world, "2027-03-31T00:00:00Z", "31").await.expect(201);
        world.live_until("2027-04-15T00:00:00Z").await;

        // 10 for 10 of 31 days, nothing for 10, and 4 for 11: 144/31. February: 4 throughout. March: 31 for one of 31
        // days, since the price left as February ended. April: 31.
        let expected = [
            [json!("0"), json!("144/31"), json!("4"), json!("144.00")],
            [json!("4"), json!("4"), json!("4"), json!("124.00")],
            [json!("0"), json!("1"), json!("31"), json!("31.00")],
            [json!("31"), json!("31"), json!("31"), json!("961.00")],
        ];
        for (period, expected) in (0..).zip(expected) {
            assert_eq!(seats(&world, period).await, expected, "{grace_days} {period}");
        }
    }
}

#[tokio::test]
async fn of_two_prices_each_begins_where_it_joined_although_one_invoice_is_read_for_both() {
    let world = world(40).await;
    let desk = json!({"model": "per_unit", "unit_amount": "1.00"});
    world.item_price("desks", json!({"metered": true, "aggregation": "weighted_sum", "price": desk})).await;
    let have = async |prices: &[&str]| {
        let items: Vec<Value> = prices.iter().map(|price| json!({ "item_price_id": price })).collect();
        world.patch("/v1/subscriptions/sub", json!({ "items": items })).await.expect(200);
    };
    let desks = async |date: &str, quantity: &str| {
        let usage = json!({"item_price_id": "desks", "usage_date": date, "quantity": quantity});
        world.post(USAGES, usage).await.expect(201)
    };
    world.live_until("2027-01-01T01:00:00Z").await;
    have(&["seats", "desks"]).await;
    change(&world, START, "3").await.expect(201);
    desks("2027-01-01T01:00:00Z", "7").await;
    world.live_until("2027-02-05T00:00:00Z").await;
    have(&["seats"]).await;
    world.live_until("2027-02-10T00:00:00Z").await;
    have(&["seats", "desks"]).await;
    desks("2027-02-10T00:00:00Z", "2").await;
    world.live_until("2027-03-20T00:00:00Z").await;

    // January is closed and February pending: its 3 seats are there all along, the 7 desks were let go on the 5th.
    let charges = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    let charge = |price: &str| {
        let list = charges["list"].as_array().unwrap();
        let charge = list.iter().find(|charge| charge["item_price_id"] == price).unwrap();
        (charge["carried_over"].clone(), charge["amount"].clone())
    };
    let january = world.invoice("inv_sub_1").await;
    let left =
        january["lines"].as_array().unwrap().iter().find(|line| line["item_price_id"] == "desks").unwrap().clone();
    assert_eq!((&january["status"], &left["held_at_end"]), (&json!("payment_due"), &json!("7")));
    assert_eq!((charge("seats"), charge("desks")), ((json!("3"), json!("93.00")), (json!("2"), json!("2.00"))));
    for (clock, status) in [("2027-04-05T00:00:00Z", "pending"), ("2027-07-01T00:00:00Z", "payment_due")] {
        world.live_until(clock).await;
        let march = world.invoice("inv_sub_3").await;
        assert_eq!((&march["status"], &march["total"]), (&json!(status), &json!("95.00")));
    }
}

#[tokio::test]
async fn a_period_that_is_cancelled_costs_its_part_of_the_whole_one() {
    let world = world(0).await;
    change(&world, START, "10").await.expect(201);
    world.live_until("2027-01-02T00:00:00Z").await;

    world.send(Method::POST, "/v1/subscriptions/sub/cancel", None, KEY, &[]).await.expect(200);
    world.live_until("2027-03-01T00:00:00Z").await;
    let invoice = world.invoice("inv_sub_1").await;

    // 10 for one of the 31 days that January has.
    assert_eq!(seats(&world, 0).await, [json!("0"), json!("10/31"), json!("10"), json!("10.00")]);
    assert_eq!((line(&invoice), &invoice["total"]), (Some((&json!("10"), "10.00")), &json!("10.00")));
    assert_eq!(invoice["lines"][0]["inputs"]["window"]["over_ms"], 31 * 86_400_000_i64);
    assert_eq!(world.get("/v1/invoices/inv_sub_2").await.status, 404);
}

#[tokio::test]
async fn what_is_cancelled_in_a_later_period_costs_the_part_that_was_carried_over_too() {
    let world = world(50).await;
    change(&world, START, "7").await.expect(201);
    world.live_until("2027-02-05T00:00:00Z").await;
    change(&world, "2027-02-03T00:00:00Z", "7").await.expect(201);

    world.send(Method::POST, "/v1/subscriptions/sub/cancel", None, KEY, &[]).await.expect(200);
    let pending = seats(&world, 1).await;
    world.live_until("2027-05-01T00:00:00Z").await;

    // 7 for 2 and 14 for 2 of the 28 days that February has: 42/28 = 3/2, at 31.00.
    let expected = [json!("7"), json!("1.5"), json!("14"), json!("46.50")];
    assert_eq!((&pending, &seats(&world, 1).await), (&expected, &expected));
    assert_eq!(line(&world.invoice("inv_sub_2").await), Some((&json!("14"), "46.50")));
}

#[tokio::test]
async fn a_change_that_comes_late_counts_for_no_period() {
    let world = world(0).await;
    change(&world, START, "10").await.expect(201);
    world.live_until("2027-02-10T00:00:00Z").await;
    let first = world.invoice("inv_sub_1").await;

    let late = change(&world, "2027-01-15T00:00:00Z", "5").await.expect(201);

    assert_eq!(late["not_billable_reason"], "late");
    assert_eq!(seats(&world, 1).await, [json!("10"), json!("10"), json!("10"), json!("310.00")]);
    world.live_until("2027-03-01T00:00:00Z").await;
    assert_eq!(line(&world.invoice("inv_sub_2").await), Some((&json!("10"), "310.00")));
    assert_eq!(world.invoice("inv_sub_1").await, first);
}

#[tokio::test]
async fn less_than_nothing_is_charged_as_nothing_and_remembered() {
    let world = world(0).await;
    change(&world, START, "-5").await.expect(201);
    world.live_until("2027-02-10T00:00:00Z").await;
    change(&world, "2027-02-01T00:00:00Z", "15").await.expect(201);
    world.live_until("2027-03-01T00:00:00Z").await;

    let (first, second) = (world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await);
    assert_eq!((&first["status"], line(&first)), (&json!("paid"), Some((&json!("-5"), "0.00"))));
    assert_eq!(first["lines"][0]["steps"][1], json!({"step": "held_below_zero", "quantity": "-5"}));
    assert_eq!((line(&second), world.stuck().await), (Some((&json!("10"), "310.00")), Vec::new()));
    assert_eq!(seats(&world, 0).await, [json!("0"), json!("0"), json!("-5"), json!("0.00")]);
}

#[tokio::test]
async fn a_table_of_changes_is_held_as_the_same_changes_one_by_one() {
    let world = world(0).await;
    world.set_clock("2027-01-31T00:00:00Z").await;
    let table = "item_price_id,usage_date,quantity\n\
        seats,2027-01-17T00:00:00Z,10\n\
        seats,2027-01-16T00:00:00Z,20\n\
        seats,2027-01-31T00:00:00Z,-30\n\
        minutes-usd,2027-01-31T00:00:00Z,-30\n";
    let headers = [("content-type", "text/csv")];

    let answer = world.send_text(Method::POST, USAGES, Some(table.to_owned()), KEY, &headers).await.expect(207);
    change(&world, "2027-01-31T00:00:00Z", "-30.0").await.expect(200);
    let usages = world.get(&format!("{USAGES}?item_price_id=seats")).await.expect(200);
    world.live_until("2027-02-10T00:00:00Z").await;

    assert_eq!(
        (&answer["summary"]["recorded"], &answer["outcomes"][3]["problem"]["field"]),
        (&json!(3), &json!("quantity"))
    );
    assert_eq!(usages["list"][2]["quantity"], "-30");
    // 20 for one day and 30 for fourteen, of 31: 440/31. Nothing is left, so that February has no line.
    assert_eq!(seats(&world, 0).await, [json!("0"), json!("440/31"), json!("0"), json!("440.00")]);
    world.live_until("2027-03-01T00:00:00Z").await;
    assert_eq!(line(&world.invoice("inv_sub_2").await), None);
}

#[tokio::test]
async fn what_is_held_of_a_feature_is_counted_from_where_its_price_joined() {
    let world = World::at(START).await;
    world.catalogue().await;
    world.post("/v1/features", json!({"id": "storage", "name": "Storage"})).await.expect(201);
    let price = json!({
        "feature_id": "storage", "aggregation": "weighted_sum", "included_usage": "5",
        "price": {"model": "flat_fee", "amount": "1.00"}
    });
    world.item_price("disk", price).await;
    world.subscribe(START, &["disk"]).await;
    let change = async |date: &str, quantity: &str| {
        let usage = json!({"item_price_id": "disk", "usage_date": date, "quantity": quantity});
        world.post(USAGES, usage).await.expect(201)
    };
    change(START, "4").await;
    world.live_until("2027-02-20T00:00:00Z").await;
    change("2027-02-15T00:00:00Z", "8").await;
    world.live_until("2027-03-20T00:00:00Z").await;

    // 4 for 14 and 12 for 14 of 28 days: 8. In March 12.
    for (period, expected) in [(0, ["0", "4", "4", "0"]), (1, ["4", "8", "12", "3"]), (2, ["12", "12", "12", "7"])] {
        let path = format!("/v1/subscriptions/sub/usage-charges?feature_id=storage&period={period}");
        let charge = &world.get(&path).await.expect(200)["list"][0];
        let told = ["carried_over", "total_usage", "held_at_end", "on_demand_usage"].map(|name| charge[name].clone());
        assert_eq!(told, expected.map(|text| json!(text)), "{period}");
    }
}

#[tokio::test]
async fn what_is_held_lasts_beyond_a_day_that_the_zone_skipped() {
    // Samoa went from the 29th of December 2011 to the 31st: the third day of this cadence has no instant.
    for grace_seconds in [0, 864_000] {
        let start = "2011-12-28T10:00:00Z";
        let settings = json!({"time_zone": "Pacific/Apia", "grace_seconds": grace_seconds});
        let world = World::with(start, settings).await;
        world.catalogue().await;
        let price = json!({
            "metered": true, "aggregation": "weighted_sum", "period": {"every": 1, "unit": "day"},
            "price": {"model": "per_unit", "unit_amount": "1.00"}
        });
        world.item_price("seats", price).await;
        world.subscribe(start, &["seats"]).await;
        change(&world, start, "3").await.expect(201);

        world.live_until("2012-01-01T12:00:00Z").await;

        let days = [seats(&world, 1).await, seats(&world, 3).await, seats(&world, 4).await];
        assert_eq!(
            json!(days),
            json!([["3", "3", "3", "3.00"], ["3", "3", "3", "3.00"], ["3", "3", "3", "3.00"]]),
            "{grace_seconds}"
        );
    }
}

/// The first instant of the day, counted from the first of January.
fn midnight(day: usize) -> String {
    let start: Timestamp = START.parse().unwrap();
    start.plus_millis(i64::try_from(day).unwrap() * 86_400_000).to_string()
}

#[tokio::test]
async fn what_is_charged_is_what_a_count_day_by_day_comes_to_whenever_invoices_close() {
    let days = 31 + 28 + 31;
    for seed in [1_u64, 2] {
        // What happens at the start of each day: the change of what is held, or nothing where the price leaves or returns.
        let mut random = seed;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let events: Vec<Option<Option<i64>>> = (0..days)
            .map(|day| match (next(5), day) {
                (0, 1..) => Some(None),
                (1 | 2, _) => Some(Some(i64::try_from(next(9)).unwrap() - 3)),
                _ => None,
            })
            .collect();
        let (mut is_on, mut level) = (true, 0);
        let levels: Vec<i64> = events
            .iter()
            .map(|event| {
                match event {
                    Some(None) => (is_on, level) = (!is_on, 0),
                    Some(Some(change)) if is_on => level += change,
                    _ => {}
                }
                level
            })
            .collect();
        let month = |from: usize, to: usize| {
            let held = Number::from(levels[from..to].iter().sum::<i64>()).max(Number::ZERO);
            held.divide(&Number::from(i64::try_from(to - from).unwrap())).unwrap().to_text()
        };
        let expected = [month(0, 31), month(31, 59), month(59, 90)];

        for grace_days in [0, 20, 50] {
            let world = world(grace_days).await;
            let mut is_on = true;
            for (day, event) in events.iter().enumerate() {
                let Some(event) = event else { continue };
                world.live_until(&midnight(day)).await;
                match event {
                    None => {
                        is_on = !is_on;
                        have(&world, is_on).await;
                    }
                    Some(held) if is_on => drop(change(&world, &midnight(day), &held.to_string()).await.expect(201)),
                    Some(_) => {}
                }
            }
            world.live_until("2027-03-31T12:00:00Z").await;
            for (period, expected) in (0..).zip(&expected) {
                // A month in which the price was never on the subscription has no charge.
                let [_, total, ..] = seats(&world, period).await;
                assert!(
                    total == json!(expected) || (total.is_null() && expected == "0"),
                    "{seed} {grace_days} {period}"
                );
            }
        }
    }
}
