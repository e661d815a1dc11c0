//! Runs the worked examples that vendors publish, as far as their models are here.
//!
//! `vectors/rating.json` names its sources. Every vector is either run or counted by the name of its model, so that
//! none is skipped unnoticed; a parameter that is not mapped below fails the test.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use rating::{
    Aggregation, Charge, ChargeInputs, Currency, Measurement, Number, Price, Quantity, Rounding, aggregate, rate_usage,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("vectors/rating.json");

const RUN: [(&str, usize); 6] =
    [("aggregation", 2), ("graduated", 30), ("package", 4), ("per_unit", 9), ("stairstep", 1), ("volume", 13)];

const NOT_COVERED_YET: [(&str, usize); 13] = [
    ("aggregation count", 1),
    ("aggregation unique_count", 1),
    ("capped_charges", 3),
    ("dynamic", 1),
    ("graduated_percentage", 9),
    ("incremental_graduated", 1),
    ("invoice_total", 1),
    ("maximum_cap", 1),
    ("minimum_true_up", 4),
    ("percentage", 2),
    ("proration", 5),
    ("unit_rounding", 3),
    ("weighted_sum", 1),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    model: String,
    params: Value,
    usage: Value,
    expected_amount: String,
    expected_exact: Option<String>,
    currency: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "note")]
    _note: String,
    #[serde(rename = "basis")]
    _basis: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerUnitParams {
    unit: String,
    round: Option<Round>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierParams {
    tiers: Vec<VectorTier>,
    #[serde(default)]
    zero_usage_bills_first_flat: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorTier {
    up_to: Option<String>,
    unit: String,
    flat: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageParams {
    package_size: String,
    package_price: String,
    free_units: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AggregationParams {
    aggregation: String,
    field: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    dp: u8,
    mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuantityUsage {
    quantity: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventUsage {
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    ts: String,
    value: Quantity,
    user: String,
}

#[test]
fn the_published_examples_come_out_as_published() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let mut run: BTreeMap<String, usize> = BTreeMap::new();
    let mut not_covered: BTreeMap<String, usize> = BTreeMap::new();

    for vector in &vectors {
        match vector.model.as_str() {
            "per_unit" => per_unit(vector),
            "graduated" => tiers(vector, "tiered"),
            "volume" => tiers(vector, "volume"),
            "stairstep" => tiers(vector, "stairstep"),
            "package" => package(vector),
            "aggregation" => {
                let params: AggregationParams = read(vector, &vector.params);
                let Some(aggregation) = aggregation(&params) else {
                    *not_covered.entry(format!("aggregation {}", params.aggregation)).or_default() += 1;
                    continue;
                };
                aggregated(vector, aggregation);
            }
            other => {
                *not_covered.entry(other.to_owned()).or_default() += 1;
                continue;
            }
        }
        *run.entry(vector.model.clone()).or_default() += 1;
    }

    let counts = |counts: &[(&str, usize)]| counts.iter().map(|(name, count)| (name.to_string(), *count)).collect();
    assert_eq!(run, counts(&RUN));
    assert_eq!(not_covered, counts(&NOT_COVERED_YET));
    assert_eq!(run.values().chain(not_covered.values()).sum::<usize>(), vectors.len());
}

fn per_unit(vector: &Vector) {
    let params: PerUnitParams = read(vector, &vector.params);
    let price = price(vector, json!({"model": "per_unit", "unit_amount": params.unit}));
    check(vector, &price, Quantity::ZERO, false, params.round);
}

fn tiers(vector: &Vector, model: &str) {
    let params: TierParams = read(vector, &vector.params);
    let tier = |tier: &VectorTier| json!({"up_to": tier.up_to, "unit_amount": tier.unit, "flat_amount": tier.flat});
    let tiers: Vec<Value> = params.tiers.iter().map(tier).collect();
    let price = price(vector, json!({"model": model, "tiers": tiers}));
    check(vector, &price, Quantity::ZERO, params.zero_usage_bills_first_flat, None);
}

fn package(vector: &Vector) {
    let params: PackageParams = read(vector, &vector.params);
    let price = price(
        vector,
        json!({"model": "package", "package_size": params.package_size, "package_amount": params.package_price}),
    );
    check(vector, &price, params.free_units, false, None);
}

fn aggregation(params: &AggregationParams) -> Option<Aggregation> {
    assert!(params.aggregation == "count" || params.field.is_some());
    match params.aggregation.as_str() {
        "sum" => Some(Aggregation::Sum),
        "last" => Some(Aggregation::Last),
        "max" => Some(Aggregation::Max),
        _ => None,
    }
}

/// The examples that are run aggregate the field `value`.
fn aggregated(vector: &Vector, aggregation: Aggregation) {
    assert_eq!(vector.params["field"], "value", "{}", vector.id);
    let usage: EventUsage = read(vector, &vector.usage);
    let records = usage.events.iter().map(|event| {
        // The digits of a date in UTC are in the order of time, which is all that counts here.
        let digits: String = event.ts.chars().filter(char::is_ascii_digit).collect();
        Measurement { date_ms: digits.parse().unwrap(), id: Some(&event.user), quantity: event.value }
    });
    let quantity = aggregate(aggregation, records).unwrap();
    assert_eq!(quantity, number(&vector.expected_amount), "{}", vector.id);
}

/// Rates the one quantity of a vector; without a rounding the exact amount is what was published.
fn check(vector: &Vector, price: &Price, included: Quantity, bill_zero_usage: bool, round: Option<Round>) {
    let usage: QuantityUsage = read(vector, &vector.usage);
    let currency: Currency = vector.currency.parse().unwrap();
    let inputs = ChargeInputs {
        price,
        aggregation: Aggregation::Sum,
        included,
        bill_zero_usage,
        currency,
        rounding: round.as_ref().map_or(Rounding::default(), |round| rounding(round, currency)),
    };
    let record = Measurement { date_ms: 0, id: None, quantity: usage.quantity };
    let charge = rate_usage(&inputs, &[record]).unwrap().unwrap();

    match round {
        Some(_) => assert_eq!(charge.amount.to_string(), vector.expected_amount, "{}", vector.id),
        None => assert_eq!(charge.unrounded, number(&vector.expected_amount), "{}", vector.id),
    }
    if let Some(exact) = &vector.expected_exact {
        assert_eq!(charge.unrounded, number(exact), "{}", vector.id);
    }
    let stored = serde_json::to_string(&charge).unwrap();
    let read: Charge = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored, "{}", vector.id);
}

fn rounding(round: &Round, currency: Currency) -> Rounding {
    assert_eq!(round.dp, currency.minor_digits());
    match round.mode.as_str() {
        "half_up" => Rounding::HalfAwayFromZero,
        "half_even" => Rounding::HalfEven,
        other => panic!("unknown rounding {other}"),
    }
}

fn price(vector: &Vector, json: Value) -> Price {
    serde_json::from_value(json).unwrap_or_else(|error| panic!("{}: {error}", vector.id))
}

fn read<T: DeserializeOwned>(vector: &Vector, value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{}: {error}", vector.id))
}

fn number(text: &str) -> Number {
    text.parse().unwrap()
}
