//! What happens to a subscription after it was created: another list of items, an activation, another end of the period
//! that runs, an end.

use lambda_http::{Body, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use api::openapi::TimeInput;
use api::usage_place::local_zone;
use api::{Call, Kind, NumberText, Problem, fault, json_response};
use billing::id::SubscriptionId;
use billing::subscription::{Status, Subscription};
use billing::timestamp::Timestamp;
use billing::usage_rules::{LateUsage, UsageLimit};
use serde_json::Value;
use store::Updated;

use crate::document::{ATTEMPTS, contended, taken};
use crate::lifecycle::{self, Refusal};
use crate::subscription::{body, caught_up, load};
use crate::subscription_items::{self, Entry};
use crate::text::invalid;
use crate::{Deps, Route, period_end, site, text};

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
    let grace_seconds = change.grace_seconds.map(text::grace).transpose()?;
    let listed = match change.items {
        Some(entries) => Some(subscription_items::check(deps, call.site()?, entries).await?),
        None => None,
    };
    update(deps, call, |subscription, now| {
        if subscription.status_at(now) == Status::Cancelled {
            return Err(Problem::new(Kind::Invalid, "the subscription is cancelled"));
        }
        let mut changed = subscription.clone();
        changed.grace_seconds = grace_seconds.or(subscription.grace_seconds);
        changed.late_usage = change.late_usage.or(subscription.late_usage);
        changed.usage_limit = change.usage_limit.or(subscription.usage_limit);
        if subscription.usage_limit.is_none() && changed.usage_limit.is_some() {
            // What was recorded without a limit was not counted.
            let detail = "a usage limit is set when the subscription is created, and can only be changed afterwards";
            return Err(invalid("usage_limit", detail));
        }
        if let Some(listed) = &listed {
            let length = listed.first().map(|first| first.price().period);
            if let Some(length) = length.filter(|length| *length != subscription.period_length) {
                let refused = |refusal| refused_end(refusal, "items", subscription, now);
                changed = period_end::change_length(&changed, length, now).map_err(refused)?;
            }
            changed.items = subscription_items::replace(&changed, listed, now)?;
        }
        Ok((changed != *subscription).then_some(changed))
    })
    .await
}

/// Activates a subscription, now or at a date.
///
/// # Errors
/// 404, 422 for a date that is none, 409 where it started at another date or is over.
pub async fn activate(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let zone = site::current(deps, call).await?.time_zone;
    let activation: Activation = optional_body(call)?;
    let date = activation.start_date.map(|date| text::time(&date, "start_date", zone)).transpose()?;
    update(deps, call, |subscription, now| {
        let refused = |refusal| refused(refusal, subscription, now);
        lifecycle::activate(subscription, date, zone, now).map_err(refused)
    })
    .await
}

/// Lets a subscription end with the period that runs.
///
/// # Errors
/// 404, 422 where it has not started.
pub async fn schedule_cancel(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let Nothing {} = optional_body(call)?;
    update(deps, call, |subscription, now| {
        lifecycle::schedule_cancel(subscription, now).map_err(|refusal| refused(refusal, subscription, now))
    })
    .await
}

/// Ends a subscription now.
///
/// # Errors
/// 404.
pub async fn cancel(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let Nothing {} = optional_body(call)?;
    update(deps, call, |subscription, now| Ok(lifecycle::cancel(subscription, now))).await
}

/// Lets the period that runs end elsewhere, or now.
///
/// # Errors
/// 404, 422 naming what is wrong or where the subscription has not started, 409 where it is over.
pub async fn move_period_end(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let asked: PeriodEnd = call.json()?;
    if asked.period.is_none() && asked.end.is_none() {
        // Sent twice, it would end two periods.
        return Err(invalid("period", "say which period ends now, or when the one that runs ends"));
    }
    let site = call.site()?;
    update(deps, call, |subscription, now| {
        let zone = local_zone(site, subscription);
        let end = asked.end.as_ref().map(|end| text::time(end, "end", zone)).transpose()?;
        let refused = |refusal| refused_end(refusal, "end", subscription, now);
        period_end::move_end(subscription, asked.period, end, now).map_err(refused)
    })
    .await
}

/// Decides on what stands, writes it on condition that it still stands, and answers with what became of it.
///
/// What is due comes first, so that a change never reaches into a period that has ended. A caller's clock may be behind
/// the one that changed the subscription last, or generated its period: `decide` gets an instant that is not before that
/// change, or it would undo what is on an invoice already.
async fn update(
    deps: &Deps,
    call: &Call<Route>,
    decide: impl Fn(&Subscription, Timestamp) -> Result<Option<Subscription>, Problem>,
) -> Result<Response<Body>, Problem> {
    let id: SubscriptionId = call.param("id")?;
    let site = call.site()?;
    for _ in 0..ATTEMPTS {
        let mut before = load(deps, site, &id).await?;
        let mut now = call.now.max(before.value.updated_at);
        if billing::closing::due_boundary(&before.value, now).is_some() {
            caught_up(deps, site, before.value, now).await?;
            before = load(deps, site, &id).await?;
            now = now.max(before.value.updated_at);
        }
        // Stuck, or so far behind that the queue has to go on: a change now would reach into an ended period.
        if billing::closing::due_boundary(&before.value, now).is_some() {
            let detail = "periods of the subscription that have ended are not generated yet; GET /v1/stuck may say why";
            return Err(Problem::new(Kind::PeriodsPending, detail));
        }
        let Some(mut after) = decide(&before.value, now)? else {
            return Ok(json_response(200, &body(&before.value, now)));
        };
        after.updated_at = now;
        match deps.store.update_subscription(site, &before, &after).await.map_err(fault)? {
            Updated::Done => {
                let after = caught_up(deps, site, after, now).await?;
                return Ok(json_response(200, &body(&after, now)));
            }
            Updated::Lost => {}
            Updated::Taken(what) => return Err(taken(what)),
        }
    }
    Err(contended())
}

/// A body that may be left out where it has nothing to say.
fn optional_body<T: Default + serde::de::DeserializeOwned>(call: &Call<Route>) -> Result<T, Problem> {
    if call.body_text()?.trim().is_empty() { Ok(T::default()) } else { call.json() }
}

fn refused(refusal: Refusal, subscription: &Subscription, now: Timestamp) -> Problem {
    let detail = match refusal {
        Refusal::Time(error) => return invalid("start_date", error.to_string()),
        Refusal::NotStarted => {
            return Problem::new(Kind::Invalid, "the subscription has not started; cancel it instead");
        }
        Refusal::Started { at } => format!("the subscription started at {at}"),
        Refusal::Cancelled => "the subscription is cancelled".to_owned(),
    };
    conflict(detail, subscription, now)
}

/// `field` is what asks for the end.
fn refused_end(refusal: period_end::Refusal, field: &str, subscription: &Subscription, now: Timestamp) -> Problem {
    use period_end::{MOST_MOVES, Refusal};
    let detail = match refusal {
        Refusal::Cancelled => return conflict("the subscription is cancelled".to_owned(), subscription, now),
        Refusal::NotStarted => return Problem::new(Kind::Invalid, "the subscription has not started"),
        Refusal::NotRunning { number } => return invalid("period", format!("the period that runs is {number}")),
        Refusal::NonRenewing => {
            "the subscription ends with the period that runs, so that none of another length follows"
        }
        Refusal::BeforeStart { start } => {
            return invalid(field, format!("the period that runs began at {start}, and ends after that"));
        }
        Refusal::Passed => "the end has passed; to let the period end now, send its number as period and no end",
        Refusal::TooManyMoves => {
            return invalid(field, format!("a subscription has at most {MOST_MOVES} moved ends over its life"));
        }
        Refusal::Time(error) => return invalid(field, error.to_string()),
    };
    invalid(field, detail)
}

fn conflict(detail: String, subscription: &Subscription, now: Timestamp) -> Problem {
    let existing = serde_json::to_value(body(subscription, now)).unwrap_or(Value::Null);
    Problem::new(Kind::Conflict, detail).with("existing", existing)
}
