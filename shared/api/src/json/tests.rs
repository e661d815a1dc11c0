use serde_json::Value;

use super::*;
use crate::number_text::NumberText;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only reading is tested")]
struct Order {
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only reading is tested")]
struct Line {
    quantity: NumberText,
    count: Option<u32>,
    price: Option<rating::Price>,
}

fn refused<T: DeserializeOwned + fmt::Debug>(json: &str) -> (String, String) {
    let problem = parse_json::<T>(json).unwrap_err().to_value();
    assert_eq!(problem["status"], 400);
    (problem["field"].as_str().unwrap_or_default().into(), problem["detail"].as_str().unwrap_or_default().into())
}

#[test]
fn a_refusal_names_the_field() {
    for (json, field, detail) in [
        (r#"{"lines":[{"quantity":1},{"quantity":"1","count":-1}]}"#, "lines[1].count", "invalid value: integer `-1`"),
        (r#"{"lines":[{"quantity":true}]}"#, "lines[0].quantity", "expected a string or a number"),
        (r#"{"lines":[{"count":1}]}"#, "lines[0].quantity", "missing field `quantity`"),
        (r#"{"lines":[{"quantity":1,"quantitiy":1}]}"#, "lines[0].quantitiy", "unknown field `quantitiy`"),
        (r#"{"lines":[{"quantity":1,"quantity":1}]}"#, "lines[0].quantity", "duplicate field `quantity`"),
        (r#"{"lines":[],"lines":[]}"#, "lines", "duplicate field `lines`"),
        (r#"{"line":[]}"#, "line", "unknown field `line`"),
        (r#"{"lines":[[[[[1]]]]]}"#, "lines[0][0][0][0]", "arrays and objects nest at most 5 deep"),
        ("[1]", "", "send a JSON object"),
    ] {
        let (named, told) = refused::<Order>(json);
        assert_eq!(named, field, "{json}: {told}");
        assert!(told.starts_with(detail) && !told.contains("at line"), "{json}: {told}");
    }
}

/// What a price and the options of a line are made of is named by its whole path, wherever they stand.
#[test]
fn a_mistake_inside_a_price_is_named_by_its_path() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Options {
        price: Option<rating::Price>,
        unit_rounding: Option<rating::UnitRounding>,
        tax: Option<rating::Tax>,
        discounts: Option<rating::Discounts>,
        lines: Option<Vec<Options>>,
    }
    for (json, field) in [
        (r#""price":{"unit_amount":"1","model":"per_unit","colour":"red"}"#, "price.colour"),
        (r#""price":{"unit_amount":1,"model":"per_unit"}"#, "price.unit_amount"),
        (r#""price":{"model":"per_unit","unit_amount":"1","amount":"1"}"#, "price.amount"),
        (r#""price":{"model":"per_unit"}"#, "price.unit_amount"),
        (r#""price":{"model":"tiered","tiers":[]}"#, "price.tiers"),
        (r#""price":{"model":"tiered","tiers":[{"up_to":"5"},{"up_to":"4"}]}"#, "price.tiers[1].up_to"),
        (r#""price":{"model":"percentage","percent":"1","free_records":1.5}"#, "price.free_records"),
        (r#""unit_rounding":{"round":"up","multiple_of":"0"}"#, "unit_rounding.multiple_of"),
        (r#""unit_rounding":{"round":"sideways"}"#, "unit_rounding.round"),
        (r#""tax":{"rates":[{"name":"VAT","percent":"-1"}]}"#, "tax.rates[0].percent"),
        (r#""tax":{"rates":[{"name":"VAT","percent":"1e1"}]}"#, "tax.rates[0].percent"),
        (r#""tax":{"rates":[{"name":"VAT"}]}"#, "tax.rates[0].percent"),
        (r#""discounts":[{"discount":"percent","percent":"101"}]"#, "discounts[0].percent"),
        (r#""discounts":[{"discount":"percent","percent":1}]"#, "discounts[0].percent"),
        (r#""discounts":[{"discount":"percent"}]"#, "discounts[0].percent"),
        (r#""discounts":[{"discount":"percent","percent":"1","amount":"1"}]"#, "discounts[0].amount"),
        (r#""lines":[{},{"price":{"model":"per_unit"}}]"#, "lines[1].price.unit_amount"),
        (r#""lines":[{"unit_rounding":{"round":"up","multiple_of":"-1"}}]"#, "lines[0].unit_rounding.multiple_of"),
    ] {
        let (named, told) = refused::<Options>(&format!("{{{json}}}"));
        assert_eq!(named, field, "{json}: {told}");
    }
}

#[test]
fn a_doubled_key_is_refused_where_nothing_is_derived_too() {
    assert_eq!(refused::<Value>(r#"{"a":{"b":1,"c":[{"d":1,"\u0064":1}]}}"#).0, "a.c[0].d");
    assert!(parse_json::<Value>(r#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
}

#[test]
fn no_body_and_more_than_one_value_are_refused() {
    for json in ["", " \n", "{", "{}x", "{} {}", "nul", "\u{feff}{}", "{\"lines\":1e999}", "[[[[[[["] {
        assert!(parse_json::<Order>(json).is_err(), "{json:?}");
    }
    assert!(parse_json::<Order>(" {} ").is_ok());
    assert!(parse_json::<Order>(&"[".repeat(100_000)).is_err());
}

#[test]
fn raw_parts_are_read_one_by_one() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Batch {
        lines: Vec<Box<RawValue>>,
    }

    let batch: Batch = parse_json_lazily(r#"{"lines":[{"quantity":1e5},{"a":1,"a":1}]}"#).unwrap();

    assert_eq!(parse_json::<Line>(batch.lines[0].get()).unwrap().quantity.as_str(), "1e5");
    assert!(parse_json::<Line>(batch.lines[1].get()).is_err());
    assert!(parse_json_lazily::<Batch>(r#"{"lines":[],"more":1}"#).is_err());
}
