//! Where the period that runs ends: the rules of moving it, without I/O.
//!
//! Each rule takes a subscription and returns the changed one, or `None` where it already stands as asked. A retry comes
//! after the end that was moved has come, too: it must not end the next period.

use super::agreement::{CurrentPeriod, Status, StatusChange, Subscription};
use crate::catalog::PeriodLength;
use crate::time::{BillingCadence, BillingPeriod, TimeError, Timestamp};

/// The most moved boundaries that a subscription has over its life: each is kept, in the item that every call reads.
pub const MOST_MOVES: usize = 200;

/// Why a period cannot end as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPossible {
    /// No period runs yet.
    NotStarted,
    /// The subscription is over.
    Cancelled,
    /// The subscription ends with the period that runs, which no other one follows.
    NonRenewing,
    /// Another period runs.
    NotRunning {
        /// The number of the one that runs.
        number: u32,
    },
    /// The end lies where the period begins, or before.
    BeforeStart {
        /// When it begins.
        start: Timestamp,
    },
    /// The end has passed.
    Passed,
    /// The ends of too many periods were moved already.
    TooManyMoves,
    /// The end or the next period leaves the range of instants.
    Time(TimeError),
}

impl From<TimeError> for NotPossible {
    fn from(error: TimeError) -> NotPossible {
        NotPossible::Time(error)
    }
}

/// Lets the period that runs, or that one if it runs, end at `end`, or now; the next one begins there.
///
/// A subscription that ends with its period ends there as well.
///
/// # Errors
/// `NotStarted`, `Cancelled`, `NotRunning`, `BeforeStart`, `Passed`, `TooManyMoves`, `Time`.
pub fn move_end(
    subscription: &Subscription,
    number: Option<u32>,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Subscription>, NotPossible> {
    let stands = match end {
        Some(end) => ended_at(subscription, end).is_some_and(|ended| number.is_none_or(|number| number == ended)),
        None => number.is_some_and(|number| is_over(subscription, number)),
    };
    if stands {
        return Ok(None);
    }
    let current = running(subscription, now)?;
    if number.is_some_and(|number| number != current.number) {
        return Err(NotPossible::NotRunning { number: current.number });
    }
    if end.is_some_and(|end| current.period.start < end && end < now) {
        return Err(NotPossible::Passed);
    }
    let end = end.unwrap_or(now);
    let mut moved = ending(subscription, current, end, subscription.period_length)?;
    if subscription.cancelled_at().is_some() {
        moved.statuses.retain(|change| change.status != Status::Cancelled && change.at <= end);
        moved.statuses.push(StatusChange { at: end, status: Status::Cancelled });
    }
    Ok(Some(moved))
}

/// Lets periods have another length: the one that runs ends now. A subscription that has not started has them from its
/// start.
///
/// # Errors
/// `NonRenewing`, and as [`move_end`].
pub fn change_length(
    subscription: &Subscription,
    length: PeriodLength,
    now: Timestamp,
) -> Result<Subscription, NotPossible> {
    let mut changed = match running(subscription, now) {
        Ok(_) if subscription.cancelled_at().is_some() => return Err(NotPossible::NonRenewing),
        Ok(current) => ending(subscription, current, now, length)?,
        Err(NotPossible::NotStarted) => subscription.clone(),
        Err(refusal) => return Err(refusal),
    };
    changed.period_length = length;
    if let (None, Some(start), Some(before)) = (changed.current, changed.started_at(), &changed.cadence) {
        let cadence = BillingCadence::new(length.every, length.unit, start, before.zone())?;
        cadence.period(0)?;
        changed.cadence = Some(cadence.into());
    }
    Ok(changed)
}

/// The period that runs.
fn running(subscription: &Subscription, now: Timestamp) -> Result<CurrentPeriod, NotPossible> {
    match subscription.current {
        _ if subscription.status_at(now) == Status::Cancelled => Err(NotPossible::Cancelled),
        Some(current) => Ok(current),
        None => Err(NotPossible::NotStarted),
    }
}

/// The subscription whose running period ends at the instant, with periods of that length behind it.
fn ending(
    subscription: &Subscription,
    current: CurrentPeriod,
    end: Timestamp,
    length: PeriodLength,
) -> Result<Subscription, NotPossible> {
    let start = current.period.start;
    if end <= start {
        return Err(NotPossible::BeforeStart { start });
    }
    let cadence = subscription.cadence.as_ref().ok_or(NotPossible::NotStarted)?;
    let cadence = cadence.ending(current.number, end, length.every, length.unit)?;
    if cadence.moves() > MOST_MOVES {
        return Err(NotPossible::TooManyMoves);
    }
    let mut ending = subscription.clone();
    ending.cadence = Some(cadence);
    ending.current = Some(CurrentPeriod { period: BillingPeriod { start, end }, ..current });
    Ok(ending)
}

/// The number of the period that ends or ended at the instant, as it stands.
fn ended_at(subscription: &Subscription, end: Timestamp) -> Option<u32> {
    let last = subscription.current.map(|current| current.period.end).or_else(|| subscription.cancelled_at())?;
    let (number, period) = subscription.cadence.as_ref()?.period_at(end.plus_millis(-1)).ok()?;
    let is_end = end == last || (end < last && end == period.end);
    u32::try_from(number).ok().filter(|_| is_end)
}

/// Whether the subscription had that period, and it has ended.
fn is_over(subscription: &Subscription, number: u32) -> bool {
    match (subscription.current, &subscription.cadence, subscription.cancelled_at()) {
        (Some(current), ..) => number < current.number,
        (None, Some(cadence), Some(end)) => cadence.boundary(number.into()).is_ok_and(|start| start < end),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
