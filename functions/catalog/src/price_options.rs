//! The options of an item price, beside its model: which of them go together.

use std::collections::HashSet;

use api::Problem;
use billing::catalog::{Billed, ItemPrice};
use billing::proration::is_in_months;
use billing::usage_charge::{self, OwnTerms};
use rating::{ChargeInputs, Discounts, Number, Price, PriceError, ProrationBasis, RatingError, Rounding, Tax};

use crate::text::{self, invalid};

/// The longest name of a tax, in characters.
const LONGEST_TAX_NAME: usize = 50;

/// The greatest share of one tax, in hundredths.
const MOST_PERCENT: i64 = 100;

/// What a charge of the price is computed from where a subscription says nothing of its own.
pub fn inputs<'a>(price: &'a ItemPrice, none: &'a Discounts) -> ChargeInputs<'a> {
    usage_charge::inputs(price, OwnTerms { included_usage: None, discounts: none }, Rounding::default())
}

/// Checks that nothing of a price contradicts the rest of it: what can never be rated would keep its invoices from
/// closing.
///
/// # Errors
/// 422 that names the field.
pub fn check(price: &ItemPrice) -> Result<(), Problem> {
    inputs(price, &Discounts::default())
        .check_range()
        .map_err(|error| invalid(field(&error).unwrap_or("price"), error.to_string()))?;
    if let Some(basis) = price.proration {
        check_proration(price, basis)?;
    }
    price.tax.as_ref().map_or(Ok(()), check_tax)
}

/// Checks that items of subscriptions go on to fit: units that one includes or discounts have no meaning in a percentage
/// of each usage.
///
/// # Errors
/// 422 that names the price.
pub fn check_change(before: &Price, after: &Price) -> Result<(), Problem> {
    let is_percentage = |price: &Price| matches!(price, Price::Percentage(_));
    match (is_percentage(before), is_percentage(after)) {
        (false, true) => Err(invalid("price", "no other price becomes a percentage; make another item price")),
        _ => Ok(()),
    }
}

/// The option that rating refuses; what it says of anything else is about the price.
fn field(error: &RatingError) -> Option<&'static str> {
    let RatingError::Inputs(PriceError::NotInModel { field, .. } | PriceError::NegativeAmount { field }) = error else {
        return None;
    };
    ["unit_rounding", "minimum_amount", "maximum_amount"].into_iter().find(|option| option == field)
}

fn check_proration(price: &ItemPrice, basis: ProrationBasis) -> Result<(), Problem> {
    if price.billed == Billed::InAdvance {
        let detail = "what is billed in_advance is charged before it is known for which part of the period it is there";
        return Err(invalid("proration", detail));
    }
    if basis == ProrationBasis::ThirtyDayMonths && !is_in_months(price.period.unit) {
        return Err(invalid("proration", "months of 30 days are counted in periods of months or years"));
    }
    Ok(())
}

fn check_tax(tax: &Tax) -> Result<(), Problem> {
    if tax.rates().is_empty() {
        return Err(invalid("tax.rates", "a tax has at least one rate"));
    }
    let mut names = HashSet::new();
    for (index, rate) in tax.rates().iter().enumerate() {
        let field = |name: &str| format!("tax.rates[{index}].{name}");
        text::line(rate.name.clone(), &field("name"), LONGEST_TAX_NAME)?;
        if !names.insert(&rate.name) {
            return Err(invalid(field("name"), "the taxes of a price have different names"));
        }
        if Number::from(rate.percent) > MOST_PERCENT.into() {
            return Err(invalid(field("percent"), format!("a tax is at most {MOST_PERCENT} percent")));
        }
    }
    Ok(())
}
