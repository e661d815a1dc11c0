//! POST: a subscription that is new.

use api::canonical::canonical_time;
use api::creation::{different, idempotency_key};
use api::openapi::{CREATED_ONCE, Operation, TimeInput, idempotent};
use api::{Call, Kind, NumberText, Problem, json_response, request_digest};
use billing::catalog::PeriodLength;
use billing::id::{CustomerId, SubscriptionId};
use billing::time::TimeText;
use billing::usage::{LateUsage, UsageLimit};
use lambda_http::{Body, Response};
use operations::subscriptions::{self, NOUN};
use operations::{Created, Creation};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::body::{SubscriptionBody, body, example};
use crate::items::{self, Entry};
use crate::{Deps, Route, TAG};

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

/// Creates a subscription; one that starts at once gets its activation invoice with it.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id, the idempotency key or an item's id stands for something else.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewSubscription = call.json()?;
    let items = items::read(new.items)?;
    let named = new.id.is_some();
    let digest = request_digest(&json!({
        "id": new.id,
        "customer_id": new.customer_id,
        "items": items::canonical(&items),
        "start_date": new.start_date.as_ref().map(canonical_time),
        "cadence": new.cadence,
        "grace_seconds": new.grace_seconds,
        "late_usage": new.late_usage,
        // Asking for no limit is not the same as leaving it to the site.
        "usage_limit": new.usage_limit.map(|limit| limit.map_or(json!("none"), |limit| json!(limit))),
    }));
    let creation = Creation { digest, idempotency_key: idempotency_key(call, NOUN, named)?, real_now: call.real_now };
    let asked = subscriptions::NewSubscription {
        id: new.id,
        customer_id: new.customer_id,
        items,
        start_date: new.start_date.map(|text| TimeText::from(text.as_str())),
        cadence: new.cadence,
        grace_seconds: new.grace_seconds,
        late_usage: new.late_usage,
        usage_limit: new.usage_limit,
    };
    match subscriptions::create(&deps.store, call.site()?, asked, &creation, call.now).await? {
        Created::New(subscription) => Ok(json_response(201, &body(&subscription, call.now))),
        Created::Same(first) => Ok(json_response(200, &body(&first, call.now))),
        Created::Different(existing) => Err(different(NOUN, &existing.id, named, &body(&existing, call.now))),
    }
}

/// Describes the creation of a subscription.
pub fn create_operation() -> Operation {
    idempotent(Operation::new(
        ("POST", "/v1/subscriptions"),
        "createSubscription",
        TAG,
        "Create a subscription",
        CREATED_ONCE,
    ))
    .body::<NewSubscription>(json!({
        "id": "storage-globex",
        "customer_id": "globex",
        "start_date": "2015-10-01T00:00:00Z",
        "items": [{ "item_price_id": "storage-usd-monthly" }],
    }))
    .answer::<SubscriptionBody<'static>>(200, "It was created before, by the same request.", example())
    .answer::<SubscriptionBody<'static>>(201, "It is created; with its first invoice, if it has started.", example())
    .problems(&[Kind::NotFound, Kind::Conflict, Kind::Invalid, Kind::UnknownItemPrice])
}
