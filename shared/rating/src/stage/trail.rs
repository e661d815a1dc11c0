//! The steps as they come from stage to stage.

use crate::number::Number;
use crate::step::Step;

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
    pub(super) fn of(amount: &str) -> Trail {
        Trail { steps: Vec::new(), amount: amount.parse().unwrap() }
    }

    /// The amounts of its steps, and its own.
    pub(super) fn amounts(&self) -> (Vec<String>, String) {
        let steps = self.steps.iter().filter_map(Step::amount).map(Number::to_text).collect();
        (steps, self.amount.to_text())
    }
}
