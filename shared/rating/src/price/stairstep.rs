//! One amount for the tier that the quantity reaches.
//!
//! With 50 up to 1000 and 200 up to 5000, 4500 units are 200, and so are 1001. Elsewhere: stair-step, bands, brackets.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::RatingError;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::step::Step;
use crate::tiers::Tiers;

/// A stairstep price: its tiers have flat amounts only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stairstep {
    tiers: Tiers,
}

impl Stairstep {
    /// Returns a stairstep price.
    ///
    /// # Errors
    /// `NotInModel` where a tier has a unit amount other than 0 or a package size: they would have to be ignored.
    pub fn new(tiers: Tiers) -> Result<Stairstep, PriceError> {
        for (index, tier) in tiers.as_slice().iter().enumerate() {
            let unused = if !tier.unit_amount.is_zero() {
                "unit_amount"
            } else if tier.package_size.is_some() {
                "package_size"
            } else {
                continue;
            };
            return Err(PriceError::NotInModel { field: format!("tiers[{index}].{unused}"), model: "stairstep" });
        }
        Ok(Stairstep { tiers })
    }

    /// Returns the tiers.
    pub fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    pub(super) fn price(&self, quantity: &Number, steps: &mut Vec<Step>) -> Result<(), RatingError> {
        if let Some(rung) = self.tiers.ladder().reached(quantity)? {
            steps.push(rung.step(rung.share(quantity.clone())?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::error::RatingError;
    use crate::price::priced;

    fn check(json: &str, quantity: &str, steps: usize, amount: &str) {
        let (priced_steps, priced_amount) = priced(json, quantity).unwrap();
        assert_eq!((priced_steps.len(), priced_amount.as_str()), (steps, amount), "{quantity}");
    }

    #[test]
    fn only_the_reached_tier_counts() {
        let json = r#"{"model":"stairstep","tiers":[
            {"up_to":"1000","flat_amount":"50"},
            {"up_to":"5000","flat_amount":"200"},
            {"flat_amount":"0.000000000001"}]}"#;
        check(json, "0", 0, "0");
        check(json, "0.000000000001", 1, "50");
        check(json, "1000", 1, "50");
        check(json, "1000.000000000001", 1, "200");
        check(json, "4500", 1, "200");
        check(json, "5000", 1, "200");
        check(json, "5000.000000000001", 1, "0.000000000001");
        check(json, "999999999999999.999999999999", 1, "0.000000000001");
    }

    #[test]
    fn beyond_a_closed_last_tier_there_is_no_price() {
        let json = r#"{"model":"stairstep","tiers":[{"up_to":"1000","flat_amount":"50"}]}"#;
        check(json, "1000", 1, "50");
        assert!(matches!(priced(json, "1001").unwrap_err(), RatingError::BeyondLastTier { .. }));
    }
}
