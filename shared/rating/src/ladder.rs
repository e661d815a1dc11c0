//! Tiers in the form that rating runs over: bounds and prices as whole numbers of one scale each.
//!
//! The short way computes with 64-bit numbers whose products 128 bits always hold, and takes over only where all of a
//! price and the quantity fit; `exact` computes with numbers of any size. Both give the same steps, digit for digit.

use crate::amount::Amount;
use crate::division::Whole;
use crate::error::RatingError;
use crate::number::{MOST_SCALE, Number, Scaled, power_of_ten};
use crate::percent::Percent;
use crate::quantity::Quantity;
use crate::step::Step;
use crate::tier::Tier;

/// The tiers of a price, ready to be climbed.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    rungs: Vec<Rung>,
    short: Option<Short>,
}

/// One tier with both its bounds.
#[derive(Clone, Debug)]
pub(crate) struct Rung {
    /// The lower bound, exclusive.
    pub(crate) from: Quantity,
    /// The upper bound, inclusive.
    pub(crate) to: Option<Quantity>,
    /// The price of a unit or package as it was written; a percentage where the price is one.
    pub(crate) unit_amount: Amount,
    /// What a unit costs.
    rate: Number,
    pub(crate) flat_amount: Amount,
    pub(crate) package_size: Option<Quantity>,
}

/// The same as whole numbers: bounds by ten to `bound_scale`, rates and flat amounts by ten to `rate_scale`.
#[derive(Clone, Debug)]
struct Short {
    bound_scale: u8,
    rate_scale: u8,
    bands: Vec<Band>,
}

#[derive(Clone, Debug)]
struct Band {
    from: i64,
    /// The greatest there is where the tier is open.
    to: i64,
    rate: i64,
    flat: i64,
}

/// What a tier charges for.
pub(crate) struct Share {
    /// The units.
    pub(crate) quantity: Number,
    /// The whole packages that they make, where there is a package size.
    pub(crate) packages: Option<Number>,
    /// What they cost, with the flat amount.
    pub(crate) amount: Number,
}

impl Ladder {
    /// Builds it from tiers in ascending order; `percent` says that unit amounts are percentages.
    pub(crate) fn new(tiers: &[Tier], percent: bool) -> Ladder {
        let mut from = Quantity::ZERO;
        let mut rungs = Vec::with_capacity(tiers.len());
        for tier in tiers {
            let to = tier.up_to.map(Quantity::normalized);
            let unit_amount = Number::from(tier.unit_amount);
            rungs.push(Rung {
                from,
                to,
                unit_amount: tier.unit_amount,
                rate: if percent { unit_amount.hundredth() } else { unit_amount },
                flat_amount: tier.flat_amount,
                package_size: tier.package_size.map(Quantity::normalized),
            });
            from = to.unwrap_or(from);
        }
        let short = Short::new(&rungs);
        Ladder { rungs, short }
    }

    /// The tiers in ascending order; there is at least one.
    pub(crate) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// Prices each unit by the tier that it lies in: a step for every tier that is entered, in order; 0 enters none.
    /// Returns the sum of their amounts.
    ///
    /// # Errors
    /// `BeyondLastTier`.
    #[inline]
    pub(crate) fn graduated(
        &self,
        quantity: &Number,
        steps: &mut Vec<Step>,
        step: impl Fn(&Rung, Share) -> Step,
    ) -> Result<Number, RatingError> {
        match self.graduated_short(quantity, steps, &step) {
            Some(sum) => Ok(sum),
            None => self.graduated_exact(quantity, steps, step),
        }
    }

    /// The short way; None, and no step, where something does not fit or there is no price.
    #[inline]
    fn graduated_short(
        &self,
        quantity: &Number,
        steps: &mut Vec<Step>,
        step: impl Fn(&Rung, Share) -> Step,
    ) -> Option<Number> {
        let short = self.short.as_ref()?;
        let quantity = quantity.scaled()?;
        let scale = quantity.scale.max(short.bound_scale);
        let amount_scale = scale.checked_add(short.rate_scale).filter(|&scale| scale <= MOST_SCALE)?;
        let lift = i64::try_from(power_of_ten(scale.checked_sub(short.bound_scale)?)?).ok()?;
        let flat_lift = i64::try_from(power_of_ten(scale)?).ok()?;
        let quantity = i64::try_from(quantity.mantissa_at(scale)?).ok()?;
        // A bound that passes 64 bits passes the quantity, too, and may as well stop there.
        let at = |bound: i64| bound.saturating_mul(lift);
        let entered = short.bands.iter().take_while(|band| at(band.from) < quantity).count();
        let (rungs, bands) = (self.rungs.get(..entered)?, short.bands.get(..entered)?);
        if bands.last().is_some_and(|last| at(last.to) < quantity) {
            return None;
        }
        let mut sum = Some(0_i128);
        steps.extend(rungs.iter().zip(bands).map(|(rung, band)| {
            let inside = i128::from(at(band.to).min(quantity).saturating_sub(at(band.from)));
            // Two products of 64-bit numbers: 128 bits hold their sum.
            let units = inside.saturating_mul(i128::from(band.rate));
            let amount = units.saturating_add(i128::from(band.flat).saturating_mul(i128::from(flat_lift)));
            sum = sum.and_then(|sum| sum.checked_add(amount));
            let share = Share {
                quantity: Number::from_scaled(Scaled { mantissa: inside, scale }),
                packages: None,
                amount: Number::from_scaled(Scaled { mantissa: amount, scale: amount_scale }),
            };
            step(rung, share)
        }));
        let added = || Step::sum(steps.get(steps.len().saturating_sub(entered)..).unwrap_or_default());
        Some(sum.map_or_else(added, |mantissa| Number::from_scaled(Scaled { mantissa, scale: amount_scale })))
    }

    #[cold]
    fn graduated_exact(
        &self,
        quantity: &Number,
        steps: &mut Vec<Step>,
        step: impl Fn(&Rung, Share) -> Step,
    ) -> Result<Number, RatingError> {
        let mut sum = Number::ZERO;
        for rung in self.entered(quantity)? {
            let end = match rung.to {
                Some(to) => quantity.clone().min(to.into()),
                None => quantity.clone(),
            };
            let share = rung.share(end.subtract(&rung.from.into()))?;
            sum = sum.add(&share.amount);
            steps.push(step(rung, share));
        }
        Ok(sum)
    }

    /// The tier in which a quantity lies; 0 lies in none.
    ///
    /// # Errors
    /// `BeyondLastTier`.
    pub(crate) fn reached(&self, quantity: &Number) -> Result<Option<&Rung>, RatingError> {
        Ok(self.entered(quantity)?.last())
    }

    /// The tiers that a quantity enters, in ascending order; the last one is where it lies, and 0 enters none.
    fn entered(&self, quantity: &Number) -> Result<&[Rung], RatingError> {
        let count = self.rungs.iter().take_while(|rung| *quantity > Number::from(rung.from)).count();
        let entered = self.rungs.get(..count).unwrap_or_default();
        match entered.last().and_then(|last| last.to) {
            Some(last_up_to) if *quantity > Number::from(last_up_to) => {
                Err(RatingError::BeyondLastTier { quantity: quantity.clone(), last_up_to })
            }
            _ => Ok(entered),
        }
    }
}

impl Rung {
    /// What a unit, or a package, costs.
    pub(crate) fn rate(&self) -> &Number {
        &self.rate
    }

    /// Prices a quantity by this tier.
    pub(crate) fn share(&self, quantity: Number) -> Result<Share, RatingError> {
        let packages = match self.package_size {
            Some(size) => Some(quantity.whole_quotient(&size.into(), Whole::Up)?),
            None => None,
        };
        let units = packages.as_ref().unwrap_or(&quantity).multiply(&self.rate);
        let amount = if self.flat_amount.is_zero() { units } else { units.add(&self.flat_amount.into()) };
        Ok(Share { quantity, packages, amount })
    }

    /// The step of a tier with unit prices.
    #[inline]
    pub(crate) fn step(&self, share: Share) -> Step {
        Step::Tier {
            from: self.from,
            to: self.to,
            quantity: share.quantity,
            package_size: self.package_size,
            packages: share.packages,
            unit_amount: self.unit_amount,
            flat_amount: self.flat_amount,
            amount: share.amount,
        }
    }

    /// The step of a tier with a percentage.
    pub(crate) fn percent_step(&self, share: Share) -> Step {
        Step::PercentTier {
            from: self.from,
            to: self.to,
            quantity: share.quantity,
            percent: Percent::from_amount(self.unit_amount),
            flat_amount: self.flat_amount,
            amount: share.amount,
        }
    }
}

impl Short {
    /// None where a number has more than 64 bits, or units are sold in packages.
    fn new(rungs: &[Rung]) -> Option<Short> {
        let scale_of = |number: Number| number.scaled().map(|scaled| scaled.scale);
        let (mut bound_scale, mut rate_scale) = (0, 0);
        for rung in rungs {
            if rung.package_size.is_some() {
                return None;
            }
            if let Some(to) = rung.to {
                bound_scale = bound_scale.max(scale_of(to.into())?);
            }
            rate_scale = rate_scale.max(scale_of(rung.rate.clone())?).max(scale_of(rung.flat_amount.into())?);
        }
        let whole = |number: Number, scale| i64::try_from(number.scaled()?.mantissa_at(scale)?).ok();
        let band = |rung: &Rung| {
            Some(Band {
                from: whole(rung.from.into(), bound_scale)?,
                to: match rung.to {
                    Some(to) => whole(to.into(), bound_scale)?,
                    None => i64::MAX,
                },
                rate: whole(rung.rate.clone(), rate_scale)?,
                flat: whole(rung.flat_amount.into(), rate_scale)?,
            })
        };
        let bands = rungs.iter().map(band).collect::<Option<_>>()?;
        Some(Short { bound_scale, rate_scale, bands })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::contextualize_config;

    use super::*;

    /// A number of the door, small or of up to 18 digits.
    fn door() -> impl Strategy<Value = String> {
        let integer = prop_oneof![0_u64..30, 0_u64..1_000_000_000_000_000];
        let fraction = prop_oneof![Just(String::new()), "\\.[0-9]{1,3}", "\\.[0-9]{1,12}"];
        (integer, fraction).prop_map(|(integer, fraction)| format!("{integer}{fraction}"))
    }

    proptest! {
        #![proptest_config(contextualize_config(ProptestConfig::with_cases(100_000)))]

        #[test]
        fn the_short_way_gives_the_steps_of_the_exact_one(
            mut bounds in vec(door(), 0..5),
            numbers in vec((door(), door()), 6),
            quantity in door(),
            percent in any::<bool>(),
            open in any::<bool>(),
        ) {
            let mut bounds: Vec<Quantity> = bounds.drain(..).map(|text| text.parse().unwrap()).collect();
            bounds.retain(|bound| !bound.is_zero());
            bounds.sort();
            bounds.dedup();
            let mut bounds: Vec<_> = bounds.into_iter().map(Some).collect();
            if open || bounds.is_empty() {
                bounds.push(None);
            }
            let tier = |(up_to, (unit, flat)): (Option<Quantity>, &(String, String))| Tier {
                up_to,
                unit_amount: unit.parse().unwrap(),
                flat_amount: flat.parse().unwrap(),
                package_size: None,
            };
            let tiers: Vec<Tier> = bounds.into_iter().zip(&numbers).map(tier).collect();
            let ladder = Ladder::new(&tiers, percent);
            let quantity: Number = quantity.parse().unwrap();

            let mut exact = Vec::new();
            let outcome = ladder.graduated_exact(&quantity, &mut exact, Rung::step);
            let mut big = Vec::new();
            let big_outcome = ladder.graduated_exact(&quantity.forced_big(), &mut big, Rung::step);
            prop_assert_eq!(&outcome, &big_outcome);
            prop_assert_eq!(serde_json::to_string(&exact).unwrap(), serde_json::to_string(&big).unwrap());

            let mut short = Vec::new();
            if let Some(sum) = ladder.graduated_short(&quantity, &mut short, Rung::step) {
                prop_assert_eq!(Ok(sum), outcome);
                prop_assert_eq!(serde_json::to_string(&short).unwrap(), serde_json::to_string(&exact).unwrap());
            }
        }
    }

    #[test]
    fn an_ordinary_price_takes_the_short_way() {
        let tier = |up_to: Option<&str>| Tier {
            up_to: up_to.map(|bound| bound.parse().unwrap()),
            unit_amount: "0.0123".parse().unwrap(),
            flat_amount: "1.50".parse().unwrap(),
            package_size: None,
        };
        let ladder = Ladder::new(&[tier(Some("1000")), tier(Some("10000.5")), tier(None)], false);
        let mut steps = Vec::new();
        assert!(ladder.graduated_short(&"1234567.891".parse().unwrap(), &mut steps, Rung::step).is_some());
        assert_eq!(steps.len(), 3);
        let closed = Ladder::new(&[tier(Some("1000")), tier(Some("10000.5"))], false);
        assert!(closed.graduated_short(&"10000.5".parse().unwrap(), &mut steps, Rung::step).is_some());
        assert!(closed.graduated_short(&"10000.51".parse().unwrap(), &mut steps, Rung::step).is_none());
        assert_eq!(steps.len(), 5);
    }
}
