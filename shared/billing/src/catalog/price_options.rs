//! The options of an item price, beside its model: which of them go together.

use rating::{ChargeInputs, Discounts, Price, PriceError, ProrationBasis, RatingError, Rounding};

use super::charge_inputs::{OwnTerms, charge_inputs};
use super::item_price::{Billed, ItemPrice};
use super::tax;
use crate::refusal::Refusal;

/// What a charge of the price is computed from where a subscription says nothing of its own.
pub fn inputs<'a>(price: &'a ItemPrice, none: &'a Discounts) -> ChargeInputs<'a> {
    charge_inputs(price, OwnTerms { included_usage: None, discounts: none }, Rounding::default())
}

/// Checks that nothing of a price contradicts the rest of it: what can never be rated would keep its invoices from
/// closing.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check(price: &ItemPrice) -> Result<(), Refusal> {
    inputs(price, &Discounts::default())
        .check_range()
        .map_err(|error| Refusal::invalid(field(&error), error.to_string()))?;
    if let Some(basis) = price.proration {
        check_proration(price, basis)?;
    }
    price.tax.as_ref().map_or(Ok(()), tax::check)
}

/// Checks that what items of subscriptions say fits every version alike, since a period may run with any of them.
///
/// Units that an item includes or discounts have no meaning in a percentage of each usage, and a quantity that was agreed
/// on has to have an amount.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check_change(before: &ItemPrice, after: &ItemPrice) -> Result<(), Refusal> {
    let is_percentage = |price: &ItemPrice| matches!(price.price, Price::Percentage(_));
    if is_percentage(before) != is_percentage(after) {
        let detail = "a percentage stays one, and no other price becomes one; make another item price";
        return Err(Refusal::invalid("price", detail));
    }
    let greatest = after.price.greatest_quantity();
    if !after.metered && before.price.greatest_quantity() != greatest {
        let detail = "the last tier ends where it did, since quantities are agreed on; make another item price";
        return Err(Refusal::invalid("price", detail));
    }
    if !after.metered && greatest.is_some() && before.unit_rounding != after.unit_rounding {
        let detail = "quantities that are agreed on may be rounded beyond the last tier; make another item price";
        return Err(Refusal::invalid("unit_rounding", detail));
    }
    Ok(())
}

/// The option that rating refuses; what it says of anything else is about the price.
fn field(error: &RatingError) -> &'static str {
    let named = match error {
        // The bound itself has an amount, so that it is the rounding that leads beyond.
        RatingError::BeyondLastTier { .. } => "unit_rounding",
        RatingError::Inputs(PriceError::NotInModel { field, .. } | PriceError::NegativeAmount { field }) => field,
        _ => "price",
    };
    ["unit_rounding", "minimum_amount", "maximum_amount"].into_iter().find(|option| *option == named).unwrap_or("price")
}

fn check_proration(price: &ItemPrice, basis: ProrationBasis) -> Result<(), Refusal> {
    if price.billed == Billed::InAdvance {
        let detail = "what is billed in_advance is charged before it is known for which part of the period it is there";
        return Err(Refusal::invalid("proration", detail));
    }
    if basis == ProrationBasis::ThirtyDayMonths && !price.period.unit.is_in_months() {
        return Err(Refusal::invalid("proration", "months of 30 days are counted in periods of months or years"));
    }
    Ok(())
}
