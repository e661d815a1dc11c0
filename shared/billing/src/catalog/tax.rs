//! What a tax that a caller names has to be.

use std::collections::HashSet;

use rating::{Number, Tax};

use crate::refusal::Refusal;

/// The longest name of a tax, in characters.
const LONGEST_NAME: usize = 50;

/// The greatest share of one tax, in hundredths.
const MOST_PERCENT: i64 = 100;

/// Checks that a tax has rates, each of a name of its own on one line and of at most 100 percent.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check(tax: &Tax) -> Result<(), Refusal> {
    let invalid = |field: String, detail: String| Err(Refusal::invalid(field, detail));
    if tax.rates().is_empty() {
        return invalid("tax.rates".to_owned(), "a tax has at least one rate".to_owned());
    }
    let mut names = HashSet::new();
    for (index, rate) in tax.rates().iter().enumerate() {
        let field = |name: &str| format!("tax.rates[{index}].{name}");
        let name = rate.name.as_str();
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return invalid(field("name"), format!("the name of a tax is 1 to {LONGEST_NAME} characters on one line"));
        }
        if !names.insert(name) {
            return invalid(field("name"), "the taxes of a price have different names".to_owned());
        }
        if Number::from(rate.percent) > MOST_PERCENT.into() {
            return invalid(field("percent"), format!("a tax is at most {MOST_PERCENT} percent"));
        }
    }
    Ok(())
}
