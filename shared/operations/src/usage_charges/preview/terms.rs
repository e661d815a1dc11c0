//! What a preview says instead of what a price or an item of a subscription does.

use std::borrow::Cow;

use billing::catalog::tax;
use billing::refusal::Refusal;
use rating::{Aggregation, Amount, ChargeInputs, Discounts, Price, ProrationBasis, Quantity, Tax, UnitRounding};

use super::unrateable;

/// What is said instead of what a price or an item of a subscription says; an inner `None` takes the option away.
#[derive(Clone, Debug, Default)]
pub struct PreviewTerms {
    /// The price.
    pub price: Option<Price>,
    /// How usage becomes one quantity.
    pub aggregation: Option<Aggregation>,
    /// Usage that costs nothing.
    pub included_usage: Option<Quantity>,
    /// Whether a period without usage is billed.
    pub bill_zero_usage: Option<bool>,
    /// What is taken off; an empty list takes them away.
    pub discounts: Option<Discounts>,
    /// How units are rounded.
    pub unit_rounding: Option<Option<UnitRounding>>,
    /// The least that is charged.
    pub minimum_amount: Option<Option<Amount>>,
    /// The most that is charged.
    pub maximum_amount: Option<Option<Amount>>,
    /// How a part of a period is counted; only with a subscription.
    pub proration: Option<Option<ProrationBasis>>,
    /// The tax.
    pub tax: Option<Option<Tax>>,
}

impl PreviewTerms {
    /// Whether they say anything instead.
    pub(super) fn replace_something(&self) -> bool {
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

    /// The inputs with what the terms say instead, but for the proration; what contradicts the price is refused.
    pub(super) fn replaced<'a>(&'a self, inputs: ChargeInputs<'a>) -> Result<ChargeInputs<'a>, Refusal> {
        if let Some(Some(tax)) = &self.tax {
            tax::check(tax)?;
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
