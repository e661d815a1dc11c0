//! What tiered, volume and stairstep prices are made of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::error::RatingError;
use crate::number::Number;
use crate::price::PriceError;
use crate::quantity::Quantity;
use crate::step::Step;

/// The most tiers that a price may have.
pub const MOST_TIERS: usize = 100;

/// One band of a price; it begins behind the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Where the tier ends, inclusive; absent where it is open.
    #[serde(default)]
    pub up_to: Option<Quantity>,
    /// The price of one unit, or of one package where there is a package size; 0 if not said.
    #[serde(default)]
    pub unit_amount: Amount,
    /// What is added once; 0 if not said.
    #[serde(default)]
    pub flat_amount: Amount,
    /// How many units are sold together; the last package is charged whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_size: Option<Quantity>,
}

impl Tier {
    /// Prices a quantity by this tier, whose lower bound is `from`.
    pub(crate) fn step(&self, from: Number, quantity: Number) -> Result<Step, RatingError> {
        let package_size = self.package_size.map(Number::from);
        let packages = package_size.as_ref().map(|size| Ok(quantity.divide(size)?.ceil())).transpose()?;
        let unit_amount = Number::from(self.unit_amount);
        let amount = packages.as_ref().unwrap_or(&quantity).multiply(&unit_amount).add(&self.flat_amount.into());
        Ok(Step::Tier {
            from,
            to: self.up_to.map(Number::from),
            quantity,
            package_size,
            packages,
            unit_amount: self.unit_amount,
            flat_amount: self.flat_amount,
            amount,
        })
    }
}

/// 1 to 100 tiers in strictly ascending order, of which only the last may be open.
///
/// Upper bounds are inclusive and lower bounds implied: 100 lies in the tier up to 100, 100.000000000001 in the next.
/// A closed last tier leaves what lies beyond it without a price. No amount is negative.
///
/// # Examples
/// ```
/// use rating::{Tier, Tiers};
///
/// let tier = |up_to: Option<&str>| Tier {
///     up_to: up_to.map(|bound| bound.parse().unwrap()),
///     unit_amount: "0.05".parse().unwrap(),
///     flat_amount: "0".parse().unwrap(),
///     package_size: None,
/// };
/// assert!(Tiers::new(vec![tier(Some("100")), tier(None)]).is_ok());
/// assert!(Tiers::new(vec![tier(None), tier(Some("100"))]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<Tier>")]
#[schema(min_items = 1, max_items = 100)]
pub struct Tiers(Vec<Tier>);

/// A tier that was reached.
pub(crate) struct Reached<'a> {
    pub(crate) tier: &'a Tier,
    /// Its lower bound, exclusive.
    pub(crate) from: Number,
}

impl Tiers {
    /// Returns the tiers, once they are known to be in order.
    ///
    /// # Errors
    /// The first of: `NoTiers`, `TooManyTiers`, and for the first tier that is wrong `NotPositive`, `NegativeAmount`,
    /// `OpenTierNotLast`, `NotAscending`.
    pub fn new(tiers: Vec<Tier>) -> Result<Tiers, PriceError> {
        if tiers.is_empty() {
            return Err(PriceError::NoTiers);
        }
        if tiers.len() > MOST_TIERS {
            return Err(PriceError::TooManyTiers { count: tiers.len() });
        }
        let mut below = Some(Quantity::ZERO);
        for (index, tier) in tiers.iter().enumerate() {
            // An open tier leaves no bound for the next one to begin at.
            let lower_bound = below.ok_or_else(|| PriceError::OpenTierNotLast { index: index.saturating_sub(1) })?;
            check_numbers(index, tier)?;
            if tier.up_to.is_some_and(|up_to| up_to <= lower_bound) {
                return Err(PriceError::NotAscending { index });
            }
            below = tier.up_to;
        }
        Ok(Tiers(tiers))
    }

    /// Returns the tiers in ascending order; there is at least one.
    pub fn as_slice(&self) -> &[Tier] {
        &self.0
    }

    /// What nothing used costs where zero usage is billed.
    pub(crate) fn first_flat_amount(&self) -> Amount {
        self.0.first().map_or(Amount::ZERO, |tier| tier.flat_amount)
    }

    /// The tiers that a quantity enters, in ascending order; the last one is where it lies, and 0 enters none.
    pub(crate) fn entered(&self, quantity: &Number) -> Result<Vec<Reached<'_>>, RatingError> {
        let mut from = Number::ZERO;
        let mut entered = Vec::new();
        for tier in &self.0 {
            if *quantity <= from {
                return Ok(entered);
            }
            entered.push(Reached { tier, from: from.clone() });
            match tier.up_to {
                Some(up_to) => from = up_to.into(),
                None => return Ok(entered),
            }
        }
        // The last tier is closed; from is where it ends.
        match self.0.last().and_then(|tier| tier.up_to) {
            Some(last_up_to) if *quantity > from => {
                Err(RatingError::BeyondLastTier { quantity: quantity.clone(), last_up_to })
            }
            _ => Ok(entered),
        }
    }
}

impl TryFrom<Vec<Tier>> for Tiers {
    type Error = PriceError;

    fn try_from(tiers: Vec<Tier>) -> Result<Self, PriceError> {
        Tiers::new(tiers)
    }
}

fn check_numbers(index: usize, tier: &Tier) -> Result<(), PriceError> {
    let field = |name: &str| format!("tiers[{index}].{name}");
    for (name, quantity) in [("up_to", tier.up_to), ("package_size", tier.package_size)] {
        if quantity.is_some_and(|quantity| quantity <= Quantity::ZERO) {
            return Err(PriceError::NotPositive { field: field(name) });
        }
    }
    for (name, amount) in [("unit_amount", tier.unit_amount), ("flat_amount", tier.flat_amount)] {
        if amount.is_negative() {
            return Err(PriceError::NegativeAmount { field: field(name) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(json: &str) -> Result<Tiers, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn tiers_out_of_order_are_refused_by_name() {
        for (json, told) in [
            (r#"[]"#, "a price has at least one tier"),
            (r#"[{"up_to":"0"}]"#, "tiers[0].up_to is greater than 0"),
            (r#"[{"up_to":"-5"}]"#, "tiers[0].up_to is greater than 0"),
            (r#"[{"up_to":"5"},{"up_to":"5.0"}]"#, "tiers[1].up_to is greater than the tier's before it"),
            (r#"[{"up_to":"5"},{"up_to":"4.999"}]"#, "tiers[1].up_to is greater than the tier's before it"),
            (r#"[{},{"up_to":"5"}]"#, "tiers[0] is open, and only the last tier may be"),
            (r#"[{"up_to":"5"},{"up_to":null},{}]"#, "tiers[1] is open, and only the last tier may be"),
            (r#"[{"unit_amount":"-1"}]"#, "tiers[0].unit_amount is not negative"),
            (r#"[{"up_to":"5"},{"flat_amount":"-0.01"}]"#, "tiers[1].flat_amount is not negative"),
            (r#"[{"package_size":"0"}]"#, "tiers[0].package_size is greater than 0"),
            (r#"[{"unit":"1"}]"#, "unknown field `unit`"),
            (r#"[{"unit_amount":1}]"#, "invalid type: integer `1`, expected an amount as a string"),
        ] {
            let error = tiers(json).unwrap_err();
            assert!(error.starts_with(told), "{json}: {error}");
        }
        let many = |count: usize| {
            let tiers: Vec<String> = (1..=count).map(|up_to| format!(r#"{{"up_to":"{up_to}"}}"#)).collect();
            format!("[{}]", tiers.join(","))
        };
        assert!(tiers(&many(100)).is_ok());
        assert!(tiers(&many(101)).unwrap_err().starts_with("a price has at most 100 tiers, not 101"));
    }

    #[test]
    fn the_stored_form_of_tiers_stays() {
        let golden = concat!(
            r#"[{"up_to":"100","unit_amount":"0.050","flat_amount":"0","package_size":"10"},"#,
            r#"{"up_to":null,"unit_amount":"0","flat_amount":"1.00"}]"#
        );
        assert_eq!(serde_json::to_string(&tiers(golden).unwrap()).unwrap(), golden);
    }

    #[test]
    fn a_quantity_enters_every_tier_up_to_where_it_lies() {
        let closed = tiers(r#"[{"up_to":"5"},{"up_to":"10"}]"#).unwrap();
        let open = tiers(r#"[{"up_to":"5"},{"up_to":"10"},{}]"#).unwrap();
        for (quantity, in_closed, in_open) in [
            ("0", Some(0), 0),
            ("0.000000000001", Some(1), 1),
            ("5", Some(1), 1),
            ("5.000000000001", Some(2), 2),
            ("10", Some(2), 2),
            ("10.000000000001", None, 3),
            ("999999999999999.999999999999", None, 3),
        ] {
            let quantity: Number = quantity.parse().unwrap();
            assert_eq!(open.entered(&quantity).unwrap().len(), in_open, "{quantity}");
            match in_closed {
                Some(count) => assert_eq!(closed.entered(&quantity).unwrap().len(), count, "{quantity}"),
                None => {
                    let last_up_to = "10".parse().unwrap();
                    let error = closed.entered(&quantity).err();
                    assert_eq!(error, Some(RatingError::BeyondLastTier { quantity, last_up_to }));
                }
            }
        }
    }
}
