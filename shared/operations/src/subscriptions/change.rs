//! What happens to a subscription after it was created: another list of items, an activation, another end of the period
//! that runs, an end.

use billing::field;
use billing::id::SubscriptionId;
use billing::invoice::due_boundary;
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::items::{self, ListedItem, NewSubscriptionItem};
use billing::subscription::{Status, Subscription, lifecycle, period_end};
use billing::time::{TimeText, Timestamp};
use billing::usage::{LateUsage, UsageLimit};
use store::Store;

use super::listed::listed;
use super::{caught_up, load};
use crate::document::{ATTEMPTS, Revised, contended, revise};
use crate::error::failed;
use crate::sites;

/// What is to be different; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionChange {
    /// The whole list of items from now on.
    pub items: Option<Vec<NewSubscriptionItem>>,
    /// Seconds between a period's end and the close of its invoice.
    pub grace_seconds: Option<u32>,
    /// What becomes of late usage.
    pub late_usage: Option<LateUsage>,
    /// How many usages it may have.
    pub usage_limit: Option<UsageLimit>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The subscription stands as asked at this instant, now or since before.
    Stands(Subscription, Timestamp),
    /// It stands otherwise, and cannot be changed so.
    Conflict {
        /// The subscription.
        stands: Subscription,
        /// The instant at which it was looked at.
        at: Timestamp,
        /// Why it cannot be changed.
        detail: String,
    },
}

/// What a rule decides.
enum Decision {
    /// It stands as asked already.
    Stands,
    /// It is to be written.
    Write(Box<Subscription>),
    /// It cannot be changed so.
    Conflict(String),
}

impl Decision {
    fn of(changed: Option<Subscription>) -> Decision {
        changed.map_or(Decision::Stands, |changed| Decision::Write(Box::new(changed)))
    }
}

/// Replaces the list of items or changes settings; items and grace count from the next invoice on.
///
/// # Errors
/// `NotFound`; `Invalid` naming what is wrong, or where the subscription is over; `Conflict` where an item's id is taken.
pub async fn change(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    change: SubscriptionChange,
    now: Timestamp,
) -> Result<Changed, Refusal> {
    let grace_seconds = change.grace_seconds.map(field::grace).transpose()?;
    let listed = match change.items {
        Some(entries) => Some(listed(store, site, entries).await?),
        None => None,
    };
    update(store, site, id, now, |subscription, now| {
        if subscription.status_at(now) == Status::Cancelled {
            return Err(Refusal::new(Kind::Invalid, "the subscription is cancelled"));
        }
        let mut changed = subscription.clone();
        changed.grace_seconds = grace_seconds.or(subscription.grace_seconds);
        changed.late_usage = change.late_usage.or(subscription.late_usage);
        changed.usage_limit = change.usage_limit.or(subscription.usage_limit);
        if subscription.usage_limit.is_none() && changed.usage_limit.is_some() {
            // What was recorded without a limit was not counted.
            let detail = "a usage limit is set when the subscription is created, and can only be changed afterwards";
            return Err(Refusal::invalid("usage_limit", detail));
        }
        if let Some(listed) = &listed {
            let length = listed.first().map(ListedItem::price).map(|price| price.period);
            if let Some(length) = length.filter(|length| *length != subscription.period_length) {
                changed = match period_end::change_length(&changed, length, now) {
                    Ok(changed) => changed,
                    Err(reason) => return refused_end(reason, "items"),
                };
            }
            changed.items = items::replace(&changed, listed, now)?;
        }
        Ok(Decision::of((changed != *subscription).then_some(changed)))
    })
    .await
}

/// Activates a subscription, now or at a date.
///
/// # Errors
/// `NotFound`, `Invalid` for a date that is none.
pub async fn activate(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    start_date: Option<TimeText>,
    now: Timestamp,
) -> Result<Changed, Refusal> {
    let zone = sites::current(store, &site.id).await?.time_zone;
    let date = start_date.map(|date| field::time(&date, "start_date", zone)).transpose()?;
    update(store, site, id, now, |subscription, now| {
        lifecycle::activate(subscription, date, zone, now).map_or_else(refused, |activated| Ok(Decision::of(activated)))
    })
    .await
}

/// Lets a subscription end with the period that runs.
///
/// # Errors
/// `NotFound`, `Invalid` where it has not started.
pub async fn schedule_cancel(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    now: Timestamp,
) -> Result<Changed, Refusal> {
    update(store, site, id, now, |subscription, now| {
        lifecycle::schedule_cancel(subscription, now).map_or_else(refused, |ending| Ok(Decision::of(ending)))
    })
    .await
}

/// Ends a subscription now.
///
/// # Errors
/// `NotFound`.
pub async fn cancel(store: &Store, site: &Site, id: &SubscriptionId, now: Timestamp) -> Result<Changed, Refusal> {
    update(store, site, id, now, |subscription, now| Ok(Decision::of(lifecycle::cancel(subscription, now)))).await
}

/// Lets the period that runs end elsewhere, or now.
///
/// `period` is the number of the period that ends, to be sure; it may be absent where the end is said.
///
/// # Errors
/// `NotFound`; `Invalid` naming what is wrong, or where the subscription has not started.
pub async fn move_period_end(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    period: Option<u32>,
    end: Option<TimeText>,
    now: Timestamp,
) -> Result<Changed, Refusal> {
    if period.is_none() && end.is_none() {
        // Sent twice, it would end two periods.
        return Err(Refusal::invalid("period", "say which period ends now, or when the one that runs ends"));
    }
    update(store, site, id, now, |subscription, now| {
        let zone = subscription.local_zone(site);
        let end = end.as_ref().map(|end| field::time(end, "end", zone)).transpose()?;
        period_end::move_end(subscription, period, end, now)
            .map_or_else(|reason| refused_end(reason, "end"), |moved| Ok(Decision::of(moved)))
    })
    .await
}

/// Decides on what stands, writes it on condition that it still stands, and gives what became of it.
///
/// What is due comes first, so that a change never reaches into a period that has ended. A caller's clock may be behind
/// the one that changed the subscription last, or generated its period: `decide` gets an instant that is not before that
/// change, or it would undo what is on an invoice already.
async fn update(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    asked_at: Timestamp,
    decide: impl Fn(&Subscription, Timestamp) -> Result<Decision, Refusal>,
) -> Result<Changed, Refusal> {
    for _ in 0..ATTEMPTS {
        let mut before = load(store, site, id).await?;
        let mut now = asked_at.max(before.value.updated_at);
        if due_boundary(&before.value, now).is_some() {
            caught_up(store, site, before.value, now).await?;
            before = load(store, site, id).await?;
            now = now.max(before.value.updated_at);
        }
        // Stuck, or so far behind that the queue has to go on: a change now would reach into an ended period.
        if due_boundary(&before.value, now).is_some() {
            let detail = "periods of the subscription that have ended are not generated yet; GET /v1/stuck may say why";
            return Err(Refusal::new(Kind::PeriodsPending, detail));
        }
        let mut after = match decide(&before.value, now)? {
            Decision::Stands => return Ok(Changed::Stands(before.value, now)),
            Decision::Conflict(detail) => return Ok(Changed::Conflict { stands: before.value, at: now, detail }),
            Decision::Write(after) => *after,
        };
        after.updated_at = now;
        let mut changes = store.changes();
        changes.change_usage_limit(&site.id, &before.value, &after).map_err(failed)?;
        match revise(site, changes, &before, &after).await? {
            Revised::Done => return Ok(Changed::Stands(caught_up(store, site, after, now).await?, now)),
            Revised::Lost => {}
        }
    }
    Err(contended())
}

fn refused(reason: lifecycle::NotPossible) -> Result<Decision, Refusal> {
    use lifecycle::NotPossible;
    match reason {
        NotPossible::Time(error) => Err(Refusal::invalid("start_date", error.to_string())),
        NotPossible::NotStarted => {
            Err(Refusal::new(Kind::Invalid, "the subscription has not started; cancel it instead"))
        }
        NotPossible::Started { at } => Ok(Decision::Conflict(format!("the subscription started at {at}"))),
        NotPossible::Cancelled => Ok(Decision::Conflict("the subscription is cancelled".to_owned())),
    }
}

/// `field` is what asks for the end.
fn refused_end(reason: period_end::NotPossible, field: &str) -> Result<Decision, Refusal> {
    use period_end::{MOST_MOVES, NotPossible};
    let detail = match reason {
        NotPossible::Cancelled => return Ok(Decision::Conflict("the subscription is cancelled".to_owned())),
        NotPossible::NotStarted => return Err(Refusal::new(Kind::Invalid, "the subscription has not started")),
        NotPossible::NotRunning { number } => {
            return Err(Refusal::invalid("period", format!("the period that runs is {number}")));
        }
        NotPossible::NonRenewing => {
            "the subscription ends with the period that runs, so that none of another length follows".to_owned()
        }
        NotPossible::BeforeStart { start } => format!("the period that runs began at {start}, and ends after that"),
        NotPossible::Passed => {
            "the end has passed; to let the period end now, send its number as period and no end".to_owned()
        }
        NotPossible::TooManyMoves => format!("a subscription has at most {MOST_MOVES} moved ends over its life"),
        NotPossible::Time(error) => error.to_string(),
    };
    Err(Refusal::invalid(field, detail))
}
