//! The rated amount of one item price over one period, so far.

use std::borrow::Cow;

use rating::{Charge, ChargeInputs, Discounts, Measurement, Number, Quantity, Rounding, digest_lines};

use crate::catalog::ItemPrice;
use crate::error::BillingError;
use crate::id::ItemPriceId;
use crate::proration::part_of_period;
use crate::subscription::Subscription;
use crate::usage::UsageRecord;

/// The billable usage of one item price over one period, rated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedUsage {
    /// The amount with its steps; absent where there is no usage and nothing is billed without.
    pub charge: Option<Charge>,
    /// How many records went in.
    pub usage_count: usize,
    /// SHA-256 over the canonical, sorted records, in hexadecimal.
    pub usage_digest: String,
    /// What is held when the period ends; absent where quantities are not held.
    pub held_at_end: Option<Number>,
}

/// What an item of a subscription says beside its price.
#[derive(Clone, Copy, Debug)]
pub struct OwnTerms<'a> {
    /// Usage that costs nothing; the price's own where absent.
    pub included_usage: Option<Quantity>,
    /// What is taken off.
    pub discounts: &'a Discounts,
}

/// Rates the billable records of an item price by the inputs; the order of the records changes nothing.
///
/// # Errors
/// `Rating` where the price has no amount for the usage, or it is not representable.
pub fn rate_records(
    item_price_id: &ItemPriceId,
    inputs: &ChargeInputs,
    records: &[&UsageRecord],
) -> Result<RatedUsage, BillingError> {
    let measurements: Vec<Measurement> = records.iter().map(|record| record.measurement()).collect();
    let charge = rating::rate_usage(inputs, &measurements)
        .map_err(|source| BillingError::Rating { item_price_id: item_price_id.clone(), source })?;
    Ok(RatedUsage {
        charge,
        usage_count: records.len(),
        usage_digest: digest_lines(records.iter().map(|record| record.digest_line())),
        held_at_end: inputs.window.as_ref().map(|window| window.held_at_end(measurements.iter().copied())),
    })
}

/// Everything that a charge of an item price is computed from in any period, beside what was used.
pub fn inputs<'a>(price: &'a ItemPrice, own: OwnTerms<'a>, rounding: Rounding) -> ChargeInputs<'a> {
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

/// The same for one period of a subscription: what was on it for a part of the period is prorated where its price says
/// so.
///
/// # Errors
/// `Time` where the period leaves the range of instants.
pub fn inputs_in_period<'a>(
    price: &'a ItemPrice,
    own: OwnTerms<'a>,
    rounding: Rounding,
    subscription: &Subscription,
    number: u32,
) -> Result<ChargeInputs<'a>, BillingError> {
    let proration = match (price.proration, subscription.item(&price.id)) {
        (Some(basis), Some(item)) => part_of_period(basis, subscription, item, number)?,
        _ => None,
    };
    Ok(ChargeInputs { proration, ..inputs(price, own, rounding) })
}
