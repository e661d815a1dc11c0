//! A usage on the wire.

use billing::id::{InvoiceId, ItemPriceId, SubscriptionId};
use billing::invoice::BilledOn;
use billing::subscription::{NotBillable, Subscription};
use billing::time::Timestamp;
use billing::usage::UsageRecord;
use rating::{Amount, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::usage_id::usage_id;

/// A recorded usage as callers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageJson {
    /// The caller's own id, or one that the system made: it begins with usg_ and names one version of the usage.
    id: String,
    subscription_id: SubscriptionId,
    item_price_id: ItemPriceId,
    /// When it was used.
    usage_date: Timestamp,
    /// How much was used; by how much changed what is held, where the price's aggregation is weighted_sum.
    quantity: Quantity,
    /// What a unique_count counts once.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_value: Option<String>,
    /// What it costs in the currency of its price, where that is dynamic.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    /// The caller's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Where the time that the usage covers begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    /// Where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
    /// How it came here.
    #[schema(pattern = "^(api|bulk_operation)$")]
    source: &'static str,
    /// Whether it counts for a charge.
    billable: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(late|subscription_inactive|price_not_on_subscription)$")]
    not_billable_reason: Option<&'static str>,
    /// The closed invoice that it was billed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<InvoiceId>,
    /// The line of that invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_item_id: Option<String>,
    /// When it was recorded, or corrected.
    updated_at: Timestamp,
    /// The version, for If-Match.
    resource_version: i64,
}

impl UsageJson {
    /// Says whether the usage came after its period was closed.
    pub fn is_late(&self) -> bool {
        self.not_billable_reason == Some(NotBillable::Late.as_str())
    }
}

/// Returns a usage as callers see it.
pub fn usage_json(
    subscription: &Subscription,
    record: &UsageRecord,
    late: bool,
    billed_on: Option<BilledOn>,
) -> UsageJson {
    let reason = subscription.why_not_billed(record, late);
    let (invoice_id, line_item_id) = billed_on.map(|billed| (billed.invoice_id, billed.line_item_id)).unzip();
    UsageJson {
        id: usage_id(record),
        subscription_id: subscription.id.clone(),
        item_price_id: record.item_price_id.clone(),
        usage_date: record.key.date,
        quantity: record.content.quantity,
        unique_value: record.content.unique_value.clone(),
        amount: record.content.amount,
        note: record.content.note.clone(),
        from: record.content.from,
        to: record.content.to,
        source: record.content.source.as_str(),
        billable: reason.is_none(),
        not_billable_reason: reason.map(NotBillable::as_str),
        invoice_id,
        line_item_id,
        updated_at: record.updated_at,
        resource_version: record.updated_at.millis(),
    }
}
