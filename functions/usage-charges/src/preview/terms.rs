//! What a preview says instead of what a price or an item of a subscription does.

use std::borrow::Cow;

use api::Problem;
use rating::{Aggregation, ChargeInputs};

use super::{NewPreview, unrateable};

impl NewPreview {
    /// Whether it says anything instead.
    pub(super) fn replaces_something(&self) -> bool {
        self.price.is_some()
            || self.aggregation.is_some()
            || self.included_usage.is_some()
            || self.bill_zero_usage.is_some()
            || self.discounts.is_some()
            || self.unit_rounding.is_some()
            || self.minimum_amount.is_some()
            || self.maximum_amount.is_some()
            || self.proration.is_some()
            || self.tax.is_some()
    }

    /// The inputs with what it says instead, but for the proration; what contradicts the price is refused.
    pub(super) fn replaced<'a>(&'a self, inputs: ChargeInputs<'a>) -> Result<ChargeInputs<'a>, Problem> {
        if let Some(Some(tax)) = &self.tax {
            api::tax::check(tax)?;
        }
        let replaced = ChargeInputs {
            price: self.price.as_ref().map_or(inputs.price, Cow::Borrowed),
            aggregation: self.aggregation.unwrap_or(inputs.aggregation),
            included: self.included_usage.unwrap_or(inputs.included),
            bill_zero_usage: self.bill_zero_usage.unwrap_or(inputs.bill_zero_usage),
            discounts: self.discounts.as_ref().map_or(inputs.discounts, Cow::Borrowed),
            unit_rounding: self.unit_rounding.unwrap_or(inputs.unit_rounding),
            minimum_amount: self.minimum_amount.unwrap_or(inputs.minimum_amount),
            maximum_amount: self.maximum_amount.unwrap_or(inputs.maximum_amount),
            tax: match &self.tax {
                Some(tax) => tax.as_ref().map(Cow::Borrowed),
                None => inputs.tax,
            },
            ..inputs
        };
        replaced.check_range().map_err(unrateable)?;
        Ok(replaced)
    }
}

/// Whether quantities are held, so that the time over which they are counts.
pub(super) fn is_held(inputs: &ChargeInputs) -> bool {
    inputs.aggregation == Aggregation::WeightedSum
}
