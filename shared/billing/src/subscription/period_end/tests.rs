use crate::time::{CadenceUnit, Zone};

use super::super::lifecycle::{cancel, schedule_cancel, start};
use super::*;
use crate::fixtures::{at, running, waiting};

const NOW: &str = "2026-02-10T00:00:00Z";

/// What the end of the running period is moved to at [`NOW`].
fn moved(subscription: &Subscription, end: &str) -> Result<Option<Subscription>, NotPossible> {
    move_end(subscription, None, Some(at(end)), at(NOW))
}

/// The same after its boundary was generated.
fn generated(mut subscription: Subscription) -> Subscription {
    let number = subscription.current.unwrap().number.checked_add(1).unwrap();
    let period = subscription.cadence.as_ref().unwrap().period(number.into()).unwrap();
    let is_over = subscription.status_at(period.start) == Status::Cancelled;
    subscription.current = (!is_over).then_some(CurrentPeriod { number, period });
    subscription.ended = is_over;
    subscription
}

#[test]
fn the_running_period_ends_where_it_is_moved_to_and_the_next_one_begins_there() {
    for end in ["2026-02-20T00:00:00Z", "2026-03-15T00:00:00Z", NOW] {
        let changed = moved(&running(), end).unwrap().unwrap();

        let boundary = changed.next_boundary().unwrap();
        assert_eq!((boundary.number, boundary.at), (1, at(end)));
        assert_eq!(changed.period_at(at(end)).unwrap().unwrap().0, 1);
        assert_eq!(changed.statuses, running().statuses);
        assert_eq!(changed.items, running().items);
    }
}

#[test]
fn the_same_end_again_changes_nothing_before_and_after_it_has_come() {
    let end = "2026-02-10T00:00:00Z";
    let changed = moved(&running(), end).unwrap().unwrap();
    let later = generated(generated(changed.clone()));

    for subscription in [&changed, &generated(changed.clone()), &later] {
        for number in [None, Some(0)] {
            assert_eq!(move_end(subscription, number, Some(at(end)), at("2026-04-01T00:00:00Z")), Ok(None));
        }
    }
    assert_eq!(move_end(&later, Some(0), None, at("2026-04-01T00:00:00Z")), Ok(None));
    assert_eq!(moved(&running(), "2026-02-28T00:00:00Z"), Ok(None));
}

#[test]
fn a_period_that_is_named_is_the_only_one_that_is_moved() {
    let later = generated(running());
    let now = at("2026-03-05T00:00:00Z");
    let end = Some(at("2026-03-20T00:00:00Z"));

    assert_eq!(move_end(&later, Some(0), end, now), Err(NotPossible::NotRunning { number: 1 }));
    assert_eq!(move_end(&later, Some(2), None, now), Err(NotPossible::NotRunning { number: 1 }));
    assert_eq!(move_end(&later, Some(0), None, now), Ok(None));
    let ended = move_end(&later, Some(1), None, now).unwrap().unwrap();
    assert_eq!(ended.current.unwrap().period.end, now);
}

#[test]
fn a_subscription_that_ends_with_its_period_ends_where_that_is_moved_to() {
    let ending = schedule_cancel(&running(), at("2026-02-05T00:00:00Z")).unwrap().unwrap();

    for end in ["2026-02-20T00:00:00Z", "2026-05-01T00:00:00Z"] {
        let changed = moved(&ending, end).unwrap().unwrap();
        assert_eq!(changed.cancelled_at(), Some(at(end)));
        assert_eq!(changed.status_at(at(end).plus_millis(-1)), Status::NonRenewing);
        assert_eq!(changed.status_at(at(end)), Status::Cancelled);
    }
    let over = move_end(&ending, Some(0), None, at(NOW)).unwrap().unwrap();
    assert_eq!((over.status_at(at(NOW)), over.cancelled_at()), (Status::Cancelled, Some(at(NOW))));
    // Its retry comes when no period runs any more.
    assert_eq!(move_end(&generated(over.clone()), Some(0), None, at(NOW)), Ok(None));
    assert_eq!(move_end(&generated(over.clone()), Some(0), Some(at(NOW)), at(NOW)), Ok(None));
    assert_eq!(move_end(&generated(over), Some(1), None, at(NOW)), Err(NotPossible::Cancelled));
    // A clock that stands before the one by which the end was scheduled.
    let early = at("2026-02-03T00:00:00Z");
    let over = move_end(&ending, Some(0), None, early).unwrap().unwrap();
    assert_eq!(over.statuses.iter().map(|change| change.at).collect::<Vec<_>>(), [running().statuses[0].at, early]);
}

#[test]
fn what_cannot_end_there_is_refused() {
    let first = at("2026-01-31T00:00:00Z");
    let ahead = start(&waiting(), at("2026-03-01T00:00:00Z"), Zone::UTC).unwrap();
    let over = cancel(&running(), at("2026-02-05T00:00:00Z")).unwrap();
    let tomorrow = "2026-02-11T00:00:00Z";
    for (subscription, end, refused) in [
        (waiting(), tomorrow, NotPossible::NotStarted),
        (ahead.clone(), tomorrow, NotPossible::NotStarted),
        (cancel(&ahead, at(NOW)).unwrap(), tomorrow, NotPossible::Cancelled),
        (over, tomorrow, NotPossible::Cancelled),
        (running(), "2026-01-31T00:00:00Z", NotPossible::BeforeStart { start: first }),
        (running(), "2026-01-30T00:00:00Z", NotPossible::BeforeStart { start: first }),
        (running(), "2026-02-09T23:59:59.999Z", NotPossible::Passed),
        (running(), "4999-12-31T00:00:00Z", NotPossible::Time(TimeError::OutOfRange)),
    ] {
        assert_eq!(moved(&subscription, end), Err(refused), "{end}");
    }
    // A clock that stands before the period that runs ends nothing, and opens nothing that was cancelled where it began.
    let behind = first.plus_millis(-1);
    let empty = cancel(&running(), behind).unwrap();
    assert_eq!(move_end(&empty, None, Some(at(tomorrow)), behind), Err(NotPossible::Cancelled));
    assert_eq!(move_end(&running(), Some(0), None, first), Err(NotPossible::BeforeStart { start: first }));
    assert_eq!(move_end(&running(), Some(0), None, behind), Err(NotPossible::BeforeStart { start: first }));
}

#[test]
fn there_is_a_most_of_moves_and_a_move_of_the_last_one_is_none() {
    let mut subscription = running();
    let mut now = subscription.current.unwrap().period.start;
    for number in 0..u32::try_from(MOST_MOVES).unwrap() {
        now = now.plus_millis(1);
        subscription = move_end(&subscription, Some(number), None, now).unwrap().unwrap();
        if subscription.cadence.as_ref().unwrap().moves() < MOST_MOVES {
            subscription = generated(subscription);
        }
    }

    let again = move_end(&subscription, None, Some(now.plus_millis(5)), now).unwrap().unwrap();

    assert_eq!(again.cadence.as_ref().unwrap().moves(), MOST_MOVES);
    let next = generated(again);
    assert_eq!(move_end(&next, None, Some(now.plus_millis(9)), now), Err(NotPossible::TooManyMoves));
}

#[test]
fn another_length_ends_the_period_that_runs() {
    let yearly = PeriodLength { every: 1, unit: CadenceUnit::Year };

    let changed = change_length(&running(), yearly, at(NOW)).unwrap();

    assert_eq!(changed.current.unwrap().period.end, at(NOW));
    assert_eq!(generated(changed).current.unwrap().period.end, at("2027-02-10T00:00:00Z"));
    let ending = schedule_cancel(&running(), at(NOW)).unwrap().unwrap();
    assert_eq!(change_length(&ending, yearly, at(NOW)), Err(NotPossible::NonRenewing));
}

#[test]
fn another_length_before_the_start_is_that_of_the_first_period() {
    let yearly = PeriodLength { every: 1, unit: CadenceUnit::Year };
    let ahead = start(&waiting(), at("2026-03-01T00:00:00Z"), Zone::UTC).unwrap();

    let changed = change_length(&ahead, yearly, at(NOW)).unwrap();

    assert_eq!(changed.period_at(at("2026-03-01T00:00:00Z")).unwrap().unwrap().1.end, at("2027-03-01T00:00:00Z"));
    assert_eq!((&changed.statuses, &changed.items), (&ahead.statuses, &ahead.items));
    assert_eq!(change_length(&waiting(), yearly, at(NOW)).unwrap().period_length, yearly);
}
