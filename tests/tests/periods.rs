//! Billing periods as invoices show them: contiguous (I9), at local midnight, over month ends and clock changes.

use billing::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::World;

const MONTH_ENDS: [&str; 25] = [
    "2027-01-31",
    "2027-02-28",
    "2027-03-31",
    "2027-04-30",
    "2027-05-31",
    "2027-06-30",
    "2027-07-31",
    "2027-08-31",
    "2027-09-30",
    "2027-10-31",
    "2027-11-30",
    "2027-12-31",
    "2028-01-31",
    "2028-02-29",
    "2028-03-31",
    "2028-04-30",
    "2028-05-31",
    "2028-06-30",
    "2028-07-31",
    "2028-08-31",
    "2028-09-30",
    "2028-10-31",
    "2028-11-30",
    "2028-12-31",
    "2029-01-31",
];

/// A world in the zone whose subscription to a metered price of 1.00 a unit starts at the first boundary.
async fn metered(start: &str, zone: &str, every: u32, unit: &str) -> World {
    let world = World::with(start, json!({"time_zone": zone})).await;
    world.catalogue().await;
    let price = json!({
        "metered": true,
        "period": {"every": every, "unit": unit},
        "price": {"model": "per_unit", "unit_amount": "1.00"},
    });
    world.item_price("units", price).await;
    world.subscribe(start, &["units"]).await;
    world
}

async fn record(world: &World, date: &str, quantity: &str) {
    let usage = json!({"item_price_id": "units", "usage_date": date, "quantity": quantity});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
}

fn before(instant: &str) -> String {
    instant.parse::<Timestamp>().unwrap().plus_millis(-1).to_string()
}

/// Lives from boundary to boundary. Period n is used twice: 10^-3 at its first instant and n + 1 at its last one.
async fn live_through(world: &World, boundaries: &[&str]) {
    for (n, period) in boundaries.windows(2).enumerate() {
        record(world, period[0], "0.001").await;
        world.live_until(&before(period[1])).await;
        record(world, &before(period[1]), &(n + 1).to_string()).await;
        world.live_until(period[1]).await;
    }
}

/// Lives through the boundaries and checks that the invoices' periods lie between them, each with its own usage.
async fn check(world: &World, boundaries: &[&str]) {
    live_through(world, boundaries).await;

    let invoices = world.invoices().await;
    let found: Vec<[&Value; 3]> = invoices
        .iter()
        .map(|invoice| {
            let line = &invoice["lines"][0];
            assert_eq!(line["period"], invoice["period"]);
            [&invoice["period"]["start"], &invoice["period"]["end"], &line["quantity"]]
        })
        .collect();
    let expected: Vec<[Value; 3]> = boundaries
        .windows(2)
        .enumerate()
        .map(|(n, period)| [json!(period[0]), json!(period[1]), json!(format!("{}.001", n + 1))])
        .collect();
    let expected: Vec<[&Value; 3]> = expected.iter().map(|row| row.each_ref()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn month_ends_come_back_after_every_short_month_over_two_years() {
    let boundaries = MONTH_ENDS.map(|day| format!("{day}T00:00:00Z"));
    let boundaries: Vec<&str> = boundaries.iter().map(String::as_str).collect();
    let world = metered(boundaries[0], "UTC", 1, "month").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn a_time_of_day_stays_at_every_month_end() {
    let boundaries = [
        "2028-01-31T18:30:15.250Z",
        "2028-02-29T18:30:15.250Z",
        "2028-03-31T18:30:15.250Z",
        "2028-04-30T18:30:15.250Z",
    ];
    let world = metered(boundaries[0], "UTC", 1, "month").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn weeks_go_on_over_the_end_of_a_year() {
    let boundaries = ["2027-12-20T00:00:00Z", "2027-12-27T00:00:00Z", "2028-01-03T00:00:00Z", "2028-01-10T00:00:00Z"];
    let world = metered(boundaries[0], "UTC", 1, "week").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn days_go_over_a_leap_day() {
    let boundaries = ["2028-02-27T00:00:00Z", "2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"];
    let world = metered(boundaries[0], "UTC", 1, "day").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn a_local_day_has_23_or_25_hours_where_the_clocks_change() {
    let spring = ["2027-03-26T23:00:00Z", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", "2027-03-29T22:00:00Z"];
    let autumn = ["2027-10-29T22:00:00Z", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z", "2027-11-01T23:00:00Z"];

    for boundaries in [spring, autumn] {
        let world = metered(boundaries[0], "Europe/Berlin", 1, "day").await;
        check(&world, &boundaries).await;
    }
}

#[tokio::test]
async fn months_begin_at_local_midnight_in_summer_and_in_winter() {
    let boundaries = [
        "2027-02-28T23:00:00Z",
        "2027-03-31T22:00:00Z",
        "2027-04-30T22:00:00Z",
        "2027-05-31T22:00:00Z",
        "2027-06-30T22:00:00Z",
        "2027-07-31T22:00:00Z",
        "2027-08-31T22:00:00Z",
        "2027-09-30T22:00:00Z",
        "2027-10-31T23:00:00Z",
        "2027-11-30T23:00:00Z",
    ];
    let world = metered(boundaries[0], "Europe/Berlin", 1, "month").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn a_start_date_without_an_offset_is_local() {
    let world = World::with("2027-03-31T22:00:00Z", json!({"time_zone": "Europe/Berlin"})).await;
    world.catalogue().await;

    let subscription = world.subscribe("2027-03-01 00:00:00", &["minutes-usd"]).await;

    assert_eq!(subscription["start_date"], json!("2027-02-28T23:00:00Z"));
    assert_eq!(
        subscription["current_period"],
        json!({"number": 1, "start": "2027-03-31T22:00:00Z", "end": "2027-04-30T22:00:00Z"})
    );
}

#[tokio::test]
async fn a_change_of_the_sites_zone_moves_no_running_subscription() {
    let world = metered("2027-02-28T23:00:00Z", "Europe/Berlin", 1, "month").await;

    world.patch("/v1/sites/site", json!({"time_zone": "America/New_York"})).await.expect(200);

    check(&world, &["2027-02-28T23:00:00Z", "2027-03-31T22:00:00Z", "2027-04-30T22:00:00Z"]).await;
}

#[tokio::test]
async fn a_year_from_a_leap_day_ends_in_february_until_the_leap_day_comes_back() {
    let boundaries = [
        "2028-02-29T00:00:00Z",
        "2029-02-28T00:00:00Z",
        "2030-02-28T00:00:00Z",
        "2031-02-28T00:00:00Z",
        "2032-02-29T00:00:00Z",
        "2033-02-28T00:00:00Z",
    ];
    let world = metered(boundaries[0], "UTC", 1, "year").await;

    check(&world, &boundaries).await;
}

#[tokio::test]
async fn three_weeks_are_a_period_too() {
    let boundaries = ["2027-01-04T00:00:00Z", "2027-01-25T00:00:00Z", "2027-02-15T00:00:00Z", "2027-03-08T00:00:00Z"];
    let world = metered(boundaries[0], "UTC", 3, "week").await;

    check(&world, &boundaries).await;
}
