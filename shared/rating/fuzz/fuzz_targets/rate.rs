//! Charges of every model and stage against an oracle of big fractions.

#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigInt;
use rating::{
    Charge, ChargeInputs, Explanation, Measurement, Number, RatingError, Step, rate_quantity, rate_usage, verify,
};
use rating_fuzz::decimal::number;
use rating_fuzz::grammar::{self, Record};
use rating_fuzz::oracle::{self, Expected, Outcome};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    // Too few bytes for the grammar are no finding.
    let _ = check(&mut Unstructured::new(bytes));
});

fn check(bytes: &mut Unstructured) -> Result<()> {
    let json = grammar::inputs(bytes)?;
    let records = grammar::records(bytes)?;
    let quantity = grammar::decimal(bytes)?;
    let middle = bytes.int_in_range(0..=records.len())?;
    let inputs: ChargeInputs = serde_json::from_value(json.clone()).unwrap();
    if inputs.check().is_err() {
        return Ok(());
    }

    let rated = rate_quantity(&inputs, quantity.parse().unwrap());
    match (rated, oracle::rate_quantity(&json, &quantity)) {
        (Ok(charge), Some(expected)) => compare(&json, &charge, &expected),
        (Err(error), expected) => check_error(&json, &error, expected.as_ref()),
        (Ok(charge), None) => panic!("{json} for {quantity} is not {}", charge.amount),
    }

    let mut measured = measured(&records);
    match (rate_usage(&inputs, &measured), oracle::rate_usage(&json, &records)) {
        (Ok(None), Outcome::NoCharge) => {}
        (Ok(Some(charge)), Outcome::Charged(expected)) => {
            compare(&json, &charge, &expected);
            let explanation = Explanation::of(inputs.clone(), &measured, "digest".to_owned()).unwrap().unwrap();
            assert!(!explanation.to_string().is_empty());
            let stored = serde_json::to_string(&explanation).unwrap();
            let read: Explanation = serde_json::from_str(&stored).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), stored);
            measured.rotate_left(middle);
            measured[middle / 2..].reverse();
            assert_eq!(verify(&read, &measured, "digest"), [], "{stored}");
        }
        (Err(error), Outcome::Charged(expected)) => check_error(&json, &error, Some(&expected)),
        (Err(_), Outcome::Refused) => {}
        (rated, expected) => panic!("{json} for {records:?} is {rated:?}, not {expected:?}"),
    }
    Ok(())
}

fn measured(records: &[Record]) -> Vec<Measurement<'_>> {
    let measured = records.iter().map(|record| Measurement {
        unique_value: record.unique_value.as_deref(),
        amount: record.amount.as_ref().map(|amount| amount.parse().unwrap()),
        ..Measurement::new(record.date_ms, record.id.as_deref(), record.quantity.parse().unwrap())
    });
    measured.collect()
}

fn compare(json: &Value, charge: &Charge, expected: &Expected) {
    let exact = |read: &Number| number(&read.to_text()).unwrap();
    assert_eq!(exact(&charge.total), expected.total, "total of {json}");
    assert_eq!(exact(&charge.billable), expected.billable, "quantity of {json}");
    assert_eq!(exact(&charge.unrounded), expected.amount, "amount of {json}");
    assert_eq!(Step::sum(&charge.steps), charge.unrounded, "steps of {json}");
    let minor_units = BigInt::from(charge.amount.minor_units());
    assert_eq!(minor_units, oracle::rounded(json, &expected.amount), "rounding of {json}");
    if let Some(tax) = &charge.tax {
        let taxes: i128 = tax.taxes.iter().map(|tax| tax.amount.minor_units()).sum();
        assert_eq!(tax.net.minor_units() + taxes, tax.gross.minor_units(), "tax of {json}");
        let untaxed = if json["tax"]["inclusive"] == true { tax.gross } else { tax.net };
        assert_eq!(untaxed, charge.amount, "tax of {json}");
    }
}

/// Where the oracle has an amount, only one that money does not hold is refused.
fn check_error(json: &Value, error: &RatingError, expected: Option<&Expected>) {
    if let Some(expected) = expected {
        assert!(matches!(error, RatingError::Overflow { .. }), "{json}: {error}");
        // Two taxes of at most a hundred make it at most three times as much.
        let most = oracle::rounded(json, &expected.amount) * BigInt::from(3);
        assert!(most > BigInt::from(i128::MAX), "{json}: {error}");
    }
}
