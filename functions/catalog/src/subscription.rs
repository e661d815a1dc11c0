//! Subscriptions: created, read, listed and shown.

use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use api::openapi::TimeInput;
use api::{Call, NumberText, Problem, fault, json_response, list_response, request_digest};
use billing::cadence::BillingCadence;
use billing::cadence_history::CadenceHistory;
use billing::catalog::{Billed, Customer, PeriodLength};
use billing::closing::due_boundary;
use billing::error::Failure;
use billing::id::{CustomerId, FeatureId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use billing::site::Site;
use billing::subscription::{CurrentPeriod, Status, Subscription, SubscriptionItem};
use billing::timestamp::Timestamp;
use billing::usage_rules::{LateUsage, UsageLimit};
use rating::{Currency, Discounts, Quantity};
use store::{Created, Creation, Stored};

use crate::document::{different, id_or_new, idempotency_key, list_fault, not_found, taken};
use crate::subscription_items::{self, Entry};
use crate::text::invalid;
use crate::{Deps, Route, lifecycle, site, text};

/// What a subscription is called in messages.
pub const NOUN: &str = "subscription";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    id: Option<SubscriptionId>,
    customer_id: CustomerId,
    /// What is subscribed to.
    #[schema(min_items = 1, max_items = 98)]
    items: Vec<Entry>,
    /// When it starts, in the past or ahead; it waits for its activation, where it is left out.
    #[schema(value_type = Option<TimeInput>)]
    start_date: Option<NumberText>,
    /// The period length of its prices, to be sure; it follows from them.
    cadence: Option<PeriodLength>,
    /// Instead of the site's.
    #[schema(maximum = 4_320_000)]
    grace_seconds: Option<u32>,
    /// Instead of the site's.
    late_usage: Option<LateUsage>,
    /// Instead of the site's; null for none. It can only be changed afterwards where there is one from the start.
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<UsageLimit>)]
    usage_limit: Option<Option<UsageLimit>>,
}

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

/// Creates a subscription; one that starts at once gets its activation invoice with it.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id, the idempotency key or an item's id stands for something else.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let site = &site::current(deps, call).await?;
    let new: NewSubscription = call.json()?;
    let named = new.id.is_some();
    let digest = request_digest(&json!({
        "id": new.id,
        "customer_id": new.customer_id,
        "items": subscription_items::canonical(&new.items),
        "start_date": new.start_date.as_ref().map(text::canonical_time),
        "cadence": new.cadence,
        "grace_seconds": new.grace_seconds,
        "late_usage": new.late_usage,
        // Asking for no limit is not the same as leaving it to the site.
        "usage_limit": new.usage_limit.map(|limit| limit.map_or(json!("none"), |limit| json!(limit))),
    }));
    let subscription = draft(deps, site, new, call.now).await?;
    let key = idempotency_key(call, NOUN, named)?;
    let creation = Creation { digest, idempotency_key: key.as_deref(), now: call.real_now };
    let created = deps.store.create_subscription(site, &subscription, &creation).await.map_err(fault)?;
    let (status, subscription) = match created {
        Created::New => (201, subscription),
        Created::Same(first) => (200, first),
        Created::Different(existing) => {
            return Err(different(NOUN, &existing.id, named, &body(&existing, call.now)));
        }
        Created::Taken(what) => return Err(taken(what)),
    };
    // Also after a repetition: the first request may have been cut off right here.
    let subscription = caught_up(deps, site, subscription, call.now).await?;
    Ok(json_response(status, &body(&subscription, call.now)))
}

/// Reads the subscription that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: SubscriptionId = call.param("id")?;
    let stored = load(deps, call.site()?, &id).await?;
    Ok(json_response(200, &body(&stored.value, call.now)))
}

/// Lists subscriptions, of one customer where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or the filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let customer: Option<CustomerId> = call.query().parse("customer_id")?;
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = deps.store.subscriptions(&call.site()?.id, customer.as_ref(), cursor, limit).await;
    let page = page.map_err(list_fault)?;
    let bodies: Vec<_> = page.items.iter().map(|subscription| body(subscription, call.now)).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Reads a subscription that there must be.
///
/// # Errors
/// 404 where there is none.
pub async fn load(deps: &Deps, site: &Site, id: &SubscriptionId) -> Result<Stored<Subscription>, Problem> {
    let stored = deps.store.subscription(&site.id, id).await.map_err(fault)?;
    stored.ok_or_else(|| not_found(NOUN, id))
}

/// The subscription after everything that is due at `now`: the activation invoice and the boundaries since.
///
/// # Errors
/// 503 where the storage is busy. What fails for good does not: it stays due and is listed as stuck, and what was
/// written before stands.
pub async fn caught_up(
    deps: &Deps,
    site: &Site,
    subscription: Subscription,
    now: Timestamp,
) -> Result<Subscription, Problem> {
    if due_boundary(&subscription, now).is_none() {
        return Ok(subscription);
    }
    if let Err(error) = deps.store.advance(site, &subscription.id, now).await {
        let temporary = error.is_temporary();
        let problem = fault(error);
        if temporary {
            return Err(problem);
        }
    }
    load(deps, site, &subscription.id).await.map(|stored| stored.value)
}

async fn draft(deps: &Deps, site: &Site, new: NewSubscription, now: Timestamp) -> Result<Subscription, Problem> {
    let grace_seconds = new.grace_seconds.map(text::grace).transpose()?;
    let start = new.start_date.map(|start| text::time(&start, "start_date", site.time_zone)).transpose()?;
    let customer = deps.store.get::<Customer>(&site.id, new.customer_id.as_str()).await.map_err(fault)?;
    customer.ok_or_else(|| invalid("customer_id", format!("there is no customer {}", new.customer_id)))?;
    let listed = subscription_items::check(deps, site, new.items).await?;
    let price = listed.first().ok_or_else(|| invalid("items", "a subscription has an item"))?.price();
    let (currency_code, period_length) = (price.currency_code, price.period);
    if new.cadence.is_some_and(|cadence| cadence != period_length) {
        return Err(invalid("cadence", "the cadence is the period length of the prices"));
    }
    let subscription = Subscription {
        id: id_or_new(new.id, "sub_")?,
        customer_id: new.customer_id,
        currency_code,
        cadence: None,
        period_length,
        statuses: Vec::new(),
        items: subscription_items::first(listed)?,
        current: None,
        ended: false,
        grace_seconds,
        late_usage: new.late_usage,
        usage_limit: new.usage_limit.unwrap_or(site.usage_limit),
        last_close: None,
        created_at: now,
        updated_at: now,
    };
    match start {
        Some(start) => lifecycle::start(&subscription, start, site.time_zone)
            .map_err(|_| invalid("start_date", "the first period ends too far in the future")),
        None => Ok(subscription),
    }
}
