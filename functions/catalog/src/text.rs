//! What a caller writes in fields, checked.

use serde::Serialize;
use serde_json::Value;

use api::{Kind, NumberText, Problem};
use billing::site::LONGEST_GRACE_SECONDS;
use billing::timestamp::Timestamp;
use billing::zone::Zone;
use rating::{NumberError, Quantity};

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;

/// The longest name of a unit, in characters.
pub const LONGEST_UNIT_NAME: usize = 50;

/// The longest email address, in characters.
const LONGEST_EMAIL: usize = 254;

/// The longest number of a customer, in characters.
const LONGEST_NUMBER: usize = 40;

/// Returns a 422 that names the field.
pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Invalid, detail).field(field)
}

/// Returns the text if it is 1 to `longest` characters, not all of them blank and none a control character.
///
/// # Errors
/// A problem that names the field.
pub fn line(text: String, field: &str, longest: usize) -> Result<String, Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > longest || text.chars().any(char::is_control) {
        return Err(invalid(field, format!("{field} is 1 to {longest} characters on one line")));
    }
    Ok(text)
}

/// Returns the name if it is one.
///
/// # Errors
/// A problem that names the field.
pub fn name(text: String) -> Result<String, Problem> {
    line(text, "name", LONGEST_NAME)
}

/// Returns the text if mail may be sent there: only delivery proves an address, so little is asked of it.
///
/// # Errors
/// A problem that names the field.
pub fn email(text: String) -> Result<String, Problem> {
    let parts = text.rsplit_once('@').filter(|(mailbox, host)| !mailbox.is_empty() && !host.is_empty());
    let blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
    if parts.is_none() || blank || text.chars().count() > LONGEST_EMAIL {
        return Err(invalid("email", "email is one address, such as billing@example.com"));
    }
    Ok(text)
}

/// Returns the customer number if invoice numbers may begin with it.
///
/// # Errors
/// A problem that names the field.
pub fn number(text: String) -> Result<String, Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    if text.is_empty() || text.len() > LONGEST_NUMBER || !text.bytes().all(allowed) {
        return Err(invalid("number", format!("number is 1 to {LONGEST_NUMBER} characters of A-Z a-z 0-9 _ . : -")));
    }
    Ok(text)
}

/// Reads a time in any form that a caller may write.
///
/// # Errors
/// A problem that names the field.
pub fn time(text: &NumberText, field: &str, zone: Zone) -> Result<Timestamp, Problem> {
    Timestamp::parse(text.as_str(), zone).map_err(|error| invalid(field, error.to_string()))
}

/// What a time says as part of a request: the instant, or the local time as it was written, since a site may change
/// its zone between a request and its repetition.
pub fn canonical_time(text: &NumberText) -> String {
    let text = text.as_str();
    match Timestamp::parse(text, Zone::UTC) {
        Ok(instant) if !text.contains(' ') => instant.to_string(),
        _ => text.to_owned(),
    }
}

/// Reads a quantity that is not negative.
///
/// # Errors
/// A problem that names the field.
pub fn quantity(text: &NumberText, field: &str) -> Result<Quantity, Problem> {
    let quantity: Quantity = text.parse().map_err(|error: NumberError| invalid(field, error.to_string()))?;
    not_negative(quantity, field)
}

/// Returns the quantity if it is not negative.
///
/// # Errors
/// A problem that names the field.
pub fn not_negative(quantity: Quantity, field: &str) -> Result<Quantity, Problem> {
    if quantity.is_negative() && !quantity.is_zero() {
        return Err(invalid(field, "a quantity here is not negative"));
    }
    Ok(quantity)
}

/// Returns the grace if it is one.
///
/// # Errors
/// A problem that names the field.
pub fn grace(seconds: u32) -> Result<u32, Problem> {
    if seconds > LONGEST_GRACE_SECONDS {
        return Err(invalid(
            "grace_seconds",
            format!("grace_seconds is 0 to {LONGEST_GRACE_SECONDS}, which is 50 days"),
        ));
    }
    Ok(seconds)
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
    fn a_name_is_one_line_that_says_something() {
        for text in ["A", "Ünïcødé & Söhne", &"x".repeat(LONGEST_NAME)] {
            assert!(name(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "  ", "a\nb", "\u{7f}", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(name(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_email_has_a_mailbox_and_a_host() {
        for text in ["a@b", "billing@acmecorp.com", "\"a@b\"@example.com"] {
            assert!(email(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "a", "@b", "a@", "a b@c", "a@b\n"] {
            assert!(email(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_has_the_characters_of_an_id() {
        for text in ["1234", "A-1.b:2_c"] {
            assert!(number(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "1 2", "ü", "a/b", &"1".repeat(41)] {
            assert!(number(text.to_owned()).is_err(), "{text:?}");
        }
    }

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
