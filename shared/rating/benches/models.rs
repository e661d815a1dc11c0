//! How long one rating takes, by model; `cargo bench -p rating` prints it. No test depends on a timing.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rating::{ChargeInputs, Measurement, Price, Quantity, rate_quantity, rate_usage};

/// Ten tiers; `field` is what a unit costs in each.
fn ten_tiers(field: &str, last: &str) -> String {
    let mut tiers = String::new();
    for tier in 1..10 {
        let cents = 20 - tier;
        write!(tiers, r#"{{"up_to":"{}","{field}":"0.0{cents}","flat_amount":"{tier}.50"}},"#, tier * 1000).unwrap();
    }
    format!(r#"[{tiers}{{"{field}":"{last}"}}]"#)
}

fn models(criterion: &mut Criterion) {
    let unit_tiers = ten_tiers("unit_amount", "0.005");
    for (name, json) in [
        ("flat_fee", r#"{"model":"flat_fee","amount":"10.00"}"#.to_owned()),
        ("per_unit", r#"{"model":"per_unit","unit_amount":"0.05"}"#.to_owned()),
        ("tiered, 10 tiers", format!(r#"{{"model":"tiered","tiers":{unit_tiers}}}"#)),
        ("volume, 10 tiers", format!(r#"{{"model":"volume","tiers":{unit_tiers}}}"#)),
        ("package", r#"{"model":"package","package_size":"1000","package_amount":"5"}"#.to_owned()),
        ("percentage", r#"{"model":"percentage","percent":"1.2","amount_per_record":"0.10"}"#.to_owned()),
        (
            "graduated_percentage, 10 tiers",
            format!(r#"{{"model":"graduated_percentage","tiers":{}}}"#, ten_tiers("percent", "0.5")),
        ),
    ] {
        let price: Price = serde_json::from_str(&json).unwrap();
        let inputs = ChargeInputs::new(&price, "USD".parse().unwrap());
        let quantity: Quantity = "9876.543".parse().unwrap();
        criterion.bench_function(&format!("steps of {name}"), |bencher| {
            let quantity = quantity.into();
            bencher.iter(|| black_box(&price).price(black_box(&quantity)));
        });
        criterion.bench_function(&format!("charge of {name}"), |bencher| {
            bencher.iter(|| rate_quantity(black_box(&inputs), black_box(quantity)));
        });
    }
}

fn lines(criterion: &mut Criterion) {
    let texts: Vec<String> = (1..=30).map(|index| format!("{}.{:03}", index * 37, index * 31)).collect();
    let price: Price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#).unwrap();
    let inputs = ChargeInputs::new(&price, "USD".parse().unwrap());
    criterion.bench_function("line of 30 records from text", |bencher| {
        bencher.iter(|| {
            let mut records = Vec::with_capacity(texts.len());
            for (text, date_ms) in black_box(&texts).iter().zip(0..) {
                records.push(Measurement::new(date_ms, None, text.parse().unwrap()));
            }
            rate_usage(&inputs, &records)
        });
    });
}

criterion_group!(benches, models, lines);
criterion_main!(benches);
