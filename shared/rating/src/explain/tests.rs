//! What an explanation says, and what is found where it is wrong.

use super::*;

fn explained(inputs: &str, quantities: &[&str]) -> (Explanation, Vec<Measurement<'static>>) {
    let record = |(quantity, date_ms): (&&str, i64)| Measurement {
        unique_value: Some("user"),
        amount: Some(quantity.parse().unwrap()),
        ..Measurement::new(date_ms, None, quantity.parse().unwrap())
    };
    let records: Vec<Measurement> = quantities.iter().zip(0..).map(record).collect();
    let inputs = serde_json::from_str(inputs).unwrap();
    (Explanation::of(inputs, &records, "digest".to_owned()).unwrap().unwrap(), records)
}

#[test]
fn an_explanation_is_told_in_lines() {
    let inputs = r#"{"price":{"model":"tiered","tiers":[{"up_to":"100","unit_amount":"1","flat_amount":"31"},
            {"unit_amount":"5","package_size":"20"}]},"currency_code":"EUR","included_usage":"20.5",
        "unit_rounding":{"round":"up","multiple_of":"10"},"proration":{"basis":"calendar_days","used":1,"period":31},
        "discounts":[{"discount":"percent","percent":"10"}],"maximum_amount":"100","balance_remaining":"50",
        "tax":{"rates":[{"name":"VAT","percent":"19"}]}}"#;
    let (explanation, _) = explained(inputs, &["150", "11.2"]);
    let text = "price: tiered\n\
        usage: 2 records, SHA-256 digest\n\
        sum of the records: 161.2\n\
        included: 20.5\n\
        140.7 up to a multiple of 10: 150\n\
        above 0 up to 100: 100 x 1 + 31 = 131\n\
        above 100: 50 in 3 packages of 20 x 5 + 0 = 15\n\
        1 of 31 days, of 31: -30\n\
        discount of 10 % of 116: -11.6\n\
        maximum of 100: -4.4\n\
        50 left of the cap: -50\n\
        exactly: 50\n\
        amount: 50.00 EUR\n\
        VAT of 19 % on 50.00: 9.5, rounded 9.50\n\
        without tax: 50.00 EUR\n\
        with tax: 59.50 EUR";
    assert_eq!(explanation.to_string(), text);
}

#[test]
fn what_was_explained_verifies_and_is_read_back() {
    for (inputs, quantities) in [
        (r#"{"price":{"model":"flat_fee","amount":"1"},"currency_code":"USD"}"#, &["1"][..]),
        (r#"{"price":{"model":"dynamic","multiplier":"1.2"},"currency_code":"USD"}"#, &["1", "2.20"]),
        (
            r#"{"price":{"model":"percentage","percent":"1","amount_per_record":"1","free_records":1,
                "minimum_per_record":"1.5","maximum_per_record":"2"},"currency_code":"USD"}"#,
            &["1", "2", "2000"],
        ),
        (
            r#"{"price":{"model":"per_unit","unit_amount":"1"},"aggregation":"weighted_sum","currency_code":"USD",
                "window":{"start_ms":0,"end_ms":3}}"#,
            &["1", "2"],
        ),
    ] {
        let (explanation, records) = explained(inputs, quantities);
        assert_eq!(verify(&explanation, &records, "digest"), [], "{inputs}");
        let stored = serde_json::to_string(&explanation).unwrap();
        let read: Explanation = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, explanation);
        assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        assert!(!explanation.to_string().contains("1/0"));
    }
}

#[test]
fn every_figure_that_is_wrong_is_found() {
    let inputs = r#"{"price":{"model":"per_unit","unit_amount":"0.05"},"currency_code":"USD","included_usage":"1",
        "tax":{"rates":[{"name":"VAT","percent":"19"}]}}"#;
    let (explanation, records) = explained(inputs, &["361", "1"]);
    let stored = serde_json::to_string(&explanation).unwrap();
    for (right, wrong, field) in [
        (r#""usage_count":2"#, r#""usage_count":3"#, "usage_count"),
        (r#""digest""#, r#""other""#, "usage_digest"),
        (r#""total_usage":"362""#, r#""total_usage":"363""#, "charge.total_usage"),
        (r#""on_demand_usage":"361""#, r#""on_demand_usage":"0""#, "charge.on_demand_usage"),
        (r#""quantity":"362""#, r#""quantity":"3""#, "charge.steps[0]"),
        (r#""amount":"18.05"}],"#, r#""amount":"18.06"}],"#, "charge.steps[2]"),
        (r#","unrounded_amount":"18.05""#, r#","unrounded_amount":"18.051""#, "charge.unrounded_amount"),
        (r#""amount":"18.05","currency"#, r#""amount":"18.06","currency"#, "charge.amount"),
        (r#""amount":"3.43""#, r#""amount":"3.42""#, "charge.tax"),
        (r#""unrounded_amount":"3.4295""#, r#""unrounded_amount":"3.43""#, "charge.tax"),
    ] {
        assert!(stored.contains(right), "{right}: {stored}");
        let wrong: Explanation = serde_json::from_str(&stored.replacen(right, wrong, 1)).unwrap();
        let found = verify(&wrong, &records, "digest");
        assert_eq!(found.iter().map(|found| found.field.as_str()).collect::<Vec<_>>(), [field], "{found:?}");
    }
    let none = verify(&explanation, &[], "digest");
    assert_eq!(none[1].recomputed, "none, since there is no usage");
    let negative = [Measurement::new(0, None, "-1".parse().unwrap())];
    assert_eq!(verify(&explanation, &negative, "digest")[1].recomputed, "a usage of -1 is negative");
}
