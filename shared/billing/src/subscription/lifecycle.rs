//! When a subscription starts and ends: the rules of its status history, without I/O.
//!
//! Each rule takes a subscription and returns the changed one, or `None` where it already stands as asked: whoever
//! asks twice gets the same answer.

use super::agreement::{CurrentPeriod, Span, Status, StatusChange, Subscription};
use crate::time::{BillingCadence, BillingPeriod, TimeError, Timestamp, Zone};

/// Why a subscription cannot start or end as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPossible {
    /// It started at another date, which what was billed since depends on.
    Started {
        /// When it started.
        at: Timestamp,
    },
    /// It is over.
    Cancelled,
    /// It has no period yet that it could end with.
    NotStarted,
    /// The start date or a period leaves the range of instants.
    Time(TimeError),
}

impl From<TimeError> for NotPossible {
    fn from(error: TimeError) -> NotPossible {
        NotPossible::Time(error)
    }
}

/// Lets a subscription start at `start`, in the past or ahead: its status, its cadence and the time of its items.
///
/// # Errors
/// `Time` where the first period leaves the range of instants.
pub fn start(subscription: &Subscription, start: Timestamp, zone: Zone) -> Result<Subscription, NotPossible> {
    let length = subscription.period_length;
    let cadence = BillingCadence::new(length.every, length.unit, start, zone)?;
    cadence.period(0)?;
    let mut started = subscription.clone();
    started.cadence = Some(cadence.into());
    started.statuses = vec![StatusChange { at: start, status: Status::Active }];
    for item in &mut started.items {
        item.on = vec![Span { from: start, to: None }];
    }
    Ok(started)
}

/// Activates a subscription at `date`, or now.
///
/// A start that still lies ahead may be moved; without a date, one that has come already is left as it is.
///
/// # Errors
/// `Started` where it started at another date, `Cancelled` where it is over, `Time` as for [`start`].
pub fn activate(
    subscription: &Subscription,
    date: Option<Timestamp>,
    zone: Zone,
    now: Timestamp,
) -> Result<Option<Subscription>, NotPossible> {
    if subscription.status_at(now) == Status::Cancelled {
        return Err(NotPossible::Cancelled);
    }
    if let Some(at) = subscription.started_at() {
        // A generated period depends on the start, even where clocks disagree about whether it has come.
        let movable = now < at && subscription.current.is_none();
        match date {
            Some(date) if date == at => return Ok(None),
            None if !movable => return Ok(None),
            Some(_) if !movable => return Err(NotPossible::Started { at }),
            _ => {}
        }
    }
    start(subscription, date.unwrap_or(now), zone).map(Some)
}

/// Lets a subscription end with the period that runs, also where a caller's clock stands before that.
///
/// # Errors
/// `NotStarted` where no period runs yet, `Time` where its end is out of range.
pub fn schedule_cancel(subscription: &Subscription, now: Timestamp) -> Result<Option<Subscription>, NotPossible> {
    match subscription.status_at(now) {
        Status::NonRenewing | Status::Cancelled => return Ok(None),
        Status::Future => return Err(NotPossible::NotStarted),
        Status::Active => {}
    }
    let end = match subscription.current {
        Some(current) if now < current.period.end => current.period.end,
        _ => subscription.period_at(now)?.ok_or(NotPossible::NotStarted)?.1.end,
    };
    let mut ending = subscription.clone();
    ending.statuses.retain(|change| change.at <= now);
    ending.statuses.push(StatusChange { at: now, status: Status::NonRenewing });
    ending.statuses.push(StatusChange { at: end, status: Status::Cancelled });
    Ok(Some(ending))
}

/// Ends a subscription now: the period that runs ends with it.
///
/// One that has not started has nothing to bill, and nothing of it becomes due any more.
pub fn cancel(subscription: &Subscription, now: Timestamp) -> Option<Subscription> {
    let status = subscription.status_at(now);
    if status == Status::Cancelled {
        return None;
    }
    let mut over = subscription.clone();
    over.statuses.retain(|change| change.at <= now);
    over.statuses.push(StatusChange { at: now, status: Status::Cancelled });
    over.ended = over.ended || status == Status::Future;
    over.current = over.current.map(|current| CurrentPeriod { period: ended_by(current.period, now), ..current });
    Some(over)
}

/// The period, cut off at an instant within it; one that does not contain the instant stays as it is.
fn ended_by(period: BillingPeriod, now: Timestamp) -> BillingPeriod {
    if period.contains(now) { BillingPeriod { start: period.start, end: now } } else { period }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, running, waiting};

    #[test]
    fn a_start_sets_status_cadence_and_items() {
        let start_date = at("2026-01-31T00:00:00Z");

        let started = start(&waiting(), start_date, Zone::UTC).unwrap();

        assert_eq!(started.status_at(start_date.plus_millis(-1)), Status::Future);
        assert_eq!(started.status_at(start_date), Status::Active);
        assert_eq!(started.cadence.as_ref().unwrap().boundary(0), Ok(start_date));
        assert_eq!(started.items[0].on, [Span { from: start_date, to: None }]);
        assert_eq!(started.next_boundary().unwrap().at, start_date);
    }

    #[test]
    fn a_start_at_the_end_of_time_is_refused() {
        assert_eq!(start(&waiting(), Timestamp::MAX, Zone::UTC), Err(NotPossible::Time(TimeError::OutOfRange)));
    }

    #[test]
    fn activation_is_now_unless_a_date_is_said() {
        let now = at("2026-02-01T00:00:00Z");
        for (date, expected) in [(None, now), (Some(at("2026-01-15T00:00:00Z")), at("2026-01-15T00:00:00Z"))] {
            let activated = activate(&waiting(), date, Zone::UTC, now).unwrap().unwrap();
            assert_eq!(activated.started_at(), Some(expected));
        }
    }

    #[test]
    fn a_start_that_lies_ahead_may_be_moved() {
        let ahead = start(&waiting(), at("2026-03-01T00:00:00Z"), Zone::UTC).unwrap();
        let now = at("2026-02-01T00:00:00Z");

        let moved = activate(&ahead, Some(at("2026-02-15T00:00:00Z")), Zone::UTC, now).unwrap().unwrap();

        assert_eq!(moved.started_at(), Some(at("2026-02-15T00:00:00Z")));
        assert_eq!(moved.items[0].on, [Span { from: at("2026-02-15T00:00:00Z"), to: None }]);
        assert_eq!(activate(&ahead, None, Zone::UTC, now).unwrap().unwrap().started_at(), Some(now));
        assert_eq!(activate(&ahead, ahead.started_at(), Zone::UTC, now), Ok(None));
    }

    #[test]
    fn a_start_that_has_come_stays() {
        let now = at("2026-02-10T00:00:00Z");
        let started = at("2026-01-31T00:00:00Z");

        assert_eq!(activate(&running(), None, Zone::UTC, now), Ok(None));
        assert_eq!(activate(&running(), Some(started), Zone::UTC, now), Ok(None));
        let refused = activate(&running(), Some(now), Zone::UTC, now);
        assert_eq!(refused, Err(NotPossible::Started { at: started }));
        let behind = started.plus_millis(-1);
        assert_eq!(activate(&running(), Some(now), Zone::UTC, behind), Err(NotPossible::Started { at: started }));
    }

    #[test]
    fn a_scheduled_end_is_the_end_of_the_period() {
        let now = at("2026-02-10T00:00:00Z");

        let ending = schedule_cancel(&running(), now).unwrap().unwrap();

        let end = at("2026-02-28T00:00:00Z");
        assert_eq!(ending.status_at(now), Status::NonRenewing);
        assert_eq!(ending.status_at(end), Status::Cancelled);
        assert_eq!(ending.cancelled_at(), Some(end));
        assert_eq!(ending.current, running().current);
        assert_eq!(schedule_cancel(&ending, now), Ok(None));
        assert_eq!(schedule_cancel(&ending, end), Ok(None));
    }

    #[test]
    fn an_end_at_the_very_start_of_a_period_is_the_end_of_that_period() {
        let ending = schedule_cancel(&running(), at("2026-02-28T00:00:00Z")).unwrap().unwrap();
        assert_eq!(ending.cancelled_at(), Some(at("2026-03-31T00:00:00Z")));
    }

    #[test]
    fn an_end_that_is_scheduled_by_a_clock_behind_the_period_is_the_end_of_the_one_that_runs() {
        let mut later = running();
        let period = later.cadence.as_ref().unwrap().period(1).unwrap();
        later.current = Some(CurrentPeriod { number: 1, period });

        let ending = schedule_cancel(&later, period.start.plus_millis(-1)).unwrap().unwrap();

        assert_eq!(ending.cancelled_at(), Some(period.end));
    }

    #[test]
    fn what_has_not_started_has_no_end_to_schedule() {
        let now = at("2026-01-10T00:00:00Z");
        assert_eq!(schedule_cancel(&waiting(), now), Err(NotPossible::NotStarted));
        let ahead = start(&waiting(), at("2026-03-01T00:00:00Z"), Zone::UTC).unwrap();
        assert_eq!(schedule_cancel(&ahead, now), Err(NotPossible::NotStarted));
    }

    #[test]
    fn a_cancellation_ends_status_and_period_at_once() {
        let now = at("2026-02-10T00:00:00Z");

        let over = cancel(&running(), now).unwrap();

        assert_eq!(over.status_at(now.plus_millis(-1)), Status::Active);
        assert_eq!(over.status_at(now), Status::Cancelled);
        assert_eq!(over.current.unwrap().period.end, now);
        assert_eq!(over.next_boundary().map(|boundary| (boundary.number, boundary.at)), Some((1, now)));
        assert!(!over.ended);
        assert_eq!(cancel(&over, now), None);
    }

    #[test]
    fn a_cancellation_comes_before_a_scheduled_end() {
        let ending = schedule_cancel(&running(), at("2026-02-10T00:00:00Z")).unwrap().unwrap();
        let now = at("2026-02-11T00:00:00Z");

        let over = cancel(&ending, now).unwrap();

        assert_eq!(over.cancelled_at(), Some(now));
        assert_eq!(over.statuses.len(), 3);
    }

    #[test]
    fn a_period_that_is_over_keeps_its_end() {
        let over = cancel(&running(), at("2026-03-05T00:00:00Z")).unwrap();
        assert_eq!(over.current, running().current);
    }

    #[test]
    fn what_never_started_is_ended_by_a_cancellation() {
        let now = at("2026-01-10T00:00:00Z");
        let ahead = start(&waiting(), at("2026-03-01T00:00:00Z"), Zone::UTC).unwrap();
        for subscription in [waiting(), ahead] {
            let over = cancel(&subscription, now).unwrap();
            assert!(over.ended);
            assert_eq!(over.next_boundary(), None);
            assert_eq!(over.status_at(at("2026-04-01T00:00:00Z")), Status::Cancelled);
            assert_eq!(activate(&over, None, Zone::UTC, now), Err(NotPossible::Cancelled));
        }
    }
}
