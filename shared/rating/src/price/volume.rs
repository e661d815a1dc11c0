//! All units at the price of the tier that the quantity reaches.
//!
//! With 7 up to 5 and 6.5 up to 10, 6 units are 6 x 6.5 = 39: more units may cost less. The flat amount of the reached
//! tier is added once; with a package size all units are charged in whole packages. Elsewhere: top tier, all units.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::RatingError;
use crate::number::Number;
use crate::step::Step;
use crate::tiers::Tiers;

/// A price by volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    tiers: Tiers,
}

impl Volume {
    /// Returns a price by volume.
    pub fn new(tiers: Tiers) -> Volume {
        Volume { tiers }
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
    fn all_units_are_priced_by_the_tier_that_they_reach() {
        let json = r#"{"model":"volume","tiers":[
            {"up_to":"5","unit_amount":"7","flat_amount":"1"},
            {"up_to":"10","unit_amount":"6.5"},
            {"unit_amount":"6"}]}"#;
        check(json, "0", 0, "0");
        check(json, "0.000000000001", 1, "1.000000000007");
        check(json, "1", 1, "8");
        check(json, "5", 1, "36");
        check(json, "5.000000000001", 1, "32.5000000000065");
        check(json, "6", 1, "39");
        check(json, "10", 1, "65");
        check(json, "10.000000000001", 1, "60.000000000006");
        check(json, "999999999999999.999999999999", 1, "5999999999999999.999999999994");
    }

    #[test]
    fn packages_are_whole() {
        let json = r#"{"model":"volume","tiers":[
            {"up_to":"100","unit_amount":"5","package_size":"30"},
            {"unit_amount":"20","package_size":"100"}]}"#;
        check(json, "90", 1, "15");
        check(json, "90.000000000001", 1, "20");
        check(json, "100", 1, "20");
        check(json, "100.000000000001", 1, "40");
    }

    #[test]
    fn beyond_a_closed_last_tier_there_is_no_price() {
        let json = r#"{"model":"volume","tiers":[{"up_to":"5","unit_amount":"7"}]}"#;
        check(json, "5", 1, "35");
        assert!(matches!(priced(json, "5.1").unwrap_err(), RatingError::BeyondLastTier { .. }));
    }
}
