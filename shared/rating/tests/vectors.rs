//! Runs all of the worked examples that vendors publish, through the crate's public API.
//!
//! `vectors/rating.json` names its sources. A model that is not mapped below fails the test, and so does a parameter: none
//! is skipped. Where an example states a policy that is not the default, it is rated with that policy.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use chrono::DateTime;
use rating::{
    Aggregation, CapOutcome, CappedAmount, Charge, ChargeInputs, Currency, Measurement, Money, Number, Quantity,
    Rounding, Step, Tax, TaxRounding, Taxable, Window, aggregate, rate_quantity, rate_usage, tax_invoice,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[path = "vectors/shapes.rs"]
mod shapes;

use shapes::*;

const VECTORS: &str = include_str!("vectors/rating.json");

/// How many examples there are of each model.
const RUN: [(&str, usize); 17] = [
    ("aggregation", 4),
    ("capped_charges", 3),
    ("dynamic", 1),
    ("graduated", 30),
    ("graduated_percentage", 9),
    ("incremental_graduated", 1),
    ("invoice_total", 1),
    ("maximum_cap", 1),
    ("minimum_true_up", 4),
    ("package", 4),
    ("per_unit", 9),
    ("percentage", 2),
    ("proration", 5),
    ("stairstep", 1),
    ("unit_rounding", 3),
    ("volume", 13),
    ("weighted_sum", 1),
];

#[test]
fn the_published_examples_come_out_as_published() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let mut run: BTreeMap<&str, usize> = BTreeMap::new();

    for vector in &vectors {
        match vector.model.as_str() {
            "per_unit" => per_unit(vector),
            "graduated" => tiers(vector, "tiered", "unit_amount"),
            "graduated_percentage" => tiers(vector, "graduated_percentage", "percent"),
            "volume" => tiers(vector, "volume", "unit_amount"),
            "stairstep" => tiers(vector, "stairstep", "unit_amount"),
            "incremental_graduated" => incremental(vector),
            "package" => package(vector),
            "percentage" => percentage(vector),
            "dynamic" => dynamic(vector),
            "minimum_true_up" => minimum(vector),
            "maximum_cap" => maximum(vector),
            "proration" => proration(vector),
            "unit_rounding" => unit_rounding(vector),
            "weighted_sum" => weighted_sum(vector),
            "aggregation" => aggregated(vector),
            "capped_charges" => capped(vector),
            "invoice_total" => invoice(vector),
            other => panic!("{}: the model {other} is not known", vector.id),
        }
        *run.entry(&vector.model).or_default() += 1;
    }

    assert_eq!(run, RUN.into());
    assert_eq!(vectors.len(), 92);
}

fn per_unit(vector: &Vector) {
    let params: PerUnitParams = read(vector, &vector.params);
    let inputs = json!({"price": {"model": "per_unit", "unit_amount": params.unit}});
    check(vector, inputs, params.round);
}

fn tiers(vector: &Vector, model: &str, unit: &str) {
    let params: TierParams = read(vector, &vector.params);
    let price = json!({"model": model, "tiers": tier_list(&params.tiers, unit)});
    check(vector, json!({"price": price, "bill_zero_usage": params.zero_usage_bills_first_flat}), None);
}

fn tier_list(tiers: &[VectorTier], unit: &str) -> Vec<Value> {
    tiers.iter().map(|tier| json!({"up_to": tier.up_to, unit: tier.unit, "flat_amount": tier.flat})).collect()
}

fn incremental(vector: &Vector) {
    let params: IncrementalParams = read(vector, &vector.params);
    let price = json!({"model": "tiered", "tiers": tier_list(&params.tiers, "unit_amount")});
    check(vector, json!({"price": price, "already_billed": {"quantity": params.already_billed_quantity}}), None);
}

fn package(vector: &Vector) {
    let params: PackageParams = read(vector, &vector.params);
    let price =
        json!({"model": "package", "package_size": params.package_size, "package_amount": params.package_price});
    check(vector, json!({"price": price, "included_usage": params.free_units}), None);
}

/// In these examples 0 says that nothing is free.
fn percentage(vector: &Vector) {
    let params: PercentageParams = read(vector, &vector.params);
    let mut price = json!({"model": "percentage", "percent": params.rate_percent,
        "amount_per_record": params.fixed_per_event});
    if params.free_events > 0 {
        price["free_records"] = params.free_events.into();
    }
    if params.free_amount != "0" {
        price["free_amount"] = params.free_amount.into();
    }
    let usage: TransactionUsage = read(vector, &vector.usage);
    let record = |(&quantity, date_ms)| Measurement::new(date_ms, None, quantity);
    check_records(vector, json!({"price": price}), &usage.transactions.iter().zip(0..).map(record).collect::<Vec<_>>());
}

fn dynamic(vector: &Vector) {
    let NoParams {} = read(vector, &vector.params);
    let usage: AmountUsage = read(vector, &vector.usage);
    let record = |amount: &String| Measurement {
        amount: Some(amount.parse().unwrap()),
        ..Measurement::new(0, None, Quantity::ONE)
    };
    let records: Vec<_> = usage.event_amounts.iter().map(record).collect();
    check_records(vector, json!({"price": {"model": "dynamic"}}), &records);
}

/// What lifts a line to its minimum is a step of its own.
fn minimum(vector: &Vector) {
    let params: MinimumParams = read(vector, &vector.params);
    let usage: RatedUsage = read(vector, &vector.usage);
    let price = json!({"model": "flat_fee", "amount": usage.rated_amount});
    let charge = agreed(vector, json!({"price": price, "minimum_amount": params.minimum}));
    let true_up = charge.steps.iter().find_map(|step| match step {
        Step::Minimum { amount, .. } => Some(amount.clone()),
        _ => None,
    });
    assert_eq!(true_up.unwrap_or_default(), number(&vector.expected_amount), "{}", vector.id);
    assert_eq!(charge.unrounded, number(&params.minimum).max(number(&usage.rated_amount)), "{}", vector.id);
}

/// 22 more units at 1, after a charge of 160.
fn maximum(vector: &Vector) {
    let params: MaximumParams = read(vector, &vector.params);
    let usage: RatedUsage = read(vector, &vector.usage);
    let inputs = json!({"price": {"model": "per_unit", "unit_amount": "1"}, "maximum_amount": params.maximum,
        "already_billed": {"quantity": "0", "amount": params.already_billed_amount}});
    check_records(vector, inputs, &[Measurement::new(0, None, usage.rated_amount.parse().unwrap())]);
}

/// The one example over 30 days narrates July: only months of 30 days give its figure.
fn proration(vector: &Vector) {
    let params: ProrationParams = read(vector, &vector.params);
    let basis = if params.days_in_period == 30 { "thirty_day_months" } else { "calendar_days" };
    let inputs = json!({"price": {"model": "flat_fee", "amount": params.amount},
        "proration": {"basis": basis, "used": params.days_used, "period": params.days_in_period}});
    let charge = agreed(vector, inputs);
    assert_eq!(rounding(&params.round, charge.amount.currency()), Rounding::HalfAwayFromZero);
    assert_eq!(charge.amount.to_string(), vector.expected_amount, "{}", vector.id);
}

/// So many digits after the point are a multiple of ten to a negative power.
fn unit_rounding(vector: &Vector) {
    let params: RoundParams = read(vector, &vector.params);
    assert_eq!(params.round.mode, "half_up");
    let multiple_of = match params.round.dp {
        0 => "1",
        2 => "0.01",
        -1 => "10",
        other => panic!("{}: {other} digits", vector.id),
    };
    let usage: QuantityUsage = read(vector, &vector.usage);
    let inputs = json!({"price": {"model": "per_unit", "unit_amount": "1"}, "currency_code": "USD",
        "unit_rounding": {"round": "nearest", "multiple_of": multiple_of}});
    let charge = rate_quantity(&read(vector, &inputs), usage.quantity).unwrap();
    assert_eq!(charge.billable, number(&vector.expected_amount), "{}", vector.id);
    assert_eq!(charge.unrounded, charge.billable);
}

fn weighted_sum(vector: &Vector) {
    let params: WeightedParams = read(vector, &vector.params);
    assert_eq!(params.unit, "1");
    let (start_ms, end_ms) = (millis(&params.period_start), millis(&params.period_end));
    let window = Window::new(start_ms, end_ms, params.initial);
    let usage: DeltaUsage = read(vector, &vector.usage);
    let records = usage.deltas.iter().map(|delta| Measurement::new(millis(&delta.ts), None, delta.value));
    let quantity = aggregate(Aggregation::WeightedSum, Some(&window), records).unwrap();
    assert_eq!(quantity, number(vector.expected_exact.as_ref().unwrap()), "{}", vector.id);
    let published = number(&vector.expected_amount);
    let error = quantity.subtract(&published).max(published.subtract(&quantity));
    assert!(error <= number("0.00000000005"), "{}: published to ten digits", vector.id);
}

fn aggregated(vector: &Vector) {
    let params: AggregationParams = read(vector, &vector.params);
    let field = match params.aggregation {
        Aggregation::Count => None,
        Aggregation::UniqueCount => Some("user"),
        _ => Some("value"),
    };
    assert_eq!(params.field.as_deref(), field, "{}", vector.id);
    let usage: EventUsage = read(vector, &vector.usage);
    let records = usage.events.iter().map(|event| Measurement {
        unique_value: Some(&event.user),
        ..Measurement::new(millis(&event.ts), None, event.value)
    });
    let quantity = aggregate(params.aggregation, None, records).unwrap();
    assert_eq!(quantity, number(&vector.expected_amount), "{}", vector.id);
}

/// What is left of a capped amount; a charge beyond it is refused whole.
fn capped(vector: &Vector) {
    let params: CapParams = read(vector, &vector.params);
    let usage: ChargesUsage = read(vector, &vector.usage);
    let money = |text: &str| Money::round(&number(text), currency(vector), Rounding::default()).unwrap();
    let capped = usage.charges.iter().fold(CappedAmount::new(money(&params.cap)), |capped, charge| {
        match capped.charge(money(charge)).unwrap() {
            CapOutcome::Accepted(after) => after,
            CapOutcome::Refused { balance_remaining } => {
                assert_eq!(vector.id, "shoplazza-cap-overflow");
                assert_eq!(balance_remaining, capped.balance_remaining());
                capped
            }
        }
    });
    assert_eq!(capped.balance_remaining(), money(&vector.expected_amount), "{}", vector.id);
}

fn invoice(vector: &Vector) {
    let params: InvoiceParams = read(vector, &vector.params);
    let currency = currency(vector);
    let rounding = rounding(&params.round, currency);
    let money = |text: &String| Money::round(&number(text), currency, rounding).unwrap();
    let lines: Vec<Money> = params.lines.iter().map(money).collect();

    let usage: MinutesUsage = read(vector, &vector.usage);
    let inputs = json!({"price": {"model": "per_unit", "unit_amount": usage.unit}, "currency_code": vector.currency});
    let minutes = rate_usage(&read(vector, &inputs), &[Measurement::new(0, None, usage.quantity)]).unwrap().unwrap();
    assert_eq!(Some(&minutes.amount), lines.last());

    let tax: Tax = read(vector, &json!({"rates": [{"name": "tax", "percent": params.tax_percent}]}));
    let taxable: Vec<_> = lines.iter().map(|&amount| Taxable { amount, tax: Some(&tax) }).collect();
    for per in [TaxRounding::PerLine, TaxRounding::PerInvoice] {
        let total = tax_invoice(&taxable, currency, per, rounding).unwrap();
        assert_eq!(total.gross.to_string(), vector.expected_amount, "{}", vector.id);
    }
}

/// Rates the one quantity of a vector; without a rounding the exact amount is what was published.
fn check(vector: &Vector, mut inputs: Value, round: Option<Round>) {
    let usage: QuantityUsage = read(vector, &vector.usage);
    let record = Measurement::new(0, None, usage.quantity);
    let Some(round) = round else { return check_records(vector, inputs, &[record]) };
    inputs["rounding"] = json!(rounding(&round, currency(vector)));
    let charge = metered(vector, inputs, &[record]);
    assert_eq!(charge.amount.to_string(), vector.expected_amount, "{}", vector.id);
    if let Some(exact) = &vector.expected_exact {
        assert_eq!(charge.unrounded, number(exact), "{}", vector.id);
    }
}

fn check_records(vector: &Vector, inputs: Value, records: &[Measurement]) {
    let charge = metered(vector, inputs, records);
    assert_eq!(charge.unrounded, number(&vector.expected_amount), "{}", vector.id);
}

fn metered(vector: &Vector, mut inputs: Value, records: &[Measurement]) -> Charge {
    inputs["currency_code"] = json!(vector.currency);
    let charge = rate_usage(&read(vector, &inputs), records).unwrap().unwrap();
    let stored = serde_json::to_string(&charge).unwrap();
    let read: Charge = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored, "{}", vector.id);
    charge
}

fn agreed(vector: &Vector, mut inputs: Value) -> Charge {
    inputs["currency_code"] = json!(vector.currency);
    rate_quantity(&read::<ChargeInputs>(vector, &inputs), Quantity::ONE).unwrap()
}

fn currency(vector: &Vector) -> Currency {
    vector.currency.parse().unwrap()
}

fn millis(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn rounding(round: &Round, currency: Currency) -> Rounding {
    assert_eq!(round.dp, currency.minor_digits());
    match round.mode.as_str() {
        "half_up" => Rounding::HalfAwayFromZero,
        "half_even" => Rounding::HalfEven,
        other => panic!("unknown rounding {other}"),
    }
}

fn read<T: DeserializeOwned>(vector: &Vector, value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{}: {error}", vector.id))
}

fn number(text: &str) -> Number {
    text.parse().unwrap()
}
