//! What a charge of an item price is computed from, beside what was used.

use std::borrow::Cow;

use rating::{ChargeInputs, Discounts, Quantity, Rounding};

use super::item_price::ItemPrice;

/// What an item of a subscription says beside its price.
#[derive(Clone, Copy, Debug)]
pub struct OwnTerms<'a> {
    /// Usage that costs nothing; the price's own where absent.
    pub included_usage: Option<Quantity>,
    /// What is taken off.
    pub discounts: &'a Discounts,
}

/// Everything that a charge of an item price is computed from in any period, beside what was used.
pub fn charge_inputs<'a>(price: &'a ItemPrice, own: OwnTerms<'a>, rounding: Rounding) -> ChargeInputs<'a> {
    let included = match price.metered {
        true => own.included_usage.unwrap_or(price.included_usage),
        false => Quantity::ZERO,
    };
    ChargeInputs {
        aggregation: price.aggregation,
        included,
        bill_zero_usage: price.bill_zero_usage,
        rounding,
        unit_rounding: price.unit_rounding,
        discounts: Cow::Borrowed(own.discounts),
        minimum_amount: price.minimum_amount,
        maximum_amount: price.maximum_amount,
        tax: price.tax.as_ref().map(Cow::Borrowed),
        ..ChargeInputs::new(&price.price, price.currency_code)
    }
}
