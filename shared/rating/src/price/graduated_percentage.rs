//! A share of money by the tier that it lies in.
//!
//! With 200 and 1 % up to 1000, then 300 and 2 %, an amount of 1050 is 200 + 10 + 300 + 1 = 511. The flat amount of
//! every tier that is entered is added once. Elsewhere: tiered percentage, interchange by band.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::error::RatingError;
use crate::ladder::Rung;
use crate::number::Number;
use crate::percent::Percent;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::step::Step;
use crate::tier::Tier;
use crate::tiers::Tiers;

/// One band of money; it begins behind the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentTier {
    /// Where the tier ends, inclusive; absent where it is open.
    #[serde(default)]
    pub up_to: Option<Quantity>,
    /// The share that is charged; 0 if not said.
    #[serde(default)]
    pub percent: Percent,
    /// What is added once; 0 if not said.
    #[serde(default)]
    pub flat_amount: Amount,
}

/// A graduated price whose tiers charge a share of the money that lies in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(into = "Fields")]
pub struct GraduatedPercentage {
    #[schema(value_type = Vec<PercentTier>, min_items = 1, max_items = 100)]
    tiers: Tiers,
}

#[derive(Serialize)]
struct Fields {
    tiers: Vec<PercentTier>,
}

impl GraduatedPercentage {
    /// Returns a graduated share of money.
    ///
    /// # Errors
    /// As `Tiers::new`.
    pub fn new(tiers: &[PercentTier]) -> Result<GraduatedPercentage, PriceError> {
        let tier = |tier: &PercentTier| Tier {
            up_to: tier.up_to,
            unit_amount: tier.percent.as_amount(),
            flat_amount: tier.flat_amount,
            package_size: None,
        };
        Ok(GraduatedPercentage { tiers: Tiers::of_percentages(tiers.iter().map(tier).collect())? })
    }

    /// Returns the tiers in ascending order; there is at least one.
    pub fn tiers(&self) -> impl Iterator<Item = PercentTier> {
        self.tiers.as_slice().iter().map(|tier| PercentTier {
            up_to: tier.up_to,
            percent: Percent::from_amount(tier.unit_amount),
            flat_amount: tier.flat_amount,
        })
    }

    pub(crate) fn rungs(&self) -> &[Rung] {
        self.tiers.ladder().rungs()
    }

    pub(super) fn first_flat_amount(&self) -> Amount {
        self.tiers.first_flat_amount()
    }

    pub(super) fn price(&self, quantity: &Number, steps: &mut Vec<Step>) -> Result<Number, RatingError> {
        self.tiers.ladder().graduated(quantity, steps, Rung::percent_step)
    }
}

impl From<GraduatedPercentage> for Fields {
    fn from(price: GraduatedPercentage) -> Fields {
        Fields { tiers: price.tiers().collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::RatingError;
    use crate::price::{amounts, priced};

    fn check(json: &str, quantity: &str, steps: &[&str], amount: &str) {
        let (priced_steps, priced_amount) = priced(json, quantity).unwrap();
        let expected: Vec<String> = steps.iter().map(|step| step.to_string()).collect();
        assert_eq!((amounts(&priced_steps), priced_amount.as_str()), (expected, amount), "{quantity}");
    }

    #[test]
    fn the_money_in_each_tier_is_charged_its_share() {
        let json = r#"{"model":"graduated_percentage","tiers":[
            {"up_to":"1000","percent":"1","flat_amount":"200"},
            {"up_to":"10000","percent":"2","flat_amount":"300"},
            {"percent":"0.000000000001"}]}"#;
        check(json, "0", &[], "0");
        check(json, "0.000000000001", &["200.00000000000001"], "200.00000000000001");
        check(json, "500", &["205"], "205");
        check(json, "1000", &["210"], "210");
        check(json, "1000.000000000001", &["210", "300.00000000000002"], "510.00000000000002");
        check(json, "1050", &["210", "301"], "511");
        check(json, "10000", &["210", "480"], "690");
        check(
            json,
            "999999999999999.999999999999",
            &["210", "480", "9.99999999989999999999999999"],
            "699.99999999989999999999999999",
        );
    }

    #[test]
    fn beyond_a_closed_last_tier_there_is_no_price() {
        let json = r#"{"model":"graduated_percentage","tiers":[{"up_to":"1000","percent":"1"}]}"#;
        check(json, "1000", &["10"], "10");
        assert!(matches!(priced(json, "1000.5").unwrap_err(), RatingError::BeyondLastTier { .. }));
    }
}
