//! The fields of a usage that have limits of their own.

use rating::Amount;

use crate::refusal::Refusal;

/// The longest note, in characters.
const LONGEST_NOTE: usize = 500;

/// The longest unique value, in characters.
pub const LONGEST_UNIQUE_VALUE: usize = 200;

/// What a `unique_count` counts once, such as a user: 1 to 200 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueValue(String);

impl TryFrom<String> for UniqueValue {
    type Error = Refusal;

    fn try_from(text: String) -> Result<UniqueValue, Refusal> {
        if !(1..=LONGEST_UNIQUE_VALUE).contains(&text.chars().count()) {
            let detail = format!("a unique value has 1 to {LONGEST_UNIQUE_VALUE} characters");
            return Err(Refusal::unreadable("unique_value", detail));
        }
        if text.chars().any(char::is_control) {
            return Err(Refusal::unreadable("unique_value", "a unique value has no control characters"));
        }
        Ok(UniqueValue(text))
    }
}

impl From<UniqueValue> for String {
    fn from(value: UniqueValue) -> String {
        value.0
    }
}

/// A remark of at most 500 characters, on one line or several, with no control characters but line feeds and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

impl TryFrom<String> for Note {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Note, Refusal> {
        if text.chars().count() > LONGEST_NOTE {
            return Err(Refusal::unreadable("note", format!("a note has at most {LONGEST_NOTE} characters")));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            let detail = "a note has no control characters but line breaks (\\n) and tabs (\\t)";
            return Err(Refusal::unreadable("note", detail));
        }
        Ok(Note(text))
    }
}

impl From<Note> for String {
    fn from(note: Note) -> String {
        note.0
    }
}

/// What a usage costs, where its price is `dynamic`: not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsageAmount(Amount);

impl TryFrom<Amount> for UsageAmount {
    type Error = Refusal;

    fn try_from(amount: Amount) -> Result<UsageAmount, Refusal> {
        if amount.is_negative() {
            return Err(Refusal::unreadable("amount", "an amount is not negative"));
        }
        Ok(UsageAmount(amount))
    }
}

impl From<UsageAmount> for Amount {
    fn from(amount: UsageAmount) -> Amount {
        amount.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_value_has_1_to_200_characters_on_one_line() {
        for (text, allowed) in [
            ("u", true),
            (&*"ü".repeat(LONGEST_UNIQUE_VALUE), true),
            ("", false),
            (&*"u".repeat(LONGEST_UNIQUE_VALUE + 1), false),
            ("a\nb", false),
        ] {
            assert_eq!(UniqueValue::try_from(text.to_owned()).is_ok(), allowed, "{text:?}");
        }
    }

    #[test]
    fn a_note_has_at_most_500_characters_on_any_number_of_lines() {
        for (text, allowed) in [
            ("", true),
            ("a\n\tb", true),
            (&*"ü".repeat(LONGEST_NOTE), true),
            (&*"n".repeat(LONGEST_NOTE + 1), false),
            ("a\r\nb", false),
        ] {
            assert_eq!(Note::try_from(text.to_owned()).is_ok(), allowed, "{text:?}");
        }
    }

    #[test]
    fn an_amount_is_not_negative() {
        for (text, allowed) in [("0", true), ("0.01", true), ("-0.01", false)] {
            assert_eq!(UsageAmount::try_from(text.parse::<Amount>().unwrap()).is_ok(), allowed, "{text}");
        }
    }
}
