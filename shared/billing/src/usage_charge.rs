//! The rated amount of one item price over one period, so far.

use rating::{Charge, ChargeInputs, Measurement, Number, Quantity, Rounding, digest_lines};

use crate::catalog::ItemPrice;
use crate::error::BillingError;
use crate::id::ItemPriceId;
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

/// Everything that a charge of an item price is computed from, beside what was used.
pub fn inputs(price: &ItemPrice, included: Quantity, rounding: Rounding) -> ChargeInputs<'_> {
    ChargeInputs {
        aggregation: price.aggregation,
        included,
        bill_zero_usage: price.bill_zero_usage,
        rounding,
        ..ChargeInputs::new(&price.price, price.currency_code)
    }
}
