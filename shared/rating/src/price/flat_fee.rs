//! One amount, whatever the quantity.
//!
//! 10.00 for 1 unit, 10.00 for a million. Elsewhere: fixed fee, recurring fee, subscription fee.

use serde::Serialize;
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::not_negative::not_negative;
use crate::price_error::PriceError;
use crate::step::Step;

/// A flat fee; the amount is not negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlatFee {
    amount: Amount,
}

impl FlatFee {
    /// Returns a flat fee.
    ///
    /// # Errors
    /// `NegativeAmount`.
    pub fn new(amount: Amount) -> Result<FlatFee, PriceError> {
        Ok(FlatFee { amount: not_negative(amount, "amount")? })
    }

    /// Returns the amount, in major units.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    pub(super) fn price(&self, steps: &mut Vec<Step>) {
        steps.push(Step::Flat { amount: self.amount.into() });
    }
}

#[cfg(test)]
mod tests {
    use crate::price::priced;

    #[test]
    fn the_quantity_changes_nothing() {
        for quantity in ["0", "0.000000000001", "1", "999999999999999.999999999999"] {
            let (steps, amount) = priced(r#"{"model":"flat_fee","amount":"10.00"}"#, quantity).unwrap();
            assert_eq!((steps.len(), amount.as_str()), (1, "10"));
        }
    }
}
