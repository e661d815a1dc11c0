//! Each unit at the price of the tier that it lies in.
//!
//! With 1.00 up to 100 and 0.50 beyond, 150 units are 100 x 1.00 + 50 x 0.50 = 125. The flat amount of every tier that
//! is entered is added once; with a package size the units in a tier are charged in whole packages. Elsewhere:
//! graduated, all tiers, progressive.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::RatingError;
use crate::ladder::Rung;
use crate::number::Number;
use crate::step::Step;
use crate::tiers::Tiers;

/// A graduated price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tiered {
    tiers: Tiers,
}

impl Tiered {
    /// Returns a graduated price.
    pub fn new(tiers: Tiers) -> Tiered {
        Tiered { tiers }
    }

    /// Returns the tiers.
    pub fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    #[inline]
    pub(super) fn price(&self, quantity: &Number, steps: &mut Vec<Step>) -> Result<Number, RatingError> {
        self.tiers.ladder().graduated(quantity, steps, Rung::step)
    }
}

#[cfg(test)]
mod tests {
    use crate::error::RatingError;
    use crate::price::{amounts, priced};

    fn check(json: &str, quantity: &str, steps: &[&str], amount: &str) {
        let (priced_steps, priced_amount) = priced(json, quantity).unwrap();
        assert_eq!(
            (amounts(&priced_steps), priced_amount.as_str()),
            (steps.iter().map(|s| s.to_string()).collect(), amount),
            "{quantity}"
        );
    }

    const OPEN: &str = r#"{"model":"tiered","tiers":[
        {"up_to":"100","unit_amount":"1","flat_amount":"2"},
        {"up_to":"200","unit_amount":"0.5","flat_amount":"3"},
        {"unit_amount":"0.1"}]}"#;

    #[test]
    fn each_unit_is_priced_where_it_lies() {
        check(OPEN, "0", &[], "0");
        check(OPEN, "0.000000000001", &["2.000000000001"], "2.000000000001");
        check(OPEN, "50", &["52"], "52");
        check(OPEN, "99.999999999999", &["101.999999999999"], "101.999999999999");
        check(OPEN, "100", &["102"], "102");
        check(OPEN, "100.000000000001", &["102", "3.0000000000005"], "105.0000000000005");
        check(OPEN, "150", &["102", "28"], "130");
        check(OPEN, "200", &["102", "53"], "155");
        check(OPEN, "200.000000000001", &["102", "53", "0.0000000000001"], "155.0000000000001");
        check(
            OPEN,
            "999999999999999.999999999999",
            &["102", "53", "99999999999979.9999999999999"],
            "100000000000134.9999999999999",
        );
    }

    #[test]
    fn packages_are_whole_inside_each_tier() {
        let json = r#"{"model":"tiered","tiers":[
            {"up_to":"100","unit_amount":"5","package_size":"30"},
            {"unit_amount":"2","flat_amount":"1","package_size":"0.5"}]}"#;
        check(json, "0", &[], "0");
        check(json, "30", &["5"], "5");
        check(json, "30.000000000001", &["10"], "10");
        check(json, "100", &["20"], "20");
        check(json, "100.000000000001", &["20", "3"], "23");
        check(json, "100.5", &["20", "3"], "23");
        check(json, "101.2", &["20", "7"], "27");
    }

    #[test]
    fn beyond_a_closed_last_tier_there_is_no_price() {
        let json = r#"{"model":"tiered","tiers":[{"up_to":"100","unit_amount":"1"}]}"#;
        check(json, "100", &["100"], "100");
        let error = priced(json, "100.000000000001").unwrap_err();
        assert!(matches!(error, RatingError::BeyondLastTier { .. }));
        assert_eq!(error.to_string(), "a quantity of 100.000000000001 lies beyond the last tier, which ends at 100");
    }
}
