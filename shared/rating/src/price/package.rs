//! Whole packages, the last one charged whole.
//!
//! With packages of 1000 at 5, 1001 units are 2 packages: 10. Elsewhere: bundle, block, transform quantity.

use serde::Serialize;
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::division::Whole;
use crate::error::RatingError;
use crate::not_negative::not_negative;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::step::Step;

/// A price per package; the size is greater than 0, the amount not negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Package {
    package_size: Quantity,
    package_amount: Amount,
}

impl Package {
    /// Returns a price per package.
    ///
    /// # Errors
    /// `NotPositive` for the size; `NegativeAmount`.
    pub fn new(package_size: Quantity, package_amount: Amount) -> Result<Package, PriceError> {
        if package_size <= Quantity::ZERO {
            return Err(PriceError::NotPositive { field: "package_size".to_owned() });
        }
        Ok(Package { package_size, package_amount: not_negative(package_amount, "package_amount")? })
    }

    pub(super) fn price(&self, quantity: &Number, steps: &mut Vec<Step>) -> Result<(), RatingError> {
        if quantity.is_zero() {
            return Ok(());
        }
        let packages = quantity.whole_quotient(&self.package_size.into(), Whole::Up)?;
        let amount = packages.multiply(&self.package_amount.into());
        steps.push(Step::Packages {
            quantity: quantity.clone(),
            package_size: self.package_size.normalized(),
            packages,
            package_amount: self.package_amount,
            amount,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::price::priced;

    fn check(package_size: &str, quantity: &str, steps: usize, amount: &str) {
        let json = format!(r#"{{"model":"package","package_size":"{package_size}","package_amount":"5"}}"#);
        let (priced_steps, priced_amount) = priced(&json, quantity).unwrap();
        assert_eq!((priced_steps.len(), priced_amount.as_str()), (steps, amount), "{quantity} by {package_size}");
    }

    #[test]
    fn a_package_that_is_begun_is_charged_whole() {
        check("1000", "0", 0, "0");
        check("1000", "0.000000000001", 1, "5");
        check("1000", "1", 1, "5");
        check("1000", "999.999999999999", 1, "5");
        check("1000", "1000", 1, "5");
        check("1000", "1000.000000000001", 1, "10");
        check("1000", "2000", 1, "10");
        check("0.3", "0.9", 1, "15");
        check("0.3", "0.900000000001", 1, "20");
        check("7", "999999999999999.999999999999", 1, "714285714285715");
        check("0.000000000001", "999999999999999.999999999999", 1, "4999999999999999999999999995");
    }
}
