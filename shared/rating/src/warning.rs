//! What is legal in a price, but odd enough to be asked about.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::aggregation::Aggregation;
use crate::amount::Amount;
use crate::division::Whole;
use crate::inputs::ChargeInputs;
use crate::ladder::Rung;
use crate::number::Number;
use crate::price::Price;
use crate::quantity::Quantity;

/// One oddity of a price; its text may be shown to an API caller. Tiers are counted from 0.
///
/// In JSON it is an object tagged by `warning`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "warning", rename_all = "snake_case", deny_unknown_fields)]
pub enum Warning {
    /// By volume, just beyond a bound more units cost less than at it.
    VolumeCliff {
        /// The tier that ends there.
        tier: usize,
        /// The bound.
        up_to: Quantity,
        /// What the quantity of the bound costs.
        amount: Number,
        /// How much less just beyond it costs.
        less: Number,
        /// How far beyond it costs less than at it; absent where that has no end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        less_up_to: Option<Number>,
    },
    /// A step costs less than the one before it.
    DecreasingStep {
        /// The tier that costs less.
        tier: usize,
        /// What the tier before it costs.
        before: Amount,
        /// What the tier costs.
        amount: Amount,
    },
    /// No quantity lies in a tier: they are all multiples of something, and none of those does.
    UnreachableTier {
        /// The tier.
        tier: usize,
        /// What quantities are multiples of.
        multiple_of: Quantity,
    },
    /// The last package of a tier is charged whole, and never filled.
    PackageDoesNotDivideTier {
        /// The tier.
        tier: usize,
        /// The units in a package.
        package_size: Quantity,
        /// The units that are put into packages when the tier is full.
        units: Number,
    },
    /// The most is less than the least, so that it is always charged.
    MaximumBelowMinimum {
        /// The field that says the most.
        field: String,
        /// The least.
        minimum: Amount,
        /// The most.
        maximum: Amount,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::VolumeCliff { tier, up_to, amount, less, less_up_to } => {
                write!(f, "tiers[{tier}] ends at {up_to}, which costs {amount}; just beyond it is {less} less")?;
                match less_up_to {
                    Some(end) => write!(f, ", and less up to {end}"),
                    None => write!(f, ", and less for any more"),
                }
            }
            Warning::DecreasingStep { tier, before, amount } => {
                write!(f, "tiers[{tier}] costs {amount}, less than the {before} of the tier before it")
            }
            Warning::UnreachableTier { tier, multiple_of } => {
                write!(f, "tiers[{tier}] is never reached: no multiple of {multiple_of} lies in it")
            }
            Warning::PackageDoesNotDivideTier { tier, package_size, units } => {
                write!(f, "tiers[{tier}] is full at {units} units, which are no whole packages of {package_size}")
            }
            Warning::MaximumBelowMinimum { field, minimum, maximum } => {
                write!(f, "{field} is {maximum}, below the minimum of {minimum}, and always charged")
            }
        }
    }
}

impl Price {
    /// Returns what is odd about the price, in the order of its tiers.
    ///
    /// # Examples
    /// ```
    /// let price: rating::Price = serde_json::from_str(
    ///     r#"{"model":"volume","tiers":[{"up_to":"20","unit_amount":"2"},{"unit_amount":"1"}]}"#,
    /// )?;
    /// let told: Vec<String> = price.warnings().iter().map(ToString::to_string).collect();
    /// assert_eq!(told, ["tiers[0] ends at 20, which costs 40; just beyond it is 20 less, and less up to 40"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn warnings(&self) -> Vec<Warning> {
        match self {
            Price::Tiered(model) => undivided(model.tiers().ladder().rungs(), true).collect(),
            Price::Volume(model) => {
                let rungs = model.tiers().ladder().rungs();
                undivided(rungs, false).chain(cliffs(rungs)).collect()
            }
            Price::Stairstep(model) => decreasing(model.tiers().ladder().rungs()).collect(),
            Price::Percentage(model) => {
                let crossed = model.maximum_below_minimum().map(|(minimum, maximum)| Warning::MaximumBelowMinimum {
                    field: "maximum_per_record".to_owned(),
                    minimum,
                    maximum,
                });
                crossed.into_iter().collect()
            }
            Price::FlatFee(_) | Price::PerUnit(_) | Price::Package(_) => Vec::new(),
            Price::GraduatedPercentage(_) | Price::Dynamic(_) => Vec::new(),
        }
    }
}

impl ChargeInputs<'_> {
    /// Returns what is odd about the price, and about the price together with what is said beside it.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.price.warnings();
        if let Some(multiple_of) = self.multiples() {
            warnings.extend(unreachable(self.price.rungs(), multiple_of));
        }
        let limits = self.minimum_amount.zip(self.maximum_amount).filter(|(minimum, maximum)| maximum < minimum);
        warnings.extend(limits.map(|(minimum, maximum)| Warning::MaximumBelowMinimum {
            field: "maximum_amount".to_owned(),
            minimum,
            maximum,
        }));
        warnings
    }

    /// What every quantity that is priced is a multiple of, where there is such a thing.
    fn multiples(&self) -> Option<Quantity> {
        if let Some(rounding) = self.unit_rounding {
            return Some(rounding.multiple_of());
        }
        let included = Number::from(self.included);
        let counts = matches!(self.aggregation, Aggregation::Count | Aggregation::UniqueCount);
        (counts && included.ceil() == included).then_some(Quantity::ONE)
    }
}

/// Tiers whose packages are not filled when they are; a graduated tier holds only what lies in it.
fn undivided(rungs: &[Rung], is_graduated: bool) -> impl Iterator<Item = Warning> {
    rungs.iter().enumerate().filter_map(move |(tier, rung)| {
        let package_size = rung.package_size?;
        let to = Number::from(rung.to?);
        let units = if is_graduated { to.subtract(&rung.from.into()) } else { to };
        let rest = units.divide(&package_size.into()).ok()?;
        (rest.ceil() != rest).then_some(Warning::PackageDoesNotDivideTier { tier, package_size, units })
    })
}

fn cliffs(rungs: &[Rung]) -> impl Iterator<Item = Warning> {
    rungs.iter().zip(rungs.iter().skip(1)).enumerate().filter_map(|(tier, (rung, next))| {
        let up_to = rung.to?;
        let amount = rung.share(up_to.into()).ok()?.amount;
        let less = amount.subtract(&next.just_beyond(&up_to.into())?);
        if less <= Number::ZERO {
            return None;
        }
        let end = next.costs_less_up_to(&amount)?;
        let less_up_to = match (end, next.to) {
            (Some(end), Some(to)) => Some(end.min(to.into())),
            (Some(end), None) => Some(end),
            (None, to) => to.map(Number::from),
        };
        Some(Warning::VolumeCliff { tier, up_to, amount, less, less_up_to })
    })
}

impl Rung {
    /// What all units cost by this tier when they are the least more than a quantity.
    fn just_beyond(&self, quantity: &Number) -> Option<Number> {
        let units = match self.package_size {
            Some(size) => quantity.whole_quotient(&size.into(), Whole::Down).ok()?.add(&1.into()),
            None => quantity.clone(),
        };
        Some(units.multiply(self.rate()).add(&self.flat_amount.into()))
    }

    /// Up to which quantity all units cost less than an amount by this tier; the inner None says that all do.
    fn costs_less_up_to(&self, amount: &Number) -> Option<Option<Number>> {
        if self.rate().is_zero() {
            return Some(None);
        }
        let units = amount.subtract(&self.flat_amount.into()).divide(self.rate()).ok()?;
        let Some(size) = self.package_size else { return Some(Some(units)) };
        // A package that would cost just as much does not count.
        let packages = units.ceil().subtract(&1.into());
        Some(Some(packages.multiply(&size.into())))
    }
}

fn decreasing(rungs: &[Rung]) -> impl Iterator<Item = Warning> {
    let pairs = rungs.iter().zip(rungs.iter().skip(1)).zip(1..);
    pairs.filter(|((rung, next), _)| next.flat_amount < rung.flat_amount).map(|((rung, next), tier)| {
        Warning::DecreasingStep { tier, before: rung.flat_amount, amount: next.flat_amount }
    })
}

fn unreachable(rungs: &[Rung], multiple_of: Quantity) -> impl Iterator<Item = Warning> {
    let step = Number::from(multiple_of);
    rungs.iter().enumerate().filter_map(move |(tier, rung)| {
        let greatest = Number::from(rung.to?).whole_quotient(&step, Whole::Down).ok()?.multiply(&step);
        (greatest <= Number::from(rung.from)).then_some(Warning::UnreachableTier { tier, multiple_of })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(price: &str, fields: &str, told: &[&str]) {
        let json = format!(r#"{{"price":{price},"currency_code":"USD"{fields}}}"#);
        let inputs: ChargeInputs = serde_json::from_str(&json).unwrap();
        let warnings = inputs.warnings();
        assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), told, "{json}");
        let stored = serde_json::to_string(&warnings).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Warning>>(&stored).unwrap(), warnings);
    }

    #[test]
    fn a_volume_price_that_falls_at_a_bound_is_named() {
        let tiers = |second: &str, third: &str| {
            format!(
                r#"{{"model":"volume","tiers":[{{"up_to":"5","unit_amount":"7"}},{{"up_to":"10",{second}}},{{{third}}}]}}"#
            )
        };
        let cliff = "tiers[0] ends at 5, which costs 35; just beyond it is";
        let next = "tiers[1] ends at 10, which costs";
        check(&tiers(r#""unit_amount":"7""#, r#""unit_amount":"7""#), "", &[]);
        check(
            &tiers(r#""unit_amount":"6.5""#, r#""unit_amount":"6.5""#),
            "",
            &[&format!("{cliff} 2.5 less, and less up to 70/13")],
        );
        check(
            &tiers(r#""unit_amount":"1""#, r#""flat_amount":"1""#),
            "",
            &[
                &format!("{cliff} 30 less, and less up to 10"),
                &format!("{next} 10; just beyond it is 9 less, and less for any more"),
            ],
        );
        check(&tiers(r#""unit_amount":"6.5","flat_amount":"2.5""#, r#""unit_amount":"7""#), "", &[]);
        check(
            &tiers(r#""unit_amount":"10","package_size":"2""#, r#""unit_amount":"100""#),
            "",
            &[&format!("{cliff} 5 less, and less up to 6")],
        );
        let falling =
            r#"{"model":"volume","tiers":[{"up_to":"5","unit_amount":"7"},{"up_to":"10","unit_amount":"6"}]}"#;
        let price: Price = serde_json::from_str(falling).unwrap();
        let golden =
            r#"[{"warning":"volume_cliff","tier":0,"up_to":"5","amount":"35","less":"5","less_up_to":"35/6"}]"#;
        assert_eq!(serde_json::to_string(&price.warnings()).unwrap(), golden);
    }

    #[test]
    fn a_step_that_costs_less_is_named() {
        let steps = |second: &str| {
            format!(
                r#"{{"model":"stairstep","tiers":[{{"up_to":"5","flat_amount":"50"}},{{"flat_amount":"{second}"}}]}}"#
            )
        };
        check(&steps("50"), "", &[]);
        check(&steps("49.99"), "", &["tiers[1] costs 49.99, less than the 50 of the tier before it"]);
    }

    #[test]
    fn a_tier_between_two_multiples_is_named() {
        let tiers = r#"{"model":"tiered","tiers":[{"up_to":"10"},{"up_to":"19.9"},{"up_to":"20"},{}]}"#;
        let by_ten = r#","unit_rounding":{"round":"up","multiple_of":"10"}"#;
        check(tiers, "", &[]);
        check(tiers, by_ten, &["tiers[1] is never reached: no multiple of 10 lies in it"]);
        let narrow = r#"{"model":"graduated_percentage","tiers":[{"up_to":"0.5"},{}]}"#;
        let told = "tiers[0] is never reached: no multiple of 1 lies in it";
        check(narrow, r#","aggregation":"count""#, &[told]);
        check(narrow, r#","aggregation":"unique_count","included_usage":"0.5""#, &[]);
        check(narrow, "", &[]);
    }

    #[test]
    fn packages_that_do_not_fill_a_tier_are_named() {
        let tiers = |model: &str, size: &str| {
            format!(
                r#"{{"model":"{model}","tiers":[{{"up_to":"50"}},{{"up_to":"100","unit_amount":"9","package_size":"{size}"}},{{"package_size":"7","unit_amount":"9"}}]}}"#
            )
        };
        check(&tiers("tiered", "25"), "", &[]);
        check(&tiers("tiered", "30"), "", &["tiers[1] is full at 50 units, which are no whole packages of 30"]);
        check(&tiers("volume", "25"), "", &[]);
        check(&tiers("volume", "30"), "", &["tiers[1] is full at 100 units, which are no whole packages of 30"]);
    }

    #[test]
    fn a_maximum_below_the_minimum_is_named() {
        let flat = r#"{"model":"flat_fee","amount":"1"}"#;
        check(flat, r#","minimum_amount":"5","maximum_amount":"5.00""#, &[]);
        let told = "maximum_amount is 4, below the minimum of 5, and always charged";
        check(flat, r#","minimum_amount":"5","maximum_amount":"4""#, &[told]);
        let told = "maximum_per_record is 4, below the minimum of 5, and always charged";
        check(r#"{"model":"percentage","percent":"1","minimum_per_record":"5","maximum_per_record":"4"}"#, "", &[told]);
    }
}
