//! Rating stored inputs again gives the bytes that are kept in `golden/explanations.jsonl`, for ever.
//!
//! A line holds the records and the explanation of one charge. A line is only ever added.

#![allow(clippy::unwrap_used)]

use rating::{Amount, Explanation, Measurement, Quantity, digest_lines, verify};
use serde::Deserialize;
use serde_json::value::RawValue;

const GOLDEN: &str = include_str!("golden/explanations.jsonl");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case<'a> {
    #[serde(borrow)]
    records: Vec<Record<'a>>,
    #[serde(borrow)]
    explanation: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    date_ms: i64,
    id: Option<&'a str>,
    quantity: Quantity,
    unique_value: Option<&'a str>,
    amount: Option<Amount>,
}

#[test]
fn rating_again_gives_the_same_bytes() {
    let cases: Vec<Case> = GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() >= 12, "{}", cases.len());
    for Case { records, explanation: golden } in cases {
        let mut measured: Vec<Measurement> = records
            .iter()
            .map(|record| Measurement {
                unique_value: record.unique_value,
                amount: record.amount,
                ..Measurement::new(record.date_ms, record.id, record.quantity)
            })
            .collect();
        let line = |record: &Record| format!("{}|{}", record.date_ms, record.quantity.canonical());
        let digest = digest_lines(records.iter().map(line));

        let stored: Explanation = serde_json::from_str(golden.get()).unwrap();
        assert_eq!(verify(&stored, &measured, &digest), []);
        measured.reverse();
        let again = Explanation::of(stored.inputs, &measured, digest).unwrap().unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), golden.get());
    }
}
