//! What a quantity costs by a price.

use num_rational::BigRational;
use num_traits::Zero;
use serde_json::Value;

use crate::decimal::door;
use crate::grammar::Record;

/// An amount, and the part of it that depends on no quantity.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The amount.
    pub amount: BigRational,
    /// The part.
    pub flat: BigRational,
}

impl Cost {
    /// Nothing.
    pub fn nothing() -> Cost {
        Cost { amount: BigRational::zero(), flat: BigRational::zero() }
    }

    fn metered(amount: BigRational) -> Cost {
        Cost { amount, flat: BigRational::zero() }
    }
}

/// A number of JSON that stands for a decimal; 0 where there is none.
pub fn figure(field: &Value) -> BigRational {
    field.as_str().and_then(door).unwrap_or_else(BigRational::zero)
}

/// Says whether a field is there.
pub fn is_said(field: &Value) -> bool {
    !field.is_null()
}

/// One hundredth.
pub fn hundredth() -> BigRational {
    BigRational::new(1.into(), 100.into())
}

/// Prices a quantity or the records that make it up; None where there is no price for it.
pub fn cost(price: &Value, quantity: &BigRational, records: Option<&[Record]>) -> Option<Cost> {
    let model = price["model"].as_str()?;
    let flat = |amount: BigRational| Cost { flat: amount.clone(), amount };
    Some(match model {
        "flat_fee" => flat(figure(&price["amount"])),
        "per_unit" => Cost::metered(quantity * figure(&price["unit_amount"])),
        "package" => {
            let packages = (quantity / figure(&price["package_size"])).ceil();
            Cost::metered(packages * figure(&price["package_amount"]))
        }
        "tiered" | "graduated_percentage" => graduated(&price["tiers"], quantity)?,
        "volume" | "stairstep" => by_volume(&price["tiers"], quantity)?,
        "percentage" => Cost::metered(percentage(price, quantity, records)),
        "dynamic" => Cost::metered(dynamic(price, records?)?),
        _ => return None,
    })
}

/// What nothing costs where that is billed.
pub fn zero_usage(price: &Value) -> Cost {
    let amount = match price["model"].as_str() {
        Some("flat_fee") => figure(&price["amount"]),
        Some("tiered" | "volume" | "stairstep" | "graduated_percentage") => figure(&price["tiers"][0]["flat_amount"]),
        _ => BigRational::zero(),
    };
    Cost { flat: amount.clone(), amount }
}

fn tier_cost(tier: &Value, units: BigRational) -> Cost {
    let flat = figure(&tier["flat_amount"]);
    let units = if is_said(&tier["package_size"]) { (units / figure(&tier["package_size"])).ceil() } else { units };
    let each = figure(&tier["unit_amount"]) + figure(&tier["percent"]) * hundredth();
    Cost { amount: units * each + &flat, flat }
}

fn graduated(tiers: &Value, quantity: &BigRational) -> Option<Cost> {
    let mut sum = Cost::nothing();
    let mut from = BigRational::zero();
    for tier in tiers.as_array()? {
        if *quantity <= from {
            return Some(sum);
        }
        let to = is_said(&tier["up_to"]).then(|| figure(&tier["up_to"]));
        let end = to.clone().map_or_else(|| quantity.clone(), |to| to.min(quantity.clone()));
        let cost = tier_cost(tier, end - &from);
        sum = Cost { amount: sum.amount + cost.amount, flat: sum.flat + cost.flat };
        from = to.unwrap_or_else(|| quantity.clone());
    }
    (*quantity <= from).then_some(sum)
}

fn by_volume(tiers: &Value, quantity: &BigRational) -> Option<Cost> {
    if quantity.is_zero() {
        return Some(Cost::nothing());
    }
    let lies_in = |tier: &&Value| !is_said(&tier["up_to"]) || *quantity <= figure(&tier["up_to"]);
    tiers.as_array()?.iter().find(lies_in).map(|tier| tier_cost(tier, quantity.clone()))
}

/// Record by record, the first ones by date free.
fn percentage(price: &Value, quantity: &BigRational, records: Option<&[Record]>) -> BigRational {
    let mut records: Vec<(i64, Option<&str>, BigRational)> = match records {
        Some(records) => {
            let money = |record: &Record| door(&record.quantity).unwrap_or_else(BigRational::zero);
            records.iter().map(|record| (record.date_ms, record.id.as_deref(), money(record))).collect()
        }
        None if quantity.is_zero() => Vec::new(),
        None => vec![(0, None, quantity.clone())],
    };
    records.sort();
    let mut free_records = price["free_records"].as_u64();
    let mut free_amount = is_said(&price["free_amount"]).then(|| figure(&price["free_amount"]));
    let mut is_free = free_records.is_some() || free_amount.is_some();
    let mut sum = BigRational::zero();
    for (_, _, mut money) in records {
        is_free &= free_records != Some(0);
        if is_free {
            let free = free_amount.clone().map_or_else(|| money.clone(), |left| left.min(money.clone()));
            money -= &free;
            free_amount = free_amount.map(|left| left - free);
            free_records = free_records.map(|left| left - 1);
            if money.is_zero() {
                continue;
            }
            is_free = false;
        }
        let mut amount = figure(&price["percent"]) * hundredth() * money + figure(&price["amount_per_record"]);
        if is_said(&price["minimum_per_record"]) {
            amount = amount.max(figure(&price["minimum_per_record"]));
        }
        if is_said(&price["maximum_per_record"]) {
            amount = amount.min(figure(&price["maximum_per_record"]));
        }
        sum += amount;
    }
    sum
}

/// None where a record says no amount.
fn dynamic(price: &Value, records: &[Record]) -> Option<BigRational> {
    let mut sum = BigRational::zero();
    for record in records {
        sum += door(record.amount.as_deref()?)?;
    }
    let is_multiplied = is_said(&price["multiplier"]);
    Some(if is_multiplied { sum * figure(&price["multiplier"]) } else { sum })
}
