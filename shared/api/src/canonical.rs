//! The one form that equal requests share: what the digest of a creation is made of.

use billing::time::{Timestamp, Zone};
use rating::Quantity;
use serde::Serialize;
use serde_json::Value;

use crate::number_text::NumberText;

/// Returns what a time says as part of a request: the instant, or the local time as it was written, since a site may change
/// its zone between a request and its repetition.
pub fn canonical_time(text: &NumberText) -> String {
    let text = text.as_str();
    match Timestamp::parse(text, Zone::UTC) {
        Ok(instant) if !text.contains(' ') => instant.to_string(),
        _ => text.to_owned(),
    }
}

/// Adds a field to a request's canonical form where it is given, so that requests without it keep theirs.
pub fn add_given(request: &mut Value, name: &str, given: &Option<impl Serialize>) {
    if let (Value::Object(members), Some(given)) = (request, given) {
        // What is made of texts, numbers and lists can be written.
        members.insert(name.to_owned(), canonical_numbers(serde_json::to_value(given).unwrap_or_default()));
    }
}

/// Replaces every numeric text by its canonical form, so that 12.50 and 12.5 are the same request.
pub fn canonical_numbers(value: Value) -> Value {
    match value {
        Value::String(text) => match text.parse::<Quantity>() {
            Ok(number) => Value::String(number.canonical()),
            Err(_) => Value::String(text),
        },
        Value::Array(values) => values.into_iter().map(canonical_numbers).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, canonical_numbers(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_the_same_however_it_is_written_and_a_local_one_as_written() {
        let canonical = |json: &str| canonical_time(&serde_json::from_str(json).unwrap());
        for json in ["1769817600", "\"1769817600.0\"", "\"2026-01-31T01:00:00+01:00\""] {
            assert_eq!(canonical(json), "2026-01-31T00:00:00Z");
        }
        assert_eq!(canonical("\"2026-01-31 00:00:00\""), "2026-01-31 00:00:00");
    }

    #[test]
    fn equal_numbers_have_one_form() {
        let price =
            json!({ "model": "volume", "tiers": [{ "up_to": "5.0", "unit_amount": "0.10" }, { "up_to": null }] });
        let canonical =
            json!({ "model": "volume", "tiers": [{ "up_to": "5", "unit_amount": "0.1" }, { "up_to": null }] });
        assert_eq!(canonical_numbers(price), canonical);
    }
}
