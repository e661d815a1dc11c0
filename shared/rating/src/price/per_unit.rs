//! Every unit at the same price.
//!
//! 361 minutes at 0.05 are 18.05. Elsewhere: standard, unit pricing, linear.

use serde::Serialize;
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::not_negative::not_negative;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::step::Step;

/// A price per unit; it is not negative, and may be finer than a minor unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PerUnit {
    unit_amount: Amount,
}

impl PerUnit {
    /// Returns a price per unit.
    ///
    /// # Errors
    /// `NegativeAmount`.
    pub fn new(unit_amount: Amount) -> Result<PerUnit, PriceError> {
        Ok(PerUnit { unit_amount: not_negative(unit_amount, "unit_amount")? })
    }

    #[inline]
    pub(super) fn price(&self, quantity: &Number, steps: &mut Vec<Step>) {
        if quantity.is_zero() {
            return;
        }
        let amount = quantity.multiply(&self.unit_amount.into());
        steps.push(Step::Units { quantity: quantity.clone(), unit_amount: self.unit_amount, amount });
    }
}

#[cfg(test)]
mod tests {
    use crate::price::priced;

    fn check(unit_amount: &str, quantity: &str, steps: usize, amount: &str) {
        let json = format!(r#"{{"model":"per_unit","unit_amount":"{unit_amount}"}}"#);
        let (priced_steps, priced_amount) = priced(&json, quantity).unwrap();
        assert_eq!((priced_steps.len(), priced_amount.as_str()), (steps, amount), "{quantity} at {unit_amount}");
    }

    #[test]
    fn every_unit_costs_the_same() {
        check("0.05", "0", 0, "0");
        check("0.05", "1", 1, "0.05");
        check("0.05", "361", 1, "18.05");
        check("0.05", "361.000000000001", 1, "18.05000000000005");
        check("0.05", "0.5", 1, "0.025");
        check("0", "361", 1, "0");
        check("0.000000000001", "0.000000000001", 1, "0.000000000000000000000001");
        check(
            "999999999999999.999999999999",
            "999999999999999.999999999999",
            1,
            "999999999999999999999999998000.000000000000000000000001",
        );
    }
}
