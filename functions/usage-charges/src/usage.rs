//! GET one usage, by its system id or by the caller's own.

use api::openapi::{Operation, TimeInput};
use api::usage_id::UsageName;
use api::usage_json::{UsageJson, usage_json};
use api::usage_place::{UsagePlace, local_zone};
use api::{Call, Kind, Problem, json_response};
use billing::id::{ItemPriceId, SubscriptionId};
use billing::subscription::Subscription;
use lambda_http::{Body, Response};
use operations::recorded_usage::{self, Found, NamedUsage, RecordedUsage};
use serde_json::{Value, json};

use crate::{Deps, Route, USAGE_TAG};

/// Answers with the usage that the path names.
pub async fn get(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&UsagePlace::PARAMETERS)?;
    let site = call.site()?;
    let name: UsageName = call.param("usage_id")?;
    let subscription = recorded_usage::subscription(&deps.store, site, &call.param("subscription_id")?).await?;
    let UsagePlace { item_price_id, date } = UsagePlace::read(call.query(), local_zone(site, &subscription))?;
    let name = match name {
        UsageName::System(id) => recorded_usage::UsageName::System {
            item_price_id: id.item_price_id,
            date: id.date,
            updated_at: id.updated_at,
        },
        UsageName::Own(id) => recorded_usage::UsageName::Own(id),
    };
    let named = NamedUsage { name, item_price_id, date };
    match recorded_usage::find(&deps.store, site, &subscription, &named).await? {
        Found::One(usage) => Ok(json_response(200, &shown(&subscription, *usage))),
        Found::Several(usages) => {
            // A usage is made of strings and numbers, so writing it cannot fail.
            let value = |usage| serde_json::to_value(shown(&subscription, usage)).unwrap_or_default();
            let usages = usages.into_iter().map(value).collect();
            let detail = "the id stands for several usages; say which by item_price_id and usage_date in the query";
            Err(Problem::new(Kind::Ambiguous, detail).with("usages", usages))
        }
    }
}

/// The usage as callers see it.
pub fn shown(subscription: &Subscription, usage: RecordedUsage) -> UsageJson {
    usage_json(subscription, &usage.standing.record, usage.standing.late, usage.billed_on)
}

/// Describes reading one usage.
pub fn operation() -> Operation {
    Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usages/{usage_id}"),
        "getUsage",
        USAGE_TAG,
        "Read a usage",
        "Reads one usage. An id of your own may stand for several usages of different prices or dates; the query says which.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .path::<String>("usage_id", "The id of the usage: your own, or the one that the system made.", "call-7")
    .query::<ItemPriceId>("item_price_id", "The price of the usage.")
    .query::<TimeInput>("usage_date", "The date of the usage.")
    .answer::<UsageJson>(200, "The usage.", example())
    .problems(&[Kind::NotFound, Kind::Ambiguous])
}

/// A usage, as an example.
pub fn example() -> Value {
    json!({
        "id": "call-7",
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "usage_date": "2015-10-01T00:40:00Z",
        "quantity": "30",
        "source": "api",
        "billable": true,
        "updated_at": "2015-10-01T01:00:00Z",
        "resource_version": 1_443_661_200_000_i64,
    })
}
