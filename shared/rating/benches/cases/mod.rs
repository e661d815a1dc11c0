//! What is measured: every model, stage and aggregation, and a line from text to amount.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use rating::{Aggregation, Amount, ChargeInputs, Measurement, Number, Price, Quantity, Window};
use rating::{aggregate, rate_quantity, rate_usage};

/// One thing that is done over and over.
pub struct Case {
    /// What it is called in a table.
    pub name: String,
    /// Does it once.
    pub run: Box<dyn Fn()>,
}

impl Case {
    fn new<T>(name: String, run: impl Fn() -> T + 'static) -> Case {
        Case { name, run: Box::new(move || drop(black_box(run()))) }
    }
}

/// A quantity with a fraction, in the last of ten tiers.
const QUANTITY: &str = "9876.543";

/// Ten tiers, in which a unit costs `field`, with what else stands in each.
fn ten_tiers(field: &str, last: &str, more: &str) -> String {
    let mut tiers = String::new();
    for tier in 1..10 {
        let cents = 20 - tier;
        let bound = tier * 1000;
        write!(tiers, r#"{{"up_to":"{bound}","{field}":"0.0{cents}","flat_amount":"{tier}.50"{more}}},"#).unwrap();
    }
    format!(r#"[{tiers}{{"{field}":"{last}"{more}}}]"#)
}

fn models() -> [(&'static str, String); 10] {
    let tiers = ten_tiers("unit_amount", "0.005", "");
    let packages = ten_tiers("unit_amount", "0.005", r#","package_size":"10""#);
    let percents = ten_tiers("percent", "0.5", "");
    let mut steps = String::new();
    for tier in 1..10 {
        write!(steps, r#"{{"up_to":"{}","flat_amount":"{tier}.50"}},"#, tier * 1000).unwrap();
    }
    [
        ("flat_fee", r#"{"model":"flat_fee","amount":"10.00"}"#.to_owned()),
        ("per_unit", r#"{"model":"per_unit","unit_amount":"0.05"}"#.to_owned()),
        ("tiered, 10 tiers", format!(r#"{{"model":"tiered","tiers":{tiers}}}"#)),
        ("tiered, 10 tiers of packages", format!(r#"{{"model":"tiered","tiers":{packages}}}"#)),
        ("volume, 10 tiers", format!(r#"{{"model":"volume","tiers":{tiers}}}"#)),
        ("stairstep, 10 tiers", format!(r#"{{"model":"stairstep","tiers":[{steps}{{"flat_amount":"12"}}]}}"#)),
        ("package", r#"{"model":"package","package_size":"1000","package_amount":"5"}"#.to_owned()),
        ("percentage", r#"{"model":"percentage","percent":"1.2","amount_per_record":"0.10"}"#.to_owned()),
        ("graduated_percentage, 10 tiers", format!(r#"{{"model":"graduated_percentage","tiers":{percents}}}"#)),
        ("dynamic", r#"{"model":"dynamic","multiplier":"1.2"}"#.to_owned()),
    ]
}

/// What is asked for beside a price per unit, by the stage that it takes.
const STAGES: [(&str, &str); 10] = [
    ("no other stage", ""),
    ("included usage", r#","included_usage":"100""#),
    ("already billed", r#","already_billed":{"quantity":"5000.5","amount":"250.025"}"#),
    ("unit rounding", r#","unit_rounding":{"round":"up","multiple_of":"60"}"#),
    ("proration", r#","proration":{"basis":"calendar_days","used":22,"period":31}"#),
    ("two discounts", r#","discounts":[{"discount":"percent","percent":"10"},{"discount":"amount","amount":"5"}]"#),
    ("free units", r#","discounts":[{"discount":"free_units","quantity":"10.5"}]"#),
    ("minimum and maximum", r#","minimum_amount":"1000","maximum_amount":"900""#),
    ("cap", r#","balance_remaining":"100""#),
    ("tax", r#","tax":{"rates":[{"name":"VAT","percent":"19"}]}"#),
];

/// Thirty quantities as they arrive.
fn texts() -> Vec<String> {
    (1..=30).map(|index| format!("{}.{:03}", index * 37, index * 31)).collect()
}

fn records(texts: &[String]) -> Vec<Measurement<'_>> {
    let mut records = Vec::with_capacity(texts.len());
    for (text, date_ms) in texts.iter().zip(0..) {
        records.push(Measurement::new(date_ms, None, text.parse().unwrap()));
    }
    records
}

fn inputs(json: &str) -> ChargeInputs<'static> {
    serde_json::from_str(json).unwrap()
}

/// All of them, in the order in which they are told.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let quantity: Quantity = QUANTITY.parse().unwrap();
    for (name, json) in models() {
        let price: Price = serde_json::from_str(&json).unwrap();
        if !matches!(price, Price::Dynamic(_)) {
            let number = Number::from(quantity);
            cases.push(Case::new(format!("steps of {name}"), move || black_box(&price).price(black_box(&number))));
        }
    }
    let amount: Amount = "493.82".parse().unwrap();
    for (name, json) in models() {
        let inputs = inputs(&format!(r#"{{"price":{json},"currency_code":"USD"}}"#));
        let record = Measurement { amount: Some(amount), ..Measurement::new(0, None, quantity) };
        cases
            .push(Case::new(format!("charge of {name}"), move || rate_usage(black_box(&inputs), black_box(&[record]))));
    }
    for (name, fields) in STAGES {
        let price = r#"{"model":"per_unit","unit_amount":"0.05"}"#;
        let inputs = inputs(&format!(r#"{{"price":{price},"currency_code":"USD"{fields}}}"#));
        cases.push(Case::new(format!("per_unit, {name}"), move || {
            rate_quantity(black_box(&inputs), black_box(quantity))
        }));
    }
    aggregations(&mut cases);
    let (texts, inputs) = (texts(), inputs(&format!(r#"{{"price":{},"currency_code":"USD"}}"#, models()[1].1)));
    cases.push(Case::new("line of 30 records, from text".to_owned(), move || {
        rate_usage(black_box(&inputs), &records(black_box(&texts)))
    }));
    cases
}

fn aggregations(cases: &mut Vec<Case>) {
    use Aggregation::{Count, Last, Max, Sum, UniqueCount, WeightedSum};
    let window: Window = serde_json::from_str(r#"{"start_ms":0,"end_ms":2678400000}"#).unwrap();
    for aggregation in [Sum, Last, Max, Count, UniqueCount, WeightedSum] {
        let name = serde_json::to_value(aggregation).unwrap().as_str().unwrap().to_owned();
        let (texts, window) = (texts(), window.clone());
        let quantities: Vec<Quantity> = texts.iter().map(|text| text.parse().unwrap()).collect();
        cases.push(Case::new(format!("{name} of 30 records"), move || {
            let record = |(quantity, date_ms)| Measurement {
                unique_value: texts.first().map(String::as_str),
                ..Measurement::new(date_ms, None, quantity)
            };
            let records = black_box(&quantities).iter().copied().zip(0..).map(record);
            aggregate(aggregation, Some(&window), records)
        }));
    }
}
