//! What a charge amounts to.

use std::collections::HashSet;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use serde_json::Value;

use crate::decimal::door;
use crate::grammar::Record;
use crate::models::{Cost, cost, figure, hundredth, is_said, zero_usage};

/// What rating must come to.
#[derive(Debug)]
pub struct Expected {
    /// What was used.
    pub total: BigRational,
    /// What is charged for.
    pub billable: BigRational,
    /// The exact amount.
    pub amount: BigRational,
}

/// What is charged.
#[derive(Debug)]
pub enum Outcome {
    /// There is an answer.
    Charged(Expected),
    /// There is nothing to charge.
    NoCharge,
    /// There is no price for that.
    Refused,
}

/// Rates metered records; `inputs` are not contradictory.
pub fn rate_usage(inputs: &Value, records: &[Record]) -> Outcome {
    let is_held = inputs["aggregation"] == "weighted_sum" && !figure(&inputs["window"]["carried_over"]).is_zero();
    let is_charged_anyway =
        inputs["bill_zero_usage"] == true || !figure(&inputs["minimum_amount"]).is_zero() || is_held;
    if records.is_empty() && !is_charged_anyway {
        return Outcome::NoCharge;
    }
    let charged = aggregate(inputs, records).and_then(|total| charge(inputs, total, Some(records)));
    charged.map_or(Outcome::Refused, Outcome::Charged)
}

/// Rates an agreed quantity; None where there is no price for it.
pub fn rate_quantity(inputs: &Value, quantity: &str) -> Option<Expected> {
    charge(inputs, door(quantity)?, None)
}

fn aggregate(inputs: &Value, records: &[Record]) -> Option<BigRational> {
    let quantity = |record: &Record| door(&record.quantity).unwrap_or_else(BigRational::zero);
    let quantities = records.iter().map(quantity);
    let aggregation = inputs["aggregation"].as_str()?;
    if aggregation != "weighted_sum" && quantities.clone().any(|quantity| quantity.is_negative()) {
        return None;
    }
    Some(match aggregation {
        "sum" => quantities.fold(BigRational::zero(), |sum, quantity| sum + quantity),
        "max" => quantities.max().unwrap_or_else(BigRational::zero),
        "last" => {
            let key = |record: &&Record| (record.date_ms, record.id.clone(), quantity(record));
            records.iter().max_by_key(key).map_or_else(BigRational::zero, quantity)
        }
        "count" => BigRational::from_integer(records.len().into()),
        "unique_count" => {
            let values: Option<HashSet<&str>> = records.iter().map(|record| record.unique_value.as_deref()).collect();
            BigRational::from_integer(values?.len().into())
        }
        "weighted_sum" => {
            let window = &inputs["window"];
            let (start, end) = (window["start_ms"].as_i64()?, window["end_ms"].as_i64()?);
            let milliseconds = |from: i64, to: i64| BigRational::from_integer((to - from).into());
            let mut held = figure(&window["carried_over"]) * milliseconds(start, end);
            for record in records {
                if record.date_ms < start || record.date_ms >= end {
                    return None;
                }
                held += quantity(record) * milliseconds(record.date_ms, end);
            }
            (held / milliseconds(start, end)).max(BigRational::zero())
        }
        _ => return None,
    })
}

/// Every stage after the aggregation, up to the exact amount.
fn charge(inputs: &Value, total: BigRational, records: Option<&[Record]>) -> Option<Expected> {
    if total.is_negative() {
        return None;
    }
    let billed = &inputs["already_billed"];
    let before = figure(&billed["quantity"]);
    let after = &before + &total;
    let (before, after) = (billable(inputs, before), billable(inputs, after));

    let mut charged = priced_between(inputs, &before, &after, records)?;
    charged.amount = prorated(inputs, &charged, records.is_some());
    let amount = discounted(inputs, charged.amount, &before, &after, records)?;
    let amount = limited(inputs, amount, &figure(&billed["amount"]));
    Some(Expected { total, billable: after - before, amount })
}

/// What is beyond the included quantity, in whole units where that is asked for.
fn billable(inputs: &Value, quantity: BigRational) -> BigRational {
    let beyond = (quantity - figure(&inputs["included_usage"])).max(BigRational::zero());
    let rounding = &inputs["unit_rounding"];
    let multiple_of = figure(&rounding["multiple_of"]);
    let times = |beyond: &BigRational| beyond / &multiple_of;
    match rounding["round"].as_str() {
        Some("up") => times(&beyond).ceil() * multiple_of,
        Some("down") => times(&beyond).floor() * multiple_of,
        Some("nearest") => (times(&beyond) + BigRational::new(1.into(), 2.into())).floor() * multiple_of,
        _ => beyond,
    }
}

fn priced_between(
    inputs: &Value,
    before: &BigRational,
    after: &BigRational,
    records: Option<&[Record]>,
) -> Option<Cost> {
    if !is_said(&inputs["already_billed"]) {
        return priced(inputs, after, records);
    }
    let price = &inputs["price"];
    let (earlier, now) = (cost(price, before, None)?, cost(price, after, None)?);
    Some(Cost { amount: now.amount - earlier.amount, flat: now.flat - earlier.flat })
}

fn priced(inputs: &Value, quantity: &BigRational, records: Option<&[Record]>) -> Option<Cost> {
    let price = &inputs["price"];
    let is_per_record = price["model"] == "percentage" || price["model"] == "dynamic";
    if !quantity.is_zero() || is_per_record {
        return cost(price, quantity, records);
    }
    match (inputs["bill_zero_usage"] == true, records) {
        (true, _) => Some(zero_usage(price)),
        (false, Some(_)) => Some(Cost::nothing()),
        (false, None) => cost(price, quantity, None),
    }
}

fn prorated(inputs: &Value, charged: &Cost, is_metered: bool) -> BigRational {
    let proration = &inputs["proration"];
    let Some((used, period)) = proration["used"].as_u64().zip(proration["period"].as_u64()) else {
        return charged.amount.clone();
    };
    let whole = if is_metered { &charged.flat } else { &charged.amount };
    &charged.amount - whole + whole * BigRational::new(used.into(), period.into())
}

fn discounted(
    inputs: &Value,
    mut amount: BigRational,
    before: &BigRational,
    after: &BigRational,
    records: Option<&[Record]>,
) -> Option<BigRational> {
    let worth = |quantity: &BigRational| {
        priced(inputs, quantity, records).map(|charged| prorated(inputs, &charged, records.is_some()))
    };
    let mut end = after.clone();
    for discount in inputs["discounts"].as_array().into_iter().flatten() {
        let off = match discount["discount"].as_str()? {
            "free_units" => {
                let charged = (&end - figure(&discount["quantity"])).max(before.clone());
                let off = (worth(&end)? - worth(&charged)?).max(BigRational::zero());
                end = charged;
                off
            }
            "percent" => &amount * figure(&discount["percent"]) * hundredth(),
            _ => figure(&discount["amount"]),
        };
        amount = (&amount - off).max(BigRational::zero());
    }
    Some(amount)
}

fn limited(inputs: &Value, mut amount: BigRational, billed: &BigRational) -> BigRational {
    if is_said(&inputs["minimum_amount"]) {
        amount = amount.max(figure(&inputs["minimum_amount"]) - billed);
    }
    if is_said(&inputs["maximum_amount"]) {
        amount = amount.min((figure(&inputs["maximum_amount"]) - billed).max(BigRational::zero()));
    }
    if is_said(&inputs["balance_remaining"]) {
        amount = amount.min(figure(&inputs["balance_remaining"]));
    }
    amount
}

/// The whole minor units that an amount is rounded to, which is not negative.
pub fn rounded(inputs: &Value, amount: &BigRational) -> BigInt {
    let digits = match inputs["currency_code"].as_str() {
        Some("JPY") => 0,
        Some("KWD") => 3,
        Some("CLF") => 4,
        _ => 2,
    };
    let exact = amount * BigRational::from_integer(BigInt::from(10).pow(digits));
    let below = exact.floor().to_integer();
    let twice = (exact - BigRational::from_integer(below.clone())) * BigInt::from(2);
    let one = BigRational::from_integer(1.into());
    let is_even = (&below % BigInt::from(2)).is_zero();
    let goes_up = twice > one || (twice == one && !(inputs["rounding"] == "half_even" && is_even));
    below + BigInt::from(u8::from(goes_up))
}
