//! Capped amounts: what a customer agreed to pay at most within a period.
//!
//! A charge that is posted is refused whole where it is more than what is left: with a cap of 20 and 10 used, 20 more
//! are refused, and 10 stay. Metered usage is recorded in any case, so its charge is lowered to what is left. Elsewhere:
//! spending limit, capped recurring charge, balance remaining.

use super::trail::Trail;
use crate::amount::Amount;
use crate::error::RatingError;
use crate::money::Money;
use crate::number::Number;
use crate::step::Step;

/// A capped amount, and what was used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CappedAmount {
    cap: Money,
    balance_used: Money,
}

/// What becomes of a posted charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapOutcome {
    /// It fits; this is the capped amount afterwards.
    Accepted(CappedAmount),
    /// It is more than what is left, and nothing changes.
    Refused {
        /// What is left.
        balance_remaining: Money,
    },
}

impl CappedAmount {
    /// Returns a capped amount of which nothing is used.
    pub fn new(cap: Money) -> CappedAmount {
        CappedAmount { cap, balance_used: Money::zero(cap.currency()) }
    }

    /// Returns what was used.
    pub fn balance_used(&self) -> Money {
        self.balance_used
    }

    /// Returns what is left; never below zero.
    pub fn balance_remaining(&self) -> Money {
        let left = self.cap.minor_units().saturating_sub(self.balance_used.minor_units());
        Money::from_minor_units(left.max(0), self.cap.currency())
    }

    /// Says whether a charge fits, and what is left then.
    ///
    /// # Errors
    /// `CurrencyMismatch`; `NegativeAmount` for a charge below zero.
    ///
    /// # Examples
    /// ```
    /// use rating::{CapOutcome, CappedAmount, Money};
    ///
    /// let usd = "USD".parse()?;
    /// let capped = CappedAmount::new(Money::parse("20.00", usd)?);
    /// let CapOutcome::Accepted(capped) = capped.charge(Money::parse("10.00", usd)?)? else { panic!() };
    /// let balance_remaining = Money::parse("10.00", usd)?;
    /// assert_eq!(capped.charge(Money::parse("20.00", usd)?)?, CapOutcome::Refused { balance_remaining });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn charge(self, amount: Money) -> Result<CapOutcome, RatingError> {
        if amount.is_negative() {
            return Err(RatingError::NegativeAmount { amount: amount.into() });
        }
        let balance_used = self.balance_used.checked_add(amount)?;
        if balance_used.minor_units() > self.cap.minor_units() {
            return Ok(CapOutcome::Refused { balance_remaining: self.balance_remaining() });
        }
        Ok(CapOutcome::Accepted(CappedAmount { balance_used, ..self }))
    }
}

/// Lowers an amount to what is left of a capped one.
pub(crate) fn cap(balance_remaining: Amount, trail: &mut Trail) {
    let left = Number::from(balance_remaining);
    if trail.amount > left {
        let amount = left.subtract(&trail.amount);
        trail.push(Step::Cap { balance_remaining, amount });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_lowered_to_what_is_left() {
        for (amount, left, capped, steps) in [
            ("0", "0", "0", 0),
            ("19.99", "20", "19.99", 0),
            ("20", "20", "20", 0),
            ("20.000000000001", "20", "20", 1),
            ("61/3", "20", "20", 1),
            ("999999999999999.999999999999", "0", "0", 1),
        ] {
            let mut trail = Trail::of(amount);
            cap(left.parse().unwrap(), &mut trail);
            assert_eq!((trail.amount.to_text().as_str(), trail.steps.len()), (capped, steps), "{amount}");
        }
    }

    #[test]
    fn a_posted_charge_fits_or_changes_nothing() {
        let usd = "USD".parse().unwrap();
        let money = |minor_units| Money::from_minor_units(minor_units, usd);
        let capped = CappedAmount::new(money(2000));
        for (charge, left) in [(0, Some(2000)), (1999, Some(1)), (2000, Some(0)), (2001, None), (i128::MAX, None)] {
            match (capped.charge(money(charge)).unwrap(), left) {
                (CapOutcome::Accepted(after), Some(left)) => {
                    assert_eq!(after.balance_remaining(), money(left));
                    assert_eq!(after.balance_used(), money(charge));
                }
                (CapOutcome::Refused { balance_remaining }, None) => assert_eq!(balance_remaining, money(2000)),
                (outcome, left) => panic!("{charge}: {outcome:?}, not {left:?}"),
            }
        }
        assert!(capped.charge(money(-1)).is_err());
        assert!(capped.charge(Money::zero("EUR".parse().unwrap())).is_err());
    }
}
