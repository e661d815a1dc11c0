//! Prices and inputs from any bytes, and from a grammar that always makes valid ones, as they are and spoilt.

#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rating::{AlreadyBilled, ChargeInputs, Discounts, Explanation, Price, Tax, UnitRounding, Warning};
use rating_fuzz::grammar;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|bytes: &[u8]| {
    if bytes.first().is_some_and(|first| b"{[".contains(first)) {
        check_price(bytes);
        check_inputs(bytes);
        check::<Tax>(bytes);
        check::<Discounts>(bytes);
        check::<UnitRounding>(bytes);
        check::<AlreadyBilled>(bytes);
        check::<Explanation>(bytes);
    } else {
        // Too few bytes for the grammar are no finding.
        let _ = check_grammar(&mut Unstructured::new(bytes));
    }
});

/// What was read is written, and read and written again as the same.
fn check<T: DeserializeOwned + Serialize + PartialEq>(json: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(json).ok()?;
    let written = serde_json::to_vec(&read).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert!(again == read, "{}", String::from_utf8_lossy(json));
    assert!(serde_json::to_vec(&again).unwrap() == written, "{}", String::from_utf8_lossy(json));
    Some(read)
}

fn check_price(json: &[u8]) -> Option<Price> {
    let price: Price = check(json)?;
    check_warnings(&price.warnings());
    for quantity in ["0", "0.000000000001", "1", "999999999999999.999999999999", "470/31"] {
        // A closed last tier has no price for the greatest, and a dynamic price none without records.
        let _ = price.price(&quantity.parse().unwrap());
    }
    price.price_zero_usage();
    Some(price)
}

fn check_inputs(json: &[u8]) -> Option<ChargeInputs<'static>> {
    let inputs: ChargeInputs = check(json)?;
    check_warnings(&inputs.warnings());
    // Whatever is in order for every quantity is in order for one.
    assert!(inputs.check_range().is_err() || inputs.check().is_ok());
    Some(inputs)
}

fn check_warnings(warnings: &[Warning]) {
    for warning in warnings {
        assert!(!warning.to_string().is_empty());
        let written = serde_json::to_vec(warning).unwrap();
        assert!(serde_json::from_slice::<Warning>(&written).unwrap() == *warning);
    }
}

fn check_grammar(bytes: &mut Unstructured) -> Result<()> {
    let json = grammar::inputs(bytes)?;
    let price = &json["price"];
    assert!(check_price(price.to_string().as_bytes()).is_some(), "{price}");
    assert!(check_inputs(json.to_string().as_bytes()).is_some(), "{json}");
    if let Some(spoilt) = grammar::spoilt(bytes, price)? {
        check_price(spoilt.to_string().as_bytes());
    }
    if let Some(spoilt) = grammar::spoilt(bytes, &price["tiers"][0])? {
        let mut price = price.clone();
        price["tiers"][0] = spoilt;
        check_price(price.to_string().as_bytes());
    }
    if let Some(spoilt) = grammar::spoilt(bytes, &json)? {
        check_inputs(spoilt.to_string().as_bytes());
    }
    Ok(())
}
