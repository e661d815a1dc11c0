//! What happens to a subscription after it was created: another list of items, an activation, another end of the period
//! that runs, an end.

use api::openapi::{Operation, TimeInput};
use api::{Call, Kind, NumberText, Problem, json_response};
use billing::id::SubscriptionId;
use billing::time::TimeText;
use billing::usage::{LateUsage, UsageLimit};
use lambda_http::{Body, Response};
use operations::subscriptions::{self, Changed};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::body::body;
use crate::items::{self, Entry};
use crate::{Deps, ONE, Route, of_one};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionChange {
    /// The whole list from now on.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_items = 1, max_items = 98)]
    items: Option<Vec<Entry>>,
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(maximum = 4_320_000)]
    grace_seconds: Option<u32>,
    #[serde(default, deserialize_with = "api::optional::present")]
    late_usage: Option<LateUsage>,
    #[serde(default, deserialize_with = "api::optional::present")]
    usage_limit: Option<UsageLimit>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// When it starts; now, where it is left out.
    #[schema(value_type = Option<TimeInput>)]
    start_date: Option<NumberText>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodEnd {
    /// The number of the period that ends, to be sure: another one that runs is left alone. It can be left out where the
    /// end is said.
    period: Option<u32>,
    /// When it ends, after its start and not in the past; now, where it is left out.
    #[schema(value_type = Option<TimeInput>)]
    end: Option<NumberText>,
}

/// A body that has nothing to say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Replaces the list of items or changes settings; items and grace count from the next invoice on.
///
/// # Errors
/// 404, 422 naming what is wrong or where the subscription is over, 409 where an item's id is taken.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: SubscriptionChange = call.json()?;
    let asked = subscriptions::SubscriptionChange {
        items: change.items.map(items::read).transpose()?,
        grace_seconds: change.grace_seconds,
        late_usage: change.late_usage,
        usage_limit: change.usage_limit,
    };
    let id: SubscriptionId = call.param("id")?;
    answer(subscriptions::change(&deps.store, call.site()?, &id, asked, call.now).await?)
}

/// Activates a subscription, now or at a date.
///
/// # Errors
/// 404, 422 for a date that is none, 409 where it started at another date or is over.
pub async fn activate(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let activation: Activation = optional_body(call)?;
    let date = activation.start_date.map(|text| TimeText::from(text.as_str()));
    let id: SubscriptionId = call.param("id")?;
    answer(subscriptions::activate(&deps.store, call.site()?, &id, date, call.now).await?)
}

/// Lets a subscription end with the period that runs.
///
/// # Errors
/// 404, 422 where it has not started.
pub async fn schedule_cancel(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let Nothing {} = optional_body(call)?;
    let id: SubscriptionId = call.param("id")?;
    answer(subscriptions::schedule_cancel(&deps.store, call.site()?, &id, call.now).await?)
}

/// Ends a subscription now.
///
/// # Errors
/// 404.
pub async fn cancel(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let Nothing {} = optional_body(call)?;
    let id: SubscriptionId = call.param("id")?;
    answer(subscriptions::cancel(&deps.store, call.site()?, &id, call.now).await?)
}

/// Lets the period that runs end elsewhere, or now.
///
/// # Errors
/// 404, 422 naming what is wrong or where the subscription has not started, 409 where it is over.
pub async fn move_period_end(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let asked: PeriodEnd = call.json()?;
    let end = asked.end.map(|text| TimeText::from(text.as_str()));
    let id: SubscriptionId = call.param("id")?;
    answer(subscriptions::move_period_end(&deps.store, call.site()?, &id, asked.period, end, call.now).await?)
}

fn answer(changed: Changed) -> Result<Response<Body>, Problem> {
    match changed {
        Changed::Stands(subscription, at) => Ok(json_response(200, &body(&subscription, at))),
        Changed::Conflict { stands, at, detail } => {
            let existing = serde_json::to_value(body(&stands, at)).unwrap_or(Value::Null);
            Err(Problem::new(Kind::Conflict, detail).with("existing", existing))
        }
    }
}

/// A body that may be left out where it has nothing to say.
fn optional_body<T: Default + serde::de::DeserializeOwned>(call: &Call<Route>) -> Result<T, Problem> {
    if call.body_text()?.trim().is_empty() { Ok(T::default()) } else { call.json() }
}

/// Describes a change.
pub fn change_operation() -> Operation {
    of_one(
        "PATCH",
        ONE,
        "updateSubscription",
        "Change a subscription",
        "Replaces the list of items, or changes settings. A price that is new on the list is on the subscription from now \
         on, one that is not listed any more was on it until now. Where all prices of the list have another period length, \
         the period that runs ends now and the next one, of that length, begins: what this means for its amounts is said \
         at move-period-end. A subscription that has not started has them from its start, and one that ends with its \
         period refuses them.",
    )
    .change::<SubscriptionChange>(json!({ "grace_seconds": 7_200 }))
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::UnknownItemPrice, Kind::PeriodsPending])
}

/// Describes the activation.
pub fn activate_operation() -> Operation {
    of_one(
        "POST",
        "/v1/subscriptions/{id}/activate",
        "activateSubscription",
        "Activate a subscription",
        "Lets a subscription start, now or at a date, and makes its first invoice where prices are billed in advance. \
         Sending it again changes nothing.",
    )
    .body::<Activation>(json!({}))
    .optional_body()
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending])
}

/// Describes the end with the period.
pub fn schedule_cancel_operation() -> Operation {
    of_one(
        "POST",
        "/v1/subscriptions/{id}/schedule-cancel",
        "scheduleSubscriptionCancel",
        "End a subscription with its period",
        "Lets a subscription end when the period ends that runs. Sending it again changes nothing.",
    )
    .body::<Nothing>(json!({}))
    .optional_body()
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending])
}

/// Describes the end at once.
pub fn cancel_operation() -> Operation {
    of_one(
        "POST",
        "/v1/subscriptions/{id}/cancel",
        "cancelSubscription",
        "End a subscription now",
        "Ends a subscription and the period that runs. Its usage until now is billed; recurring amounts are billed whole. \
         Sending it again changes nothing.",
    )
    .body::<Nothing>(json!({}))
    .optional_body()
    .problems(&[Kind::PeriodsPending])
}

/// Describes moving the end of the period that runs.
pub fn move_period_end_operation() -> Operation {
    of_one(
        "POST",
        "/v1/subscriptions/{id}/move-period-end",
        "moveSubscriptionPeriodEnd",
        "Move the end of the period that runs",
        "Lets the period that runs end earlier or later, or now. The next period begins there, those behind it are counted \
         from there, and a subscription that ends with its period ends there. Usage belongs to the period that its date \
         lies in, whenever it was recorded. Amounts stay relative to the period as it would have been: where its price has \
         a proration, a flat amount of a shortened period is charged for that part, and that of a stretched one whole; \
         what is held by weighted_sum counts for its part, or for more than one period. What else stands for a period is \
         whole, however long it is: included usage, minimum, maximum, discounts, and recurring amounts without a \
         proration. What was billed in advance is neither credited nor charged again, and the period that begins is \
         billed as any. An end can be moved again until it has come. Sending the same end again changes nothing, also \
         after it has come. A period that is to end now is named by its number, so that a retry does not end the next one.",
    )
    .body::<PeriodEnd>(json!({ "period": 0, "end": "2015-10-20T00:00:00Z" }))
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending])
}
