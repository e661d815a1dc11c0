//! The pipeline, by its cases.

use super::*;
use crate::price::Price;

const FLAT: &str = r#"{"model":"flat_fee","amount":"10.00"}"#;
const UNIT: &str = r#"{"model":"per_unit","unit_amount":"0.05"}"#;
const TIERED: &str = r#"{"model":"tiered","tiers":[
    {"up_to":"10","unit_amount":"1","flat_amount":"2"},{"unit_amount":"0.333"}]}"#;
const SHARE: &str = r#"{"model":"percentage","percent":"1","amount_per_record":"0.10"}"#;
const STAIRS: &str = r#"{"model":"stairstep","tiers":[{"up_to":"10","flat_amount":"7"}]}"#;

struct Case {
    price: Price,
    included: &'static str,
    bill_zero_usage: bool,
}

impl Case {
    fn new(price: &str, included: &'static str, bill_zero_usage: bool) -> Case {
        Case { price: serde_json::from_str(price).unwrap(), included, bill_zero_usage }
    }

    fn inputs(&self) -> ChargeInputs<'_> {
        ChargeInputs {
            included: self.included.parse().unwrap(),
            bill_zero_usage: self.bill_zero_usage,
            ..ChargeInputs::new(&self.price, "USD".parse().unwrap())
        }
    }

    fn usage(&self, quantities: &[&str]) -> Result<Option<Charge>, RatingError> {
        let record = |quantity: &&str| Measurement::new(0, None, quantity.parse().unwrap());
        rate_usage(&self.inputs(), &quantities.iter().map(record).collect::<Vec<_>>())
    }
}

#[test]
fn usage_is_charged_beyond_what_is_included() {
    for (price, included, quantities, amount) in [
        (UNIT, "0", vec!["361"], "18.05"),
        (UNIT, "0", vec!["300", "61"], "18.05"),
        (UNIT, "60", vec!["361"], "15.05"),
        (UNIT, "361", vec!["361"], "0.00"),
        (UNIT, "400", vec!["361"], "0.00"),
        (FLAT, "0", vec!["0.01"], "10.00"),
        (FLAT, "5", vec!["5"], "0.00"),
        (FLAT, "0", vec!["0"], "0.00"),
        (TIERED, "0", vec!["0"], "0.00"),
        (TIERED, "5", vec!["5.0"], "0.00"),
        (TIERED, "5", vec!["5.001"], "2.00"),
        (TIERED, "5", vec!["16"], "12.33"),
        (STAIRS, "5", vec!["15"], "7.00"),
    ] {
        let charge = Case::new(price, included, false).usage(&quantities).unwrap().unwrap();
        assert_eq!(charge.amount.to_string(), amount, "{price} {included} {quantities:?}");
        assert_eq!(charge.unrounded, Step::sum(&charge.steps));
    }
}

#[test]
fn nothing_used_is_charged_only_where_zero_usage_is_billed() {
    for (price, amount) in [(FLAT, "10.00"), (UNIT, "0.00"), (TIERED, "2.00"), (STAIRS, "7.00")] {
        assert_eq!(Case::new(price, "5", false).usage(&[]), Ok(None));
        for quantities in [vec![], vec!["0"], vec!["4", "1"]] {
            let charge = Case::new(price, "5", true).usage(&quantities).unwrap().unwrap();
            assert_eq!(charge.amount.to_string(), amount, "{price} {quantities:?}");
        }
    }
}

#[test]
fn an_agreed_quantity_is_priced_as_it_is() {
    for (price, quantity, amount) in [
        (FLAT, "0", "10.00"),
        (FLAT, "3", "10.00"),
        (UNIT, "0", "0.00"),
        (UNIT, "3", "0.15"),
        (TIERED, "0", "0.00"),
        (TIERED, "11", "12.33"),
        (STAIRS, "10", "7.00"),
        (SHARE, "0", "0.00"),
        (SHARE, "250", "2.60"),
    ] {
        let case = Case::new(price, "0", false);
        let charge = rate_quantity(&case.inputs(), quantity.parse().unwrap()).unwrap();
        assert_eq!(charge.amount.to_string(), amount, "{price} {quantity}");
    }
}

#[test]
fn what_has_no_amount_is_an_error() {
    let beyond = Case::new(STAIRS, "0", false).usage(&["10.5"]).unwrap_err();
    assert!(matches!(beyond, RatingError::BeyondLastTier { .. }));
    let negative = Case::new(UNIT, "0", false).usage(&["-1"]).unwrap_err();
    assert_eq!(negative, RatingError::NegativeUsage { quantity: (-1).into() });
    let negative = rate_quantity(&Case::new(UNIT, "0", false).inputs(), "-1".parse().unwrap()).unwrap_err();
    assert_eq!(negative, RatingError::NegativeUsage { quantity: (-1).into() });
    let included = Case::new(UNIT, "-5", false).usage(&["1"]).unwrap_err();
    assert_eq!(included, RatingError::NegativeIncluded { included: (-5).into() });
}

#[test]
fn the_stored_form_of_a_charge_stays() {
    let charge = Case::new(TIERED, "5.00", false).usage(&["10.50", "5.5"]).unwrap().unwrap();
    let golden = concat!(
        r#"{"total_usage":"16","included_usage":"5","on_demand_usage":"11","steps":["#,
        r#"{"step":"aggregate","aggregation":"sum","quantity":"16"},"#,
        r#"{"step":"included","quantity":"5"},"#,
        r#"{"step":"tier","from":"0","to":"10","quantity":"10","unit_amount":"1","flat_amount":"2","amount":"12"},"#,
        r#"{"step":"tier","from":"10","to":null,"quantity":"1","unit_amount":"0.333","flat_amount":"0","#,
        r#""amount":"0.333"}],"#,
        r#""unrounded_amount":"12.333","amount":"12.33","currency_code":"USD"}"#,
    );
    assert_eq!(serde_json::to_string(&charge).unwrap(), golden);
    let read: Charge = serde_json::from_str(golden).unwrap();
    assert_eq!(read, charge);
    assert_eq!(serde_json::to_string(&read).unwrap(), golden);
    let wrong = golden.replace(r#""amount":"12.33","#, r#""amount":"12.333","#);
    assert!(serde_json::from_str::<Charge>(&wrong).is_err());
}

/// Rates quantities by inputs in JSON.
fn rated(inputs: &str, quantities: &[&str]) -> Option<Charge> {
    let inputs: ChargeInputs = serde_json::from_str(inputs).unwrap();
    let record = |quantity: &&str| Measurement::new(0, None, quantity.parse().unwrap());
    rate_usage(&inputs, &quantities.iter().map(record).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_stages_are_taken_in_the_written_order() {
    let inputs = r#"{"price":{"model":"tiered","tiers":[{"up_to":"100","unit_amount":"1","flat_amount":"31"},
            {"unit_amount":"0.5"}]},"currency_code":"EUR","included_usage":"20.5",
        "unit_rounding":{"round":"up","multiple_of":"10"},"proration":{"basis":"calendar_days","used":1,"period":31},
        "discounts":[{"discount":"free_units","quantity":"10"},{"discount":"percent","percent":"10"},
            {"discount":"amount","amount":"4.805"}],
        "minimum_amount":"200","maximum_amount":"150.004","balance_remaining":"100.005",
        "tax":{"rates":[{"name":"VAT","percent":"19"}]}}"#;
    let charge = rated(inputs, &["150", "11.2"]).unwrap();
    let golden = concat!(
        r#"{"total_usage":"161.2","included_usage":"20.5","on_demand_usage":"150","steps":["#,
        r#"{"step":"aggregate","aggregation":"sum","quantity":"161.2"},{"step":"included","quantity":"20.5"},"#,
        r#"{"step":"rounded","quantity":"140.7","rounding":{"round":"up","multiple_of":"10"},"rounded":"150"},"#,
        r#"{"step":"tier","from":"0","to":"100","quantity":"100","unit_amount":"1","flat_amount":"31","amount":"131"},"#,
        r#"{"step":"tier","from":"100","to":null,"quantity":"50","unit_amount":"0.5","flat_amount":"0","amount":"25"},"#,
        r#"{"step":"proration","basis":"calendar_days","used":1,"period":31,"prorated":"31","amount":"-30"},"#,
        r#"{"step":"discount_free_units","quantity":"10","amount":"-5"},"#,
        r#"{"step":"discount_percent","percent":"10","discounted":"121","amount":"-12.1"},"#,
        r#"{"step":"discount_amount","discount":"4.805","amount":"-4.805"},"#,
        r#"{"step":"minimum","minimum_amount":"200","amount":"95.905"},"#,
        r#"{"step":"maximum","maximum_amount":"150.004","amount":"-49.996"},"#,
        r#"{"step":"cap","balance_remaining":"100.005","amount":"-49.999"}],"#,
        r#""unrounded_amount":"100.005","amount":"100.01","currency_code":"EUR","#,
        r#""tax":{"net_amount":"100.01","taxes":[{"name":"VAT","percent":"19","inclusive":false,"#,
        r#""taxed_amount":"100.01","unrounded_amount":"19.0019","amount":"19.00"}],"gross_amount":"119.01","#,
        r#""currency_code":"EUR"}}"#,
    );
    assert_eq!(serde_json::to_string(&charge).unwrap(), golden);
    assert_eq!(serde_json::from_str::<Charge>(golden).unwrap(), charge);
}

#[test]
fn a_minimum_and_what_is_held_over_are_charged_without_usage() {
    let minimum = r#"{"price":{"model":"per_unit","unit_amount":"1"},"currency_code":"USD","minimum_amount":"5"}"#;
    assert_eq!(rated(minimum, &[]).unwrap().amount.to_string(), "5.00");
    assert_eq!(rated(&minimum.replace("\"5\"", "\"0\""), &[]), None);
    let held = r#"{"price":{"model":"per_unit","unit_amount":"1"},"currency_code":"USD","aggregation":"weighted_sum",
        "window":{"start_ms":0,"end_ms":10,"carried_over":"7"}}"#;
    assert_eq!(rated(held, &[]).unwrap().amount.to_string(), "7.00");
    assert_eq!(rated(held, &["-7"]).unwrap().amount.to_string(), "0.00");
    assert_eq!(rated(&held.replace("\"7\"", "\"0\""), &[]), None);
}

#[test]
fn what_is_held_below_zero_counts_as_zero_and_says_so() {
    let held = r#"{"price":{"model":"per_unit","unit_amount":"1"},"currency_code":"USD","aggregation":"weighted_sum",
        "included_usage":"5","window":{"start_ms":0,"end_ms":10,"carried_over":"7"}}"#;
    let below = rated(held, &["-8"]).unwrap();
    assert_eq!((below.total, below.billable), (Number::ZERO, Number::ZERO));
    assert_eq!(below.amount.to_string(), "0.00");
    assert_eq!(below.steps[1], Step::HeldBelowZero { quantity: (-1).into() });
    assert_eq!(rated(held, &["-7"]).unwrap().steps.len(), rated(held, &["1"]).unwrap().steps.len() - 1);
    let owed = held.replace("\"7\"", "\"-7\"");
    assert_eq!(rated(&owed, &[]).unwrap().amount.to_string(), "0.00");
    assert_eq!(rated(&owed, &["13"]).unwrap().amount.to_string(), "1.00");
}

#[test]
fn a_period_that_is_charged_in_parts_costs_what_it_costs_as_a_whole() {
    let whole = r#"{"price":{"model":"tiered","tiers":[{"up_to":"5","flat_amount":"100"},
            {"up_to":"15","unit_amount":"5"},{"unit_amount":"1"}]},"currency_code":"USD","included_usage":"2",
        "maximum_amount":"160"}"#;
    let first = rated(whole, &["12"]).unwrap();
    assert_eq!(first.amount.to_string(), "125.00");
    let part =
        whole.replace("\"included_usage\"", r#""already_billed":{"quantity":"12","amount":"125"},"included_usage""#);
    for (quantity, billable, rest, all) in
        [("0", "0", "0.00", "125.00"), ("4", "4", "20.00", "145.00"), ("40", "40", "35.00", "160.00")]
    {
        let charge = rated(&part, &[quantity]).unwrap();
        assert_eq!(charge.amount.to_string(), rest, "{quantity}");
        assert_eq!(charge.billable.to_text(), billable);
        let together = (12 + quantity.parse::<u32>().unwrap()).to_string();
        assert_eq!(rated(whole, &[&together]).unwrap().amount.to_string(), all);
    }
    let early = whole.replace("\"included_usage\"", r#""already_billed":{"quantity":"1"},"included_usage""#);
    assert_eq!(rated(&early, &["1"]).unwrap().amount.to_string(), "0.00");
    assert_eq!(rated(&early, &["1.5"]).unwrap().billable.to_text(), "0.5");
}

#[test]
fn records_with_prices_of_their_own_are_rated_one_by_one() {
    let share = r#"{"price":{"model":"percentage","percent":"1","minimum_per_record":"2"},"currency_code":"USD"}"#;
    let charge = rated(share, &["100", "300"]).unwrap();
    assert_eq!((charge.total.to_text().as_str(), charge.amount.to_string().as_str()), ("400", "5.00"));
    assert_eq!(rated(share, &["0"]).unwrap().amount.to_string(), "2.00");

    let inputs = r#"{"price":{"model":"dynamic"},"currency_code":"USD","aggregation":"count"}"#;
    let inputs: ChargeInputs = serde_json::from_str(inputs).unwrap();
    let record = |amount: &str| Measurement {
        amount: Some(amount.parse().unwrap()),
        ..Measurement::new(0, None, Quantity::ZERO)
    };
    let charge = rate_usage(&inputs, &[record("0.70"), record("0.55"), record("2.20")]).unwrap().unwrap();
    assert_eq!((charge.total.to_text().as_str(), charge.amount.to_string().as_str()), ("3", "3.45"));
}

#[test]
fn free_units_take_off_what_they_cost_in_this_line() {
    let seats = r#"{"price":{"model":"per_unit","unit_amount":"10"},"currency_code":"USD",
        "proration":{"basis":"calendar_days","used":15,"period":30},
        "discounts":[{"discount":"free_units","quantity":"5"}]}"#;
    let seats: ChargeInputs = serde_json::from_str(seats).unwrap();
    assert_eq!(rate_quantity(&seats, "10".parse().unwrap()).unwrap().amount.to_string(), "25.00");

    // Half a unit less would cost more, so it takes off nothing; the others never take off more than there is.
    let volume = r#"{"price":{"model":"volume","tiers":[{"up_to":"5","unit_amount":"7"},{"unit_amount":"6"}]},
        "currency_code":"USD","discounts":[{"discount":"free_units","quantity":"0.5"},
        {"discount":"free_units","quantity":"5"}]}"#;
    let charge = rated(volume, &["5.5"]).unwrap();
    assert_eq!(charge.amount.to_string(), "0.00");
    assert_eq!(
        charge.steps.iter().filter_map(Step::amount).map(Number::to_text).collect::<Vec<_>>(),
        ["33", "0", "-33"]
    );
}
