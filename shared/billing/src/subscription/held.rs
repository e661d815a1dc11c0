//! What is held of a price by `weighted_sum`: over which time its quantities count, and what lasts beyond a period.
//!
//! A quantity is held from its date on, until the price leaves the subscription. What is held when a period ends is what
//! the next one begins with, as long as the price stays on the subscription; what came back began anew.

use rating::{Number, Window};

use super::agreement::{Subscription, SubscriptionItem};
use crate::time::{BillingPeriod, TimeError, Timestamp};

/// Returns the window of a price over a period that is not empty, given what was held when it began.
///
/// All is let go where the price left the subscription, or the subscription ended. A period that was cut short or stretched
/// counts for its part, or its multiple, of the one that it would have been.
///
/// # Errors
/// `TimeError` where the period leaves the range of instants.
pub fn window(
    subscription: &Subscription,
    item: &SubscriptionItem,
    period: BillingPeriod,
    carried_over: Number,
) -> Result<Window, TimeError> {
    let nominal = match &subscription.cadence {
        Some(cadence) => Some(cadence.nominal_period(cadence.period_at(period.start)?.0)?),
        None => None,
    };
    // A day that the zone skipped has no length that a period could be a multiple of.
    let other = nominal.filter(|nominal| period.end != nominal.end && !nominal.is_empty());
    let ends = item.on.iter().filter_map(|span| span.to).chain(subscription.cancelled_at());
    Ok(Window {
        over_ms: other.map(|nominal| nominal.end.millis().saturating_sub(nominal.start.millis())),
        let_go_ms: ends.filter(|end| period.contains(*end)).map(Timestamp::millis).collect(),
        ..Window::new(period.start.millis(), period.end.millis(), carried_over)
    })
}

/// Returns since when a price has been on the subscription that is on it right before an instant and at it.
pub fn held_across(item: &SubscriptionItem, instant: Timestamp) -> Option<Timestamp> {
    let across = item.on.iter().find(|span| span.from < instant && span.contains(instant))?;
    Some(across.from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, subscription};
    use crate::subscription::{Span, Status, StatusChange};
    use crate::time::CadenceUnit;

    const DAY: i64 = 86_400_000;

    fn february(end: &str) -> BillingPeriod {
        BillingPeriod::new(at("2026-01-31T00:00:00Z"), at(end)).unwrap()
    }

    #[test]
    fn a_whole_period_counts_over_its_own_length() {
        let subscription = subscription();

        let window = window(&subscription, &subscription.items[1], february("2026-02-28T00:00:00Z"), 7.into()).unwrap();

        assert_eq!(
            window,
            Window::new(at("2026-01-31T00:00:00Z").millis(), at("2026-02-28T00:00:00Z").millis(), 7.into())
        );
    }

    #[test]
    fn a_period_that_is_cut_short_counts_over_what_it_would_have_been() {
        let mut subscription = subscription();
        let end = "2026-02-01T00:00:00Z";
        subscription.statuses.push(StatusChange { at: at(end), status: Status::Cancelled });

        let window = window(&subscription, &subscription.items[1], february(end), Number::ZERO).unwrap();

        assert_eq!((window.over_ms, window.let_go_ms), (Some(28 * DAY), Vec::new()));
    }

    #[test]
    fn a_period_whose_end_was_moved_counts_over_what_it_would_have_been() {
        for (end, over_ms) in [
            ("2026-02-07T00:00:00Z", Some(28 * DAY)),
            ("2026-02-28T00:00:00Z", None),
            ("2026-04-11T00:00:00Z", Some(28 * DAY)),
        ] {
            let mut subscription = subscription();
            let cadence = subscription.cadence.take().unwrap();
            subscription.cadence = Some(cadence.ending(0, at(end), 1, CadenceUnit::Month).unwrap());
            let next = subscription.cadence.as_ref().unwrap().period(1).unwrap();

            let [moved, after] = [february(end), next]
                .map(|period| window(&subscription, &subscription.items[1], period, Number::ZERO).unwrap());

            assert_eq!((moved.over_ms, moved.end_ms), (over_ms, at(end).millis()));
            assert_eq!((after.over_ms, after.start_ms), (None, at(end).millis()));
        }
    }

    #[test]
    fn all_is_let_go_where_the_price_left_and_where_the_subscription_ended() {
        let mut subscription = subscription();
        let (first, left, back) = (at("2026-01-31T00:00:00Z"), at("2026-02-05T00:00:00Z"), at("2026-02-07T00:00:00Z"));
        let ended = at("2026-02-20T00:00:00Z");
        subscription.items[1].on =
            vec![Span { from: first, to: Some(left) }, Span { from: back, to: Some(at("2026-03-01T00:00:00Z")) }];
        subscription.statuses.push(StatusChange { at: ended, status: Status::Cancelled });

        let window = window(&subscription, &subscription.items[1], february("2026-02-28T00:00:00Z"), 1.into()).unwrap();

        assert_eq!((window.over_ms, window.let_go_ms), (None, vec![left.millis(), ended.millis()]));
    }

    #[test]
    fn a_price_is_held_across_an_instant_that_lies_within_one_stay() {
        let mut item = subscription().items.remove(1);
        let (from, middle, to) = (at("2026-02-01T00:00:00Z"), at("2026-02-10T00:00:00Z"), at("2026-02-20T00:00:00Z"));
        item.on = vec![Span { from, to: Some(middle) }, Span { from: middle, to: Some(to) }];

        for (instant, since) in [
            (from, None),
            (from.plus_millis(1), Some(from)),
            (middle, None),
            (middle.plus_millis(1), Some(middle)),
            (to.plus_millis(-1), Some(middle)),
            (to, None),
        ] {
            assert_eq!(held_across(&item, instant), since, "{instant}");
        }
    }
}
