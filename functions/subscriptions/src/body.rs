//! A subscription on the wire.

use billing::catalog::{Billed, PeriodLength};
use billing::id::{CustomerId, FeatureId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use billing::subscription::{CurrentPeriod, Status, Subscription, SubscriptionItem};
use billing::time::{BillingCadence, CadenceHistory, Timestamp};
use billing::usage::{LateUsage, UsageLimit};
use rating::{Currency, Discounts, Quantity};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionBody<'a> {
    id: &'a SubscriptionId,
    customer_id: &'a CustomerId,
    status: Status,
    currency_code: Currency,
    /// The rule of its periods, from the last boundary on that was moved; only their length while no start is known.
    cadence: CadenceBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_period: Option<CurrentPeriod>,
    items: Vec<ItemBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_usage: Option<LateUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_limit: Option<UsageLimit>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The rule of the periods, or only their length while no start date is known.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Cadence)]
enum CadenceBody {
    Known(BillingCadence),
    Length(PeriodLength),
}

#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionItem)]
struct ItemBody<'a> {
    id: &'a SubscriptionItemId,
    item_price_id: &'a ItemPriceId,
    item_price_version: u32,
    /// Absent where usage is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    /// Instead of the price's.
    #[serde(skip_serializing_if = "Option::is_none")]
    included_usage: Option<Quantity>,
    /// What is taken off each period.
    #[serde(skip_serializing_if = "Option::is_none")]
    discounts: Option<&'a Discounts>,
    metered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<&'a FeatureId>,
    billed: Billed,
    /// Since when it is on the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    added_at: Option<Timestamp>,
    /// Until when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<Timestamp>,
}

/// The subscription on the wire, as it stands at `now`.
pub fn body(subscription: &Subscription, now: Timestamp) -> impl Serialize {
    let started = subscription.statuses.first().filter(|change| change.status != Status::Cancelled);
    SubscriptionBody {
        id: &subscription.id,
        customer_id: &subscription.customer_id,
        status: subscription.status_at(now),
        currency_code: subscription.currency_code,
        cadence: cadence_body(subscription),
        start_date: started.map(|change| change.at),
        current_period: subscription.current,
        items: subscription.items.iter().map(item_body).collect(),
        cancelled_at: subscription.cancelled_at(),
        grace_seconds: subscription.grace_seconds,
        late_usage: subscription.late_usage,
        usage_limit: subscription.usage_limit,
        created_at: subscription.created_at,
        updated_at: subscription.updated_at,
    }
}

fn cadence_body(subscription: &Subscription) -> CadenceBody {
    let newest = subscription.cadence.as_ref().map(CadenceHistory::newest);
    newest.map_or(CadenceBody::Length(subscription.period_length), CadenceBody::Known)
}

fn item_body(item: &SubscriptionItem) -> ItemBody<'_> {
    ItemBody {
        id: &item.id,
        item_price_id: &item.item_price_id,
        item_price_version: item.version,
        quantity: (!item.metered).then_some(item.quantity),
        included_usage: item.included_usage,
        discounts: (!item.discounts.is_empty()).then_some(&item.discounts),
        metered: item.metered,
        feature_id: item.feature_id.as_ref(),
        billed: item.billed,
        added_at: item.on.first().map(|span| span.from),
        removed_at: item.on.last().and_then(|span| span.to),
    }
}

/// A subscription as an example.
pub fn example() -> Value {
    json!({
        "id": "storage-globex",
        "customer_id": "globex",
        "status": "active",
        "currency_code": "USD",
        "cadence": { "every": 1, "unit": "month", "anchor": "2015-10-01T00:00:00", "time_zone": "UTC" },
        "start_date": "2015-10-01T00:00:00Z",
        "current_period": { "number": 0, "start": "2015-10-01T00:00:00Z", "end": "2015-11-01T00:00:00Z" },
        "items": [{
            "id": "si_7m3k9w2x5t8p4r6v1y0z",
            "item_price_id": "storage-usd-monthly",
            "item_price_version": 1,
            "metered": true,
            "billed": "in_arrears",
            "added_at": "2015-10-01T00:00:00Z",
        }],
        "created_at": "2015-10-01T01:00:00Z",
        "updated_at": "2015-10-01T01:00:00Z",
    })
}
