//! The check that an amount or a percentage is not below zero.

use crate::amount::Amount;
use crate::percent::Percent;
use crate::price_error::PriceError;

/// Returns the amount, unless it is below zero; `field` is where it stands.
pub(crate) fn not_negative(amount: Amount, field: &str) -> Result<Amount, PriceError> {
    if amount.is_negative() {
        return Err(PriceError::NegativeAmount { field: field.to_owned() });
    }
    Ok(amount)
}

/// Returns the percentage, unless it is below zero; `field` is where it stands.
pub(crate) fn not_negative_percent(percent: Percent, field: &str) -> Result<Percent, PriceError> {
    not_negative(percent.as_amount(), field).map(|_| percent)
}
