//! The tiers of a price, checked: what tiered, volume and stairstep prices are made of.

use serde::{Serialize, Serializer};

use crate::amount::Amount;
use crate::ladder::Ladder;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::tier::{MOST_TIERS, Tier};

/// The field that stands for the unit amount where a tier charges a share of money.
const PERCENT: &str = "percent";

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
#[derive(Clone, Debug)]
pub struct Tiers {
    tiers: Vec<Tier>,
    /// Follows from the tiers.
    ladder: Ladder,
}

impl PartialEq for Tiers {
    fn eq(&self, other: &Tiers) -> bool {
        self.tiers == other.tiers
    }
}

impl Eq for Tiers {}

impl Serialize for Tiers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tiers.serialize(serializer)
    }
}

impl Tiers {
    /// Returns the tiers, once they are known to be in order.
    ///
    /// # Errors
    /// The first of: `NoTiers`, `TooManyTiers`, and for the first tier that is wrong `NotPositive`, `NegativeAmount`,
    /// `OpenTierNotLast`, `NotAscending`.
    pub fn new(tiers: Vec<Tier>) -> Result<Tiers, PriceError> {
        Tiers::of("unit_amount", tiers)
    }

    /// Tiers whose unit amounts are percentages.
    pub(crate) fn of_percentages(tiers: Vec<Tier>) -> Result<Tiers, PriceError> {
        Tiers::of(PERCENT, tiers)
    }

    fn of(unit: &str, tiers: Vec<Tier>) -> Result<Tiers, PriceError> {
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
            check_numbers(index, tier, unit)?;
            if tier.up_to.is_some_and(|up_to| up_to <= lower_bound) {
                return Err(PriceError::NotAscending { index });
            }
            below = tier.up_to;
        }
        let ladder = Ladder::new(&tiers, unit == PERCENT);
        Ok(Tiers { tiers, ladder })
    }

    /// Returns the tiers in ascending order; there is at least one.
    pub fn as_slice(&self) -> &[Tier] {
        &self.tiers
    }

    pub(crate) fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// What nothing used costs where zero usage is billed.
    pub(crate) fn first_flat_amount(&self) -> Amount {
        self.tiers.first().map_or(Amount::ZERO, |tier| tier.flat_amount)
    }
}

fn check_numbers(index: usize, tier: &Tier, unit: &str) -> Result<(), PriceError> {
    let field = |name: &str| format!("tiers[{index}].{name}");
    for (name, quantity) in [("up_to", tier.up_to), ("package_size", tier.package_size)] {
        if quantity.is_some_and(|quantity| quantity <= Quantity::ZERO) {
            return Err(PriceError::NotPositive { field: field(name) });
        }
    }
    for (name, amount) in [(unit, tier.unit_amount), ("flat_amount", tier.flat_amount)] {
        if amount.is_negative() {
            return Err(PriceError::NegativeAmount { field: field(name) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RatingError;
    use crate::number::Number;

    fn tiers(json: &str) -> Result<Tiers, String> {
        let tiers = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Tiers::new(tiers).map_err(|error| error.to_string())
    }

    #[test]
    fn tiers_out_of_order_are_refused_by_name() {
        for (json, told) in [
            (r#"[]"#, "`tiers` has at least one entry"),
            (r#"[{"up_to":"0"}]"#, "`tiers[0].up_to` is greater than 0"),
            (r#"[{"up_to":"-5"}]"#, "`tiers[0].up_to` is greater than 0"),
            (r#"[{"up_to":"5"},{"up_to":"5.0"}]"#, "`tiers[1].up_to` is greater than the tier's before it"),
            (r#"[{"up_to":"5"},{"up_to":"4.999"}]"#, "`tiers[1].up_to` is greater than the tier's before it"),
            (r#"[{},{"up_to":"5"}]"#, "`tiers[0].up_to` is left open, and only the last tier's may be"),
            (r#"[{"up_to":"5"},{"up_to":null},{}]"#, "`tiers[1].up_to` is left open, and only the last tier's may be"),
            (r#"[{"unit_amount":"-1"}]"#, "`tiers[0].unit_amount` is not negative"),
            (r#"[{"up_to":"5"},{"flat_amount":"-0.01"}]"#, "`tiers[1].flat_amount` is not negative"),
            (r#"[{"package_size":"0"}]"#, "`tiers[0].package_size` is greater than 0"),
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
        assert!(tiers(&many(101)).unwrap_err().starts_with("`tiers` has at most 100 entries, not 101"));
    }

    #[test]
    fn tiers_are_equal_where_all_of_their_numbers_are() {
        let read = |json| tiers(json).unwrap();
        let one = read(r#"[{"up_to":"5","unit_amount":"1"},{}]"#);
        assert_eq!(one, read(r#"[{"up_to":"5.0","unit_amount":"1.00"},{"up_to":null}]"#));
        for other in [
            r#"[{"up_to":"5","unit_amount":"1"}]"#,
            r#"[{"up_to":"6","unit_amount":"1"},{}]"#,
            r#"[{"up_to":"5","unit_amount":"2"},{}]"#,
            r#"[{"up_to":"5","unit_amount":"1","flat_amount":"1"},{}]"#,
            r#"[{"up_to":"5","unit_amount":"1","package_size":"1"},{}]"#,
        ] {
            assert_ne!(one, read(other), "{other}");
        }
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
    fn a_quantity_lies_in_the_tier_whose_bound_it_does_not_pass() {
        let closed = tiers(r#"[{"up_to":"5"},{"up_to":"10"}]"#).unwrap();
        let open = tiers(r#"[{"up_to":"5"},{"up_to":"10"},{}]"#).unwrap();
        let reached = |tiers: &Tiers, quantity: &Number| {
            tiers.ladder().reached(quantity).map(|rung| rung.map(|rung| rung.from.to_string()))
        };
        for (quantity, in_closed, in_open) in [
            ("0", Some(None), None),
            ("0.000000000001", Some(Some("0")), Some("0")),
            ("5", Some(Some("0")), Some("0")),
            ("5.000000000001", Some(Some("5")), Some("5")),
            ("10", Some(Some("5")), Some("5")),
            ("10.000000000001", None, Some("10")),
            ("999999999999999.999999999999", None, Some("10")),
        ] {
            let quantity: Number = quantity.parse().unwrap();
            assert_eq!(reached(&open, &quantity).unwrap().as_deref(), in_open, "{quantity}");
            match in_closed {
                Some(from) => assert_eq!(reached(&closed, &quantity).unwrap().as_deref(), from, "{quantity}"),
                None => {
                    let last_up_to = "10".parse().unwrap();
                    let error = reached(&closed, &quantity).err();
                    assert_eq!(error, Some(RatingError::BeyondLastTier { quantity, last_up_to }));
                }
            }
        }
    }
}
