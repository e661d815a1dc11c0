//! What happens to a quantity before it is priced, and to an amount afterwards: one stage, one file.
//!
//! The order is written down at `rate_usage`, and nowhere else decided.

mod already_billed;
mod cap;
mod discount;
mod included;
mod limits;
mod proration;
mod tax;
mod unit_rounding;

pub use already_billed::AlreadyBilled;
pub use cap::{CapOutcome, CappedAmount};
pub use discount::{Discount, Discounts, MOST_DISCOUNTS};
pub use proration::{Proration, ProrationBasis};
pub use tax::{MOST_TAX_RATES, Tax, TaxLine, TaxRate, TaxRounding, Taxable, Taxed, tax_invoice};
pub use unit_rounding::{RoundUnits, UnitRounding};

pub(crate) use already_billed::price_between;
pub(crate) use cap::cap;
pub(crate) use discount::discount;
pub(crate) use included::subtract_included;
pub(crate) use limits::limit;
pub(crate) use proration::prorate;
pub(crate) use tax::tax_line;
pub(crate) use unit_rounding::round_units;

use crate::number::Number;
use crate::step::Step;

/// The quantity that is charged for: what lies beyond `before`, up to `after`.
#[derive(Clone, Debug)]
pub(crate) struct Billable {
    /// What was charged for earlier, after the same stages; 0 where nothing was.
    pub(crate) before: Number,
    /// With what is charged for now.
    pub(crate) after: Number,
}

/// The steps so far, and their sum.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) steps: Vec<Step>,
    pub(crate) amount: Number,
}

impl Trail {
    pub(crate) fn with_capacity(capacity: usize) -> Trail {
        Trail { steps: Vec::with_capacity(capacity), amount: Number::ZERO }
    }

    /// Adds one step.
    #[inline]
    pub(crate) fn push(&mut self, step: Step) {
        if let Some(amount) = step.amount() {
            self.amount = self.amount.add(amount);
        }
        self.steps.push(step);
    }

    /// Adds the steps that something else pushes, and their sum, which it returns.
    #[inline]
    pub(crate) fn extend_with<E>(&mut self, add: impl FnOnce(&mut Vec<Step>) -> Result<Number, E>) -> Result<(), E> {
        let added = add(&mut self.steps)?;
        self.amount = self.amount.add(&added);
        Ok(())
    }
}

#[cfg(test)]
impl Trail {
    /// A trail on which so much was charged.
    fn of(amount: &str) -> Trail {
        Trail { steps: Vec::new(), amount: amount.parse().unwrap() }
    }

    /// The amounts of its steps, and its own.
    fn amounts(&self) -> (Vec<String>, String) {
        let steps = self.steps.iter().filter_map(Step::amount).map(Number::to_text).collect();
        (steps, self.amount.to_text())
    }
}
