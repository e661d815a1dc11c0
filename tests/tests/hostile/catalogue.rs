//! Customers, prices, subscriptions and sites that are none.

use serde_json::{Value, json};

use super::{Case, ROOT_KEY, refuse_all, with, world};

/// A POST of the object with one member changed; the member is what is refused unless `field` says otherwise.
fn changed(path: &'static str, base: &Value, status: u16, cases: &[(&'static str, Value)]) -> Vec<Case> {
    let case = |(field, value): &(&'static str, Value)| {
        let name = field.split(['.', '[']).next().unwrap_or_default();
        Case::post(path, with(base, json!({ name: value }))).refused(status, Some(field))
    };
    cases.iter().map(case).collect()
}

fn customers() -> Vec<Case> {
    let base = json!({"name": "X"});
    let unreadable = [
        ("id", json!("a#b")),
        ("id", json!("")),
        ("id", json!(7)),
        ("name", json!(null)),
        ("name", json!(["X"])),
        ("colour", json!("red")),
        ("payment_terms", json!("NET -1")),
        ("payment_terms", json!("NET 366")),
        ("payment_terms", json!("soon")),
        ("payment_terms", json!(7)),
        ("auto_collection", json!("yes")),
    ];
    let invalid = [
        ("name", json!("")),
        ("name", json!(" ")),
        ("name", json!("a\u{0}")),
        ("name", json!("x".repeat(201))),
        ("email", json!("nobody")),
        ("email", json!("a@b\r\nBcc: c@d")),
        ("number", json!("1 2")),
        ("number", json!("x".repeat(41))),
    ];
    let mut cases = changed("/v1/customers", &base, 400, &unreadable);
    cases.extend(changed("/v1/customers", &base, 422, &invalid));
    cases.push(Case::post("/v1/customers", "{}").refused(400, Some("name")));
    cases
}

fn item_prices() -> Vec<Case> {
    let base = json!({
        "item_id": "item-minutes-usd", "currency_code": "USD", "period": {"every": 1, "unit": "month"},
        "metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}
    });
    let tiered = |tiers: Value| json!({"model": "tiered", "tiers": tiers});
    let unreadable = [
        ("currency_code", json!("usd")),
        ("currency_code", json!("ZZZ")),
        ("currency_code", json!("")),
        ("period.every", json!({"every": -1, "unit": "month"})),
        ("period.every", json!({"every": 1.5, "unit": "month"})),
        ("period.every", json!({"every": "1", "unit": "month"})),
        ("period.unit", json!({"every": 1, "unit": "fortnight"})),
        ("period.days", json!({"every": 1, "unit": "month", "days": 3})),
        ("metered", json!("true")),
        ("billed", json!("sometimes")),
        ("aggregation", json!("median")),
        ("included_usage", json!("1e5")),
        ("included_usage", json!("NaN")),
        ("price.model", json!({"unit_amount": "1"})),
        ("price.model", json!({"model": "barter", "unit_amount": "1"})),
        ("price.unit_amount", json!({"model": "per_unit"})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": "1e400"})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": "NaN"})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": "-1"})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": 1})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": null})),
        ("price.unit_amount", json!({"model": "per_unit", "unit_amount": "0.1234567890123"})),
        ("price.tiers", json!({"model": "per_unit", "unit_amount": "1", "tiers": []})),
        ("price.colour", json!({"model": "per_unit", "unit_amount": "1", "colour": "red"})),
        ("price.tiers", json!({"model": "tiered"})),
        ("price.tiers", tiered(json!([]))),
        ("price.tiers", tiered(json!({}))),
        ("price.tiers[0]", tiered(json!(["5"]))),
        (
            "price.tiers[1].up_to",
            tiered(json!([{"up_to": "5", "unit_amount": "1"}, {"up_to": "5", "unit_amount": "1"}])),
        ),
        (
            "price.tiers[0].up_to",
            tiered(json!([{"up_to": null, "unit_amount": "1"}, {"up_to": "5", "unit_amount": "1"}])),
        ),
        ("price.tiers", tiered(json!(vec![json!({"unit_amount": "1"}); 101]))),
        ("price.tiers[0].up_to", tiered(json!([{"up_to": "x", "unit_amount": "1"}]))),
        ("price.tiers[0].up_to", tiered(json!([{"up_to": "0", "unit_amount": "1"}]))),
        ("price.tiers[1].flat_amount", tiered(json!([{"up_to": "5"}, {"flat_amount": "-0.01"}]))),
        ("price.tiers[0].unit_amount", tiered(json!([{"unit_amount": "1e1"}]))),
        ("price.tiers[0].colour", tiered(json!([{"unit_amount": "1", "colour": "red"}]))),
        ("price.tiers[0].percent", tiered(json!([{"percent": "1"}]))),
        ("price.tiers[0].package_size", json!({"model": "stairstep", "tiers": [{"package_size": "1"}]})),
        ("price.package_size", json!({"model": "package", "package_size": "0", "package_amount": "1"})),
        ("price.minimum_per_record", json!({"model": "percentage", "percent": "1", "minimum_per_record": "-1"})),
        ("price.free_records", json!({"model": "percentage", "percent": "1", "free_records": "3"})),
    ];
    let invalid = [
        ("item_id", json!("nothing")),
        ("feature_id", json!("nothing")),
        ("period.every", json!({"every": 0, "unit": "month"})),
        ("period.every", json!({"every": 4_000_000_000_u32, "unit": "year"})),
        ("billed", json!("in_advance")),
        ("included_usage", json!("-1")),
    ];
    let mut cases = changed("/v1/item-prices", &base, 400, &unreadable);
    cases.extend(changed("/v1/item-prices", &base, 422, &invalid));
    cases
}

fn price_options() -> Vec<Case> {
    let base = json!({
        "item_id": "item-minutes-usd", "currency_code": "USD", "period": {"every": 1, "unit": "month"},
        "metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}
    });
    let tax = |rate: Value| json!({"rates": [rate]});
    let unreadable = [
        ("unit_rounding.multiple_of", json!({"round": "up", "multiple_of": "0"})),
        ("unit_rounding.multiple_of", json!({"round": "up", "multiple_of": "-60"})),
        ("unit_rounding.round", json!({"round": "sideways"})),
        ("unit_rounding", json!("up")),
        ("minimum_amount", json!("1e5")),
        ("minimum_amount", json!("NaN")),
        ("maximum_amount", json!("0.1234567890123")),
        ("maximum_amount", json!({})),
        ("proration", json!("calendar_weeks")),
        ("proration", json!({"basis": "calendar_days", "used": 1, "period": 2})),
        ("tax.rates", json!({"rates": vec![json!({"name": "VAT", "percent": "1"}); 11]})),
        ("tax.rates[0].percent", tax(json!({"name": "VAT", "percent": "-1"}))),
        ("tax.rates[0].percent", tax(json!({"name": "VAT", "percent": "1e2"}))),
        ("tax.rates[0].percent", tax(json!({"name": "VAT"}))),
        ("tax.colour", json!({"rates": [], "colour": "red"})),
        ("tax", json!("19")),
    ];
    let invalid = [
        ("minimum_amount", json!("-0.01")),
        ("maximum_amount", json!("-1")),
        ("tax.rates", json!({"rates": []})),
        ("tax.rates[0].name", tax(json!({"name": "", "percent": "1"}))),
        ("tax.rates[0].name", tax(json!({"name": "a\nb", "percent": "1"}))),
        ("tax.rates[0].name", tax(json!({"name": "x".repeat(51), "percent": "1"}))),
        ("tax.rates[0].percent", tax(json!({"name": "VAT", "percent": "100.000000000001"}))),
        ("tax.rates[1].name", json!({"rates": vec![json!({"name": "VAT", "percent": "1"}); 2]})),
    ];
    let mut cases = changed("/v1/item-prices", &base, 400, &unreadable);
    cases.extend(changed("/v1/item-prices", &base, 422, &invalid));
    for (members, field) in [
        (json!({"metered": false, "proration": "calendar_days"}), "proration"),
        (json!({"period": {"every": 30, "unit": "day"}, "proration": "thirty_day_months"}), "proration"),
        (json!({"price": {"model": "percentage", "percent": "1"}, "unit_rounding": {"round": "up"}}), "unit_rounding"),
    ] {
        cases.push(Case::post("/v1/item-prices", with(&base, members)).refused(422, Some(field)));
    }
    cases
}

fn subscriptions() -> Vec<Case> {
    let base = json!({"customer_id": "acme", "items": [{"item_price_id": "minutes-usd"}]});
    let discounts = |discount: Value| json!([{"item_price_id": "minutes-usd", "discounts": [discount]}]);
    let (off, units) =
        (json!({"discount": "percent", "percent": "1"}), json!({"discount": "free_units", "quantity": "1"}));
    let unreadable = [
        ("id", json!("s#b")),
        ("customer_id", json!(null)),
        ("items", json!({})),
        ("items[0]", json!(["minutes-usd"])),
        ("items[0].item_price_id", json!([{}])),
        ("items[0].item_price_id", json!([{"item_price_id": "a#b"}])),
        ("items[0].colour", json!([{"item_price_id": "minutes-usd", "colour": "red"}])),
        ("items[0].discounts[0].percent", discounts(json!({"discount": "percent", "percent": "100.1"}))),
        ("items[0].discounts[0].percent", discounts(json!({"discount": "percent", "percent": "-1"}))),
        ("items[0].discounts[0].amount", discounts(json!({"discount": "amount", "amount": "-1"}))),
        ("items[0].discounts[0].discount", discounts(json!({"discount": "gift", "amount": "1"}))),
        ("items[0].discounts", json!([{"item_price_id": "minutes-usd", "discounts": vec![off.clone(); 21]}])),
        ("items[0].discounts[1]", json!([{"item_price_id": "minutes-usd", "discounts": [off, units]}])),
        ("start_date", json!({})),
        ("usage_limit", json!(0)),
        ("late_usage", json!("adjust")),
        ("grace_seconds", json!(-1)),
        ("grace_seconds", json!(1e300)),
    ];
    let invalid = [
        ("customer_id", json!("nobody")),
        ("items", json!([])),
        ("items", json!(vec![json!({"item_price_id": "minutes-usd"}); 99])),
        ("items[1].item_price_id", json!([{"item_price_id": "minutes-usd"}, {"item_price_id": "minutes-usd"}])),
        ("items[0].item_price_id", json!([{"item_price_id": "nothing"}])),
        ("items[0].quantity", json!([{"item_price_id": "minutes-usd", "quantity": "2"}])),
        ("items[0].quantity", json!([{"item_price_id": "line-usd", "quantity": "-1"}])),
        ("items[0].quantity", json!([{"item_price_id": "line-usd", "quantity": "1e5"}])),
        ("items[0].included_usage", json!([{"item_price_id": "minutes-usd", "included_usage": "NaN"}])),
        ("start_date", json!("soon")),
        ("start_date", json!("0000-01-01T00:00:00Z")),
        ("start_date", json!("9999-12-31T00:00:00Z")),
        ("start_date", json!("1999-12-31T00:00:00Z")),
        ("grace_seconds", json!(4_320_001)),
        ("cadence", json!({"every": 2, "unit": "month"})),
    ];
    let mut cases = changed("/v1/subscriptions", &base, 400, &unreadable);
    cases.extend(changed("/v1/subscriptions", &base, 422, &invalid));
    cases
}

fn sites_and_keys() -> Vec<Case> {
    let site = json!({"id": "new"});
    let key = json!({"site_id": "site", "scopes": ["read"]});
    let mut cases = changed(
        "/v1/sites",
        &site,
        400,
        &[
            ("id", json!("a#b")),
            ("id", json!(null)),
            ("time_zone", json!("Mars/Olympus")),
            ("time_zone", json!("+02:00")),
            ("rounding", json!("up")),
            ("tax_rounding", json!("per_cent")),
            ("grace_seconds", json!("3600")),
            ("late_usage", json!("bill")),
            ("usage_limit", json!(-1)),
            ("usage_limit", json!("5000")),
            ("clock", json!("2027-01-01T00:00:00Z")),
        ],
    );
    cases.extend(changed(
        "/v1/sites",
        &site,
        422,
        &[("grace_seconds", json!(4_320_001)), ("test_clock", json!("noon")), ("test_clock", json!("0000-01-01"))],
    ));
    cases.extend(changed(
        "/v1/api-keys",
        &key,
        400,
        &[("scopes", json!("read")), ("scopes[0]", json!(["root"])), ("site_id", json!("a#b")), ("id", json!("x"))],
    ));
    cases.extend(changed(
        "/v1/api-keys",
        &key,
        422,
        &[
            ("scopes", json!([])),
            ("site_id", json!("nowhere")),
            ("key", json!("short")),
            ("key", json!("with a space in it")),
            ("key", json!("x".repeat(201))),
            ("expires_at", json!("never")),
        ],
    ));
    cases.into_iter().map(|case| case.key(ROOT_KEY)).collect()
}

fn changes() -> Vec<Case> {
    let patch = |path: &str, body: Value, status, field| {
        Case::post(path, body.to_string()).method(http::Method::PATCH).refused(status, Some(field))
    };
    vec![
        patch("/v1/customers/acme", json!({"id": "other"}), 400, "id"),
        patch("/v1/customers/acme", json!({"name": null}), 400, "name"),
        patch("/v1/item-prices/minutes-usd", json!({"minimum_amount": "-1"}), 422, "minimum_amount"),
        patch("/v1/item-prices/line-usd", json!({"tax": {"rates": []}}), 422, "tax.rates"),
        patch("/v1/item-prices/minutes-usd", json!({"proration": "thirty_days"}), 400, "proration"),
        patch("/v1/sites/site", json!({"tax_rounding": null}), 400, "tax_rounding"),
        patch(
            "/v1/item-prices/minutes-usd",
            json!({"price": {"model": "volume", "tiers": [{}, {"up_to": "5"}]}}),
            400,
            "price.tiers[0].up_to",
        ),
        patch("/v1/item-prices/minutes-usd", json!({"currency_code": "EUR"}), 400, "currency_code"),
        patch("/v1/item-prices/minutes-usd", json!({"included_usage": "-1"}), 422, "included_usage"),
        patch("/v1/sites/site", json!({"id": "other"}), 400, "id"),
        patch("/v1/sites/site", json!({"grace_seconds": null}), 400, "grace_seconds"),
        patch("/v1/sites/site", json!({"test_clock": "2026-01-01T00:00:00Z"}), 422, "test_clock"),
        patch("/v1/subscriptions/sub", json!({"customer_id": "other"}), 400, "customer_id"),
        patch("/v1/subscriptions/sub", json!({"items": null}), 400, "items"),
        patch("/v1/subscriptions/sub", json!({"usage_limit": 5}), 422, "usage_limit"),
    ]
}

#[tokio::test]
async fn a_document_that_is_none_is_refused_by_the_name_of_its_field() {
    let cases = [customers(), item_prices(), price_options(), subscriptions(), sites_and_keys(), changes()];
    refuse_all(&world().await, cases.into_iter().flatten().collect()).await;
}
