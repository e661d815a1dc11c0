//! Bytes to prices, inputs and records that rating accepts.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

use crate::decimal::door;

/// A usage record, as text.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it was used.
    pub date_ms: i64,
    /// What tells it from others at the same instant.
    pub id: Option<String>,
    /// How much was used.
    pub quantity: String,
    /// What is counted once.
    pub unique_value: Option<String>,
    /// What it costs.
    pub amount: Option<String>,
}

/// What makes the text of a field.
type Make = fn(&mut Unstructured) -> Result<String>;

/// A number of the door that is not negative, small or as great as there may be.
pub fn decimal(u: &mut Unstructured) -> Result<String> {
    let integer: u64 = match u.int_in_range(0..=3)? {
        0 => u.int_in_range(0..=1)?,
        1 => u.int_in_range(0..=20)?,
        2 => u.int_in_range(0..=100_000)?,
        _ => u.int_in_range(0..=999_999_999_999_999)?,
    };
    let digits: usize = match u.int_in_range(0..=2)? {
        0 => 0,
        1 => u.int_in_range(1..=2)?,
        _ => u.int_in_range(1..=12)?,
    };
    let fraction: u64 = if digits == 0 { 0 } else { u.int_in_range(0..=999_999_999_999)? };
    Ok(match digits {
        0 => integer.to_string(),
        _ => format!("{integer}.{}", &format!("{fraction:012}")[..digits]),
    })
}

fn positive(u: &mut Unstructured) -> Result<String> {
    let text = decimal(u)?;
    Ok(if text.trim_matches(['0', '.']).is_empty() { "1".to_owned() } else { text })
}

/// At most a hundred.
fn percent(u: &mut Unstructured) -> Result<String> {
    Ok(if u.ratio(1, 8)? {
        "100".to_owned()
    } else {
        format!("{}.{}", u.int_in_range(0..=99)?, u.int_in_range(0..=999)?)
    })
}

fn maybe(u: &mut Unstructured, fields: &mut Value, name: &str, make: Make) -> Result<()> {
    if u.arbitrary()? {
        fields[name] = make(u)?.into();
    }
    Ok(())
}

/// Up to seven tiers in ascending order, with those of the optional fields that the model knows.
fn tiers(u: &mut Unstructured, fields: &[(&str, Make)]) -> Result<Value> {
    let mut bounds = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        bounds.push(positive(u)?);
    }
    bounds.sort_by_key(|bound| door(bound));
    bounds.dedup_by_key(|bound| door(bound));
    let is_open = bounds.is_empty() || u.arbitrary()?;
    let up_to = bounds.into_iter().map(Some).chain(is_open.then_some(None));
    let mut tiers = Vec::new();
    for up_to in up_to {
        let mut tier = json!({"up_to": up_to});
        for (name, make) in fields {
            maybe(u, &mut tier, name, *make)?;
        }
        tiers.push(tier);
    }
    Ok(tiers.into())
}

/// A price of any model.
pub fn price(u: &mut Unstructured) -> Result<Value> {
    let units: [(&str, Make); 3] = [("unit_amount", decimal), ("flat_amount", decimal), ("package_size", positive)];
    Ok(match u.int_in_range(0..=10)? {
        0 => json!({"model": "flat_fee", "amount": decimal(u)?}),
        1 => json!({"model": "per_unit", "unit_amount": decimal(u)?}),
        2 => json!({"model": "tiered", "tiers": tiers(u, &units)?}),
        3 | 4 => json!({"model": "tiered", "tiers": tiers(u, &units[..2])?}),
        5 => json!({"model": "volume", "tiers": tiers(u, &units)?}),
        6 => json!({"model": "stairstep", "tiers": tiers(u, &units[1..2])?}),
        7 => json!({"model": "package", "package_size": positive(u)?, "package_amount": decimal(u)?}),
        8 => {
            let mut price = json!({"model": "percentage", "percent": percent(u)?});
            for name in ["amount_per_record", "free_amount", "minimum_per_record", "maximum_per_record"] {
                maybe(u, &mut price, name, decimal)?;
            }
            if u.arbitrary()? {
                price["free_records"] = u.int_in_range(0..=5_u64)?.into();
            }
            price
        }
        9 => json!({"model": "graduated_percentage",
            "tiers": tiers(u, &[("percent", percent), ("flat_amount", decimal)])?}),
        _ => {
            let mut price = json!({"model": "dynamic"});
            maybe(u, &mut price, "multiplier", positive)?;
            price
        }
    })
}

/// Inputs of a charge; they may contradict each other.
pub fn inputs(u: &mut Unstructured) -> Result<Value> {
    let price = price(u)?;
    let currency = *u.choose(&["USD", "JPY", "KWD", "CLF"])?;
    let mut inputs = json!({"price": price, "currency_code": currency});
    let aggregations = ["sum", "sum", "last", "max", "count", "unique_count", "weighted_sum"];
    inputs["aggregation"] = (*u.choose(&aggregations)?).into();
    inputs["rounding"] = (*u.choose(&["half_away_from_zero", "half_even"])?).into();
    inputs["bill_zero_usage"] = u.arbitrary::<bool>()?.into();
    if u.ratio(7, 8)? {
        inputs["window"] = json!({"start_ms": 0, "end_ms": u.int_in_range(1..=10)?, "carried_over": decimal(u)?});
    }
    // Seven more, each of them seldom enough that plain charges are tried, too.
    let asked: u8 = u.arbitrary()?;
    let is_asked = |bit: u8| asked & (1 << bit) != 0;
    if is_asked(0) {
        inputs["included_usage"] = decimal(u)?.into();
    }
    if is_asked(1) {
        inputs["already_billed"] = json!({"quantity": decimal(u)?, "amount": decimal(u)?});
    }
    if is_asked(2) {
        let round = *u.choose(&["up", "down", "nearest"])?;
        inputs["unit_rounding"] = json!({"round": round, "multiple_of": positive(u)?});
    }
    if is_asked(3) {
        let period = u.int_in_range(1..=12_u64)? * 30;
        let basis = *u.choose(&["calendar_seconds", "calendar_days", "thirty_day_months"])?;
        inputs["proration"] = json!({"basis": basis, "used": u.int_in_range(0..=period)?, "period": period});
    }
    if is_asked(4) {
        inputs["discounts"] = discounts(u)?;
    }
    if is_asked(5) {
        for name in ["minimum_amount", "maximum_amount", "balance_remaining"] {
            maybe(u, &mut inputs, name, decimal)?;
        }
    }
    if is_asked(6) {
        let rates = [json!({"name": "one", "percent": percent(u)?}), json!({"name": "other", "percent": percent(u)?})];
        inputs["tax"] = json!({"rates": rates, "inclusive": u.arbitrary::<bool>()?});
    }
    Ok(inputs)
}

fn discounts(u: &mut Unstructured) -> Result<Value> {
    let mut discounts = Vec::new();
    for _ in 0..u.int_in_range(0..=1)? {
        discounts.push(json!({"discount": "free_units", "quantity": decimal(u)?}));
    }
    for _ in 0..u.int_in_range(0..=3)? {
        discounts.push(match u.arbitrary()? {
            true => json!({"discount": "percent", "percent": percent(u)?}),
            false => json!({"discount": "amount", "amount": decimal(u)?}),
        });
    }
    Ok(discounts.into())
}

/// Up to eight records, of which some share an instant, some lie outside of the window, and some are negative.
pub fn records(u: &mut Unstructured) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let word = |u: &mut Unstructured| Ok(u.choose(&["a", "b", "c", "d"])?.to_string());
        let sign = if u.ratio(1, 32)? { "-" } else { "" };
        records.push(Record {
            date_ms: u.int_in_range(0..=10)?,
            id: if u.arbitrary()? { Some(word(u)?) } else { None },
            quantity: format!("{sign}{}", positive(u)?),
            unique_value: if u.ratio(31, 32)? { Some(word(u)?) } else { None },
            amount: if u.ratio(31, 32)? { Some(decimal(u)?) } else { None },
        });
    }
    Ok(records)
}

/// The object without one of its fields, or with one of another kind; nothing where it has no field.
pub fn spoilt(u: &mut Unstructured, object: &Value) -> Result<Option<Value>> {
    let Some(fields) = object.as_object().filter(|fields| !fields.is_empty()) else { return Ok(None) };
    let mut fields: Map<String, Value> = fields.clone();
    let names: Vec<String> = fields.keys().cloned().collect();
    let name = u.choose(&names)?;
    let others = [json!(null), json!(1), json!("-1"), json!("1e3"), json!([]), json!({}), json!(true), json!(["1"])];
    match u.int_in_range(0..=others.len())? {
        0 => drop(fields.remove(name)),
        index => drop(fields.insert(name.clone(), others[index - 1].clone())),
    }
    Ok(Some(fields.into()))
}
