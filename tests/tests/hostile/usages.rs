//! Usages that are none, one at a time and in batches.

use serde_json::{Value, json};

use super::{Case, USAGES, refuse_all, with, world};

fn good() -> Value {
    json!({"item_price_id": "minutes-usd", "usage_date": "2027-01-10T00:00:00Z", "quantity": "1"})
}

/// A usage whose member has that JSON text.
fn raw(name: &str, text: &str) -> String {
    let mut usage = good();
    usage.as_object_mut().unwrap().remove(name);
    format!("{},\"{name}\":{text}}}", usage.to_string().trim_end_matches('}'))
}

fn quantities() -> Vec<Case> {
    let texts = [
        "\"\"",
        "\" 1\"",
        "\"1 \"",
        "\"+1\"",
        "\"1e5\"",
        "\"1E5\"",
        "\"1e400\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"0x10\"",
        "\"1_000\"",
        "\"1,5\"",
        "\"1.\"",
        "\".5\"",
        "\"1.2.3\"",
        "\"--1\"",
        "\"١\"",
        "\"１\"",
        "\"1\\u0000\"",
        "\"1\\n\"",
        "\"one\"",
        "\"1000000000000000\"",
        "\"0.1234567890123\"",
        "\"0.123456789012345678901234567890\"",
        "\"99999999999999999999999999999999999999999\"",
        "\"00000000000000000000000000000000000000001\"",
        "1e5",
        "1E400",
        "1e-5",
        "1000000000000000",
        "0.1234567890123",
        "99999999999999999999999999999999999999999",
        "NaN",
        "Infinity",
        "+1",
        ".5",
        "01",
        "'1'",
        "true",
        "null",
        "[]",
        "[1]",
        "{}",
        "{\"value\":1}",
    ];
    let unreadable = texts.iter().map(|text| Case::post(USAGES, raw("quantity", text)).refused(400, Some("quantity")));
    // Readable, and right for another price.
    let negative = ["\"-1\"", "\"-0.000000000001\"", "-1", "-0.5", "\"-999999999999999.999999999999\""];
    let negative = negative.iter().map(|text| Case::post(USAGES, raw("quantity", text)).refused(422, Some("quantity")));
    unreadable.chain(negative).collect()
}

fn amounts() -> Vec<Case> {
    let texts = [
        "\"\"",
        "\" 1\"",
        "\"+1\"",
        "\"-1\"",
        "\"-0\"",
        "\"1e5\"",
        "\"NaN\"",
        "\"1,5\"",
        "\"1.\"",
        "\"$1\"",
        "\"1 USD\"",
        "\"1000000000000000\"",
        "\"0.1234567890123\"",
        "-0.01",
        "1e5",
        "1E400",
        "99999999999999999999999999999999999999999",
        "0.1234567890123",
        "true",
        "[]",
        "{}",
        "{\"value\":1}",
    ];
    texts.iter().map(|text| Case::post(USAGES, raw("amount", text)).refused(400, Some("amount"))).collect()
}

fn unique_values() -> Vec<Case> {
    let (long, wide) = ("x".repeat(201), "\u{1f600}".repeat(201));
    let mut values = vec![json!(1), json!(1.5), json!(true), json!(["u"]), json!({"u": 1}), json!(long), json!(wide)];
    for text in ["", "\u{0}", "a\u{0}b", "a\nb", "a\tb", "a\r", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{9f}"] {
        values.push(json!(text));
    }
    let refused = |text: &str| Case::post(USAGES, raw("unique_value", text)).refused(400, Some("unique_value"));
    let mut cases: Vec<Case> = values.iter().map(|value| refused(&value.to_string())).collect();
    cases.push(refused("\"\\ud83d\""));
    cases.push(refused("\"u\",\"unique_value\":\"u\""));
    cases
}

fn dates() -> Vec<Case> {
    let unreadable = [
        "\"\"",
        "\"yesterday\"",
        "\"0000-01-01T00:00:00Z\"",
        "\"0001-01-01T00:00:00Z\"",
        "\"1999-12-31T23:59:59.999Z\"",
        "\"5000-01-01T00:00:00Z\"",
        "\"9999-12-30T00:00:00Z\"",
        "\"10000-01-01T00:00:00Z\"",
        "\"+12026-01-01T00:00:00Z\"",
        "\"-2026-01-01T00:00:00Z\"",
        "\"2027-02-29T00:00:00Z\"",
        "\"2027-13-01T00:00:00Z\"",
        "\"2027-00-01T00:00:00Z\"",
        "\"2027-01-00T00:00:00Z\"",
        "\"2027-01-10T24:00:00Z\"",
        "\"2027-01-10T23:60:00Z\"",
        "\"2027-01-10T00:00:00\"",
        "\"2027-01-10\"",
        "\"2027-01-10T00:00:00.0001Z\"",
        "\"2027-01-10T00:00:00+25:00\"",
        "\"2027-01-10T00:00:00Zz\"",
        "\"2027-01-10T00:00:00Z \"",
        "\"NaN\"",
        "\"1e9\"",
        "1e9",
        "-1",
        "0",
        "99999999999999999999",
        "1.00001",
        "true",
        "[]",
        "{}",
    ];
    let mut cases: Vec<Case> = unreadable
        .iter()
        .map(|text| Case::post(USAGES, raw("usage_date", text)).refused(400, Some("usage_date")))
        .collect();
    for ahead in ["\"2027-01-20T00:05:00.001Z\"", "\"4999-12-30T00:00:00Z\"", "1900000000"] {
        cases.push(Case::post(USAGES, raw("usage_date", ahead)).refused(422, Some("usage_date")));
    }
    let without = json!({"item_price_id": "minutes-usd", "quantity": "1"}).to_string();
    cases.push(Case::post(USAGES, without).refused(400, Some("usage_date")));
    for (name, text) in [("from", "\"soon\""), ("to", "\"2027-02-30T00:00:00Z\""), ("from", "{}")] {
        let field = if name == "from" { "from" } else { "to" };
        cases.push(Case::post(USAGES, raw(name, text)).refused(400, Some(field)));
    }
    let backwards = json!({"from": "2027-01-10T00:00:00Z", "to": "2027-01-09T00:00:00Z"});
    cases.push(Case::post(USAGES, with(&good(), backwards)).refused(400, Some("to")));
    cases
}

fn names() -> Vec<Case> {
    let long = "x".repeat(101);
    let mut cases = Vec::new();
    for id in ["", "a#b", "#", "a b", "a/b", "ä", "a\u{0}b", "a\nb", "'; DROP TABLE", "usg_mine", "\u{202e}x", &long] {
        cases.push(Case::post(USAGES, with(&good(), json!({ "id": id }))).refused(400, Some("id")));
    }
    for id in ["", "minutes#usd", "minutes usd", "../minutes-usd", &long] {
        let body = with(&good(), json!({ "item_price_id": id }));
        cases.push(Case::post(USAGES, body).refused(400, Some("item_price_id")));
    }
    for value in [json!(1), json!(null), json!(["x"]), json!({"id": "x"}), json!(true)] {
        let body = with(&good(), json!({ "item_price_id": value }));
        cases.push(Case::post(USAGES, body).refused(400, Some("item_price_id")));
    }
    let priced = |price: &str| with(&good(), json!({ "item_price_id": price }));
    cases.push(Case::post(USAGES, priced("nothing")).refused(422, Some("item_price_id")));
    cases.push(Case::post(USAGES, priced("line-usd")).refused(422, Some("item_price_id")));
    let other = with(&good(), json!({"subscription_id": "other"}));
    cases.push(Case::post(USAGES, other).refused(400, Some("subscription_id")));
    cases.push(Case::post("/v1/usages", good().to_string()).refused(400, Some("subscription_id")));
    let sharp = with(&good(), json!({"subscription_id": "s#b"}));
    cases.push(Case::post("/v1/usages", sharp).refused(400, Some("subscription_id")));
    for note in [json!("x".repeat(501)), json!("\u{0}"), json!("\u{1b}[31m"), json!(1), json!([])] {
        cases.push(Case::post(USAGES, with(&good(), json!({ "note": note }))).refused(400, Some("note")));
    }
    cases.push(Case::post(USAGES, raw("note", "\"\\ud800\"")).refused(400, Some("note")));
    for (field, value) in [("colour", json!("red")), ("Quantity", json!("1")), ("__proto__", json!({}))] {
        cases.push(Case::post(USAGES, with(&good(), json!({ field: value }))).refused(400, Some(field)));
    }
    for source in [json!("api"), json!("bulk_operation")] {
        cases.push(Case::post(USAGES, with(&good(), json!({ "source": source }))).refused(400, Some("source")));
    }
    cases
}

fn bodies() -> Vec<Case> {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut texts: Vec<Vec<u8>> =
        ["", " ", "\n", "null", "true", "1", "\"x\"", "[]", "[{}]", "{", "}", "{]", "{\"a\"}"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
    texts.push(good().to_string().trim_end_matches('}').as_bytes().to_vec());
    texts.push(format!("{}{}", good(), good()).into_bytes());
    texts.push(format!("{} x", good()).into_bytes());
    texts.push(format!("\u{feff}{}", good()).into_bytes());
    texts.push([b"{\"note\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat());
    texts.push([good().to_string().as_bytes(), &[0x00]].concat());
    texts.push(vec![0x1f, 0x8b, 0x08, 0x00]);
    texts.push(deep(100_000).into_bytes());
    let mut cases: Vec<Case> = texts.into_iter().map(|body| Case::post(USAGES, body)).collect();
    let nested = raw("note", &deep(6));
    cases.push(Case::post(USAGES, nested).refused(400, Some("note[0][0][0][0]")));
    cases.push(Case::post(USAGES, raw("note", &deep(100_000))).refused(400, Some("note[0][0][0][0]")));
    cases.push(Case::post(USAGES, raw("quantity", "\"1\",\"quantity\":\"2\"")).refused(400, Some("quantity")));
    cases.push(Case::post(USAGES, raw("quantity", "\"1\",\"quant\\u0069ty\":\"2\"")).refused(400, Some("quantity")));
    let large = with(&good(), json!({"note": "x".repeat(1 << 20)}));
    cases.push(Case::post(USAGES, large).refused(413, None));
    cases
}

fn batches() -> Vec<Case> {
    let batch = |usages: Value| json!({ "usages": usages }).to_string();
    let mut cases: Vec<Case> = [json!([]), json!(vec![good(); 1_001]), json!("x"), json!({"0": good()}), json!(1)]
        .map(|usages| Case::post(USAGES, batch(usages)).refused(400, Some("usages")))
        .into_iter()
        .collect();
    let both = json!({"usages": [good()], "note": "x"}).to_string();
    cases.push(Case::post(USAGES, both).refused(400, Some("note")));
    let twice = format!(r#"{{"usages":[{0}],"usages":[{0}]}}"#, good());
    cases.push(Case::post(USAGES, twice).refused(400, Some("usages")));
    cases
}

#[tokio::test]
async fn a_usage_that_is_none_is_refused_by_the_name_of_its_field() {
    let cases = [quantities(), amounts(), unique_values(), dates(), names(), bodies(), batches()]
        .into_iter()
        .flatten()
        .collect();
    refuse_all(&world().await, cases).await;
}

#[tokio::test]
async fn in_a_batch_each_bad_usage_is_refused_alone_and_by_its_place() {
    let world = world().await;
    let bad = [
        ("null", "usages[0]"),
        ("[]", "usages[0]"),
        ("{}", "usages[0].item_price_id"),
        ("{\"usages\":[]}", "usages[0].usages"),
        ("[[[[[[]]]]]]", "usages[0][0][0][0][0][0]"),
        (&raw("quantity", "1e400"), "usages[0].quantity"),
        (&raw("usage_date", "\"0000-00-00\""), "usages[0].usage_date"),
        (&raw("id", "\"a#b\""), "usages[0].id"),
        (&raw("amount", "-1"), "usages[0].amount"),
        (&raw("unique_value", "7"), "usages[0].unique_value"),
        (&raw("colour", "1"), "usages[0].colour"),
        (&raw("quantity", "\"1\",\"quantity\":\"2\""), "usages[0].quantity"),
    ];
    for (n, (text, field)) in bad.into_iter().enumerate() {
        let fine = with(&good(), json!({"id": format!("fine-{n}")}));
        let body = format!("{{\"usages\":[{text},{fine}]}}");
        let answer = world.send_text(http::Method::POST, USAGES, Some(body), super::KEY, &[]).await.expect(207);

        let (refused, recorded) = (&answer["outcomes"][0], &answer["outcomes"][1]);
        assert_eq!((&refused["status"], &refused["problem"]["field"]), (&json!(400), &json!(field)), "{text}");
        assert_eq!(recorded["status"], 201, "{text}");
    }
}
