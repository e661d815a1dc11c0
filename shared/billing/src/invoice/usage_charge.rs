//! The rated amount of one item price over one period, so far.

use rating::{Charge, ChargeInputs, HeldAtEnd, Meter, Number, Rounding};

use crate::catalog::{ItemPrice, OwnTerms, charge_inputs};
use crate::error::BillingError;
use crate::id::ItemPriceId;
use crate::subscription::proration::part_of_period;
use crate::subscription::{Subscription, SubscriptionItem};
use crate::time::BillingPeriod;
use crate::usage::{UsageDigest, UsageRecord};

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

/// Rates the billable records of an item price as they come, by date and id; a few sums of them are kept.
#[derive(Debug)]
pub struct UsageMeter<'a> {
    item_price_id: &'a ItemPriceId,
    meter: Meter<'a>,
    digest: UsageDigest,
    held: Option<HeldAtEnd>,
}

impl<'a> UsageMeter<'a> {
    /// Returns the meter of an item price before any usage.
    pub fn new(item_price_id: &'a ItemPriceId, inputs: ChargeInputs<'a>) -> UsageMeter<'a> {
        let held = inputs.window.as_ref().map(HeldAtEnd::new);
        UsageMeter { item_price_id, meter: Meter::new(inputs), digest: UsageDigest::default(), held }
    }

    /// Takes the next record.
    pub fn add(&mut self, record: &UsageRecord) {
        let measurement = record.measurement();
        self.meter.add(measurement);
        self.digest.add(record);
        if let Some(held) = &mut self.held {
            held.add(measurement);
        }
    }

    /// Returns what the records cost, and what that was computed from beside them.
    ///
    /// # Errors
    /// `Rating` where the price has no amount for the usage, or it is not representable.
    pub fn rated(self) -> Result<(RatedUsage, ChargeInputs<'a>), BillingError> {
        let refused = |source| BillingError::Rating { item_price_id: self.item_price_id.clone(), source };
        let rated = RatedUsage {
            charge: self.meter.charge().map_err(refused)?,
            usage_count: usize::try_from(self.meter.records()).unwrap_or(usize::MAX),
            usage_digest: self.digest.finish(),
            held_at_end: self.held.map(|held| held.quantity),
        };
        Ok((rated, self.meter.into_inputs()))
    }
}

/// Whether a record is billed: dated in the period, while the subscription was active and had the price.
pub fn is_billable(
    subscription: &Subscription,
    item: &SubscriptionItem,
    period: BillingPeriod,
    record: &UsageRecord,
) -> bool {
    period.contains(record.key.date) && subscription.not_billable(item, record.key.date).is_none()
}

/// Everything that a charge of an item price is computed from in one period of a subscription, beside what was used: what was on it for a part of the period is prorated where its price says
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
    Ok(ChargeInputs { proration, ..charge_inputs(price, own, rounding) })
}

#[cfg(test)]
mod tests;
