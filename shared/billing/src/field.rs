//! Rules for single fields that callers write.

use rating::Quantity;

use crate::refusal::Refusal;
use crate::site::LONGEST_GRACE_SECONDS;
use crate::time::{TimeText, Timestamp, Zone};

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;

/// The longest name of a unit, in characters.
pub const LONGEST_UNIT_NAME: usize = 50;

/// The longest email address, in characters.
const LONGEST_EMAIL: usize = 254;

/// The longest number of a customer, in characters.
const LONGEST_NUMBER: usize = 40;

/// Returns the text if it is 1 to `longest` characters, not all of them blank and none a control character.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn line(text: String, field: &str, longest: usize) -> Result<String, Refusal> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > longest || text.chars().any(char::is_control) {
        return Err(Refusal::invalid(field, format!("{field} is 1 to {longest} characters on one line")));
    }
    Ok(text)
}

/// Returns the name if it is one.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn name(text: String) -> Result<String, Refusal> {
    line(text, "name", LONGEST_NAME)
}

/// Returns the text if mail may be sent there: only delivery proves an address, so little is asked of it.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn email(text: String) -> Result<String, Refusal> {
    let parts = text.rsplit_once('@').filter(|(mailbox, host)| !mailbox.is_empty() && !host.is_empty());
    let blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
    if parts.is_none() || blank || text.chars().count() > LONGEST_EMAIL {
        return Err(Refusal::invalid("email", "email is one address, such as billing@example.com"));
    }
    Ok(text)
}

/// Returns the customer number if invoice numbers may begin with it.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn number(text: String) -> Result<String, Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    if text.is_empty() || text.len() > LONGEST_NUMBER || !text.bytes().all(allowed) {
        return Err(Refusal::invalid(
            "number",
            format!("number is 1 to {LONGEST_NUMBER} characters of A-Z a-z 0-9 _ . : -"),
        ));
    }
    Ok(text)
}

/// Reads a time, a local one in `zone`.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn time(text: &TimeText, field: &str, zone: Zone) -> Result<Timestamp, Refusal> {
    text.read(zone).map_err(|error| Refusal::invalid(field, error.to_string()))
}

/// Returns the quantity if it is not negative.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn not_negative(quantity: Quantity, field: &str) -> Result<Quantity, Refusal> {
    if quantity.is_negative() && !quantity.is_zero() {
        return Err(Refusal::invalid(field, "a quantity here is not negative"));
    }
    Ok(quantity)
}

/// Returns the grace if it is one.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn grace(seconds: u32) -> Result<u32, Refusal> {
    if seconds > LONGEST_GRACE_SECONDS {
        return Err(Refusal::invalid(
            "grace_seconds",
            format!("grace_seconds is 0 to {LONGEST_GRACE_SECONDS}, which is 50 days"),
        ));
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
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
}
