//! Proration: for which part of a billing period an item was on its subscription.
//!
//! Both are counted in the unit of the price's basis, from one mark of the local calendar to the next: the second or the
//! day in which a stretch begins counts, the one in which it ends does not. So nothing counts twice where an item leaves
//! and comes back, and the parts of a period add up to it.
//!
//! A price of 31.00 a month joins on 10 March at 09:30 local time. The 10th is its first day and 31 March its last one:
//! 22 of 31 days, 22.00. Had it left again on 20 March at any time, 10 days would count.
//!
//! Months of 30 days are counted from the start of the period: the last day of a shorter month stands for those that it
//! lacks, and the 31st of a longer one costs nothing. A February of 28 days that begins on the 1st has 14 of 30 days up
//! to the 15th, and 16 from then on.
//!
//! The case table is `parts_are_counted_in_the_unit_of_the_basis`.

use rating::{Proration, ProrationBasis, RatingError};

use super::agreement::{Span, Subscription, SubscriptionItem};
use crate::error::BillingError;
use crate::time::{BillingCadence, TimeError, Timestamp};

const SECOND_MILLIS: i64 = 1_000;
const DAYS_OF_MONTH: i64 = 30;

/// Returns the part of a period for which an item was on its subscription and the subscription in force; `None` where
/// that is all of it, or the subscription has no periods yet.
///
/// The part is one of the period that the cadence gives, also where a cancellation or a moved boundary cut it short; of one
/// that a moved boundary stretched, what goes beyond the whole is not charged for. An item that is still there is taken to
/// stay.
///
/// # Errors
/// `Time` where the period leaves the range of instants.
pub fn part_of_period(
    basis: ProrationBasis,
    subscription: &Subscription,
    item: &SubscriptionItem,
    number: u32,
) -> Result<Option<Proration>, BillingError> {
    let (Some(history), Some(started)) = (&subscription.cadence, subscription.started_at()) else { return Ok(None) };
    let number = i64::from(number);
    let (period, nominal) = (history.period(number)?, history.nominal_period(number)?);
    let in_force = Span { from: started, to: subscription.cancelled_at() };
    let (first, cadence) = history.cadence_of(number);
    let ruler = Ruler { basis, cadence, number: number.saturating_sub(first), start: nominal.start };
    let (start, end) = (ruler.mark(nominal.start)?, ruler.mark(nominal.end)?);
    let mut used = 0_i64;
    for span in &item.on {
        let from = span.from.max(in_force.from).max(period.start);
        let to = [span.to, in_force.to].into_iter().flatten().fold(period.end, Timestamp::min);
        if from < to {
            used = used.saturating_add(ruler.mark(to)?.saturating_sub(ruler.mark(from)?));
        }
    }
    let [used, whole] = [used, end.saturating_sub(start)].map(|count| u64::try_from(count).unwrap_or_default());
    if used >= whole {
        return Ok(None);
    }
    let part = Proration::new(basis, used, whole).map_err(|source| BillingError::Rating {
        item_price_id: item.item_price_id.clone(),
        source: RatingError::Inputs(source),
    })?;
    Ok(Some(part))
}

/// Counts the marks of the local calendar up to an instant of a period.
struct Ruler {
    basis: ProrationBasis,
    /// What the period follows, and its number there.
    cadence: BillingCadence,
    number: i64,
    /// Where the period begins.
    start: Timestamp,
}

impl Ruler {
    fn mark(&self, at: Timestamp) -> Result<i64, TimeError> {
        match self.basis {
            ProrationBasis::CalendarSeconds => {
                Ok(at.millis().saturating_sub(self.start.millis()).div_euclid(SECOND_MILLIS))
            }
            ProrationBasis::CalendarDays => Ok(self.days(self.start, at)),
            ProrationBasis::ThirtyDayMonths => {
                let (monthly, months) = self.cadence.monthly().ok_or(TimeError::OutOfRange)?;
                let (month, span) = monthly.period_at(at)?;
                let before = month.saturating_sub(self.number.saturating_mul(months));
                let days = self.days(span.start, at).min(DAYS_OF_MONTH);
                Ok(before.saturating_mul(DAYS_OF_MONTH).saturating_add(days))
            }
        }
    }

    fn days(&self, from: Timestamp, to: Timestamp) -> i64 {
        let zone = self.cadence.zone();
        zone.local_date(to).signed_duration_since(zone.local_date(from)).num_days()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscription::{Status, StatusChange};
    use crate::time::CadenceUnit;
    use crate::time::{CadenceHistory, Zone};

    /// `used/period` of an item with those stretches, in a subscription that began at `start`.
    fn part(
        basis: ProrationBasis,
        (every, unit, zone): (u32, CadenceUnit, &str),
        start: &str,
        number: u32,
        on: &[(&str, Option<&str>)],
        cancelled: Option<&str>,
    ) -> String {
        let zone: Zone = zone.parse().unwrap();
        let at = |text: &str| Timestamp::parse(text, zone).unwrap();
        let mut subscription = crate::fixtures::subscription();
        subscription.cadence = Some(BillingCadence::new(every, unit, at(start), zone).unwrap().into());
        subscription.statuses = vec![StatusChange { at: at(start), status: Status::Active }];
        subscription.statuses.extend(cancelled.map(|end| StatusChange { at: at(end), status: Status::Cancelled }));
        let mut item = subscription.items[0].clone();
        item.on = on.iter().map(|(from, to)| Span { from: at(from), to: to.map(at) }).collect();
        match part_of_period(basis, &subscription, &item, number).unwrap() {
            None => "all".to_owned(),
            Some(part) => {
                let json = serde_json::to_value(part).unwrap();
                format!("{}/{}", json["used"], json["period"])
            }
        }
    }

    #[test]
    fn parts_are_counted_in_the_unit_of_the_basis() {
        use CadenceUnit::{Day, Month, Year};
        use ProrationBasis::{CalendarDays, CalendarSeconds, ThirtyDayMonths};
        let berlin = (1, Month, "Europe/Berlin");
        let utc = (1, Month, "UTC");
        let march = "2026-03-01 00:00:00";
        for (basis, cadence, start, number, on, cancelled, expected) in [
            // The worked example.
            (CalendarDays, berlin, march, 0, &[("2026-03-10 09:30:00", None)][..], None, "22/31"),
            (CalendarDays, berlin, march, 0, &[("2026-03-10 09:30:00", Some("2026-03-20 23:59:59"))], None, "10/31"),
            // All of it, also from the first instant on and beyond the end.
            (CalendarDays, berlin, march, 0, &[(march, None)], None, "all"),
            (CalendarDays, berlin, march, 0, &[("2026-01-10 00:00:00", Some("2026-04-01 00:00:00"))], None, "all"),
            // Within one day: none. Gone and back on one day: nothing is lost and nothing counts twice.
            (CalendarDays, berlin, march, 0, &[("2026-03-10 08:00:00", Some("2026-03-10 20:00:00"))], None, "0/31"),
            (
                CalendarDays,
                berlin,
                march,
                0,
                &[(march, Some("2026-03-10 08:00:00")), ("2026-03-10 20:00:00", None)],
                None,
                "all",
            ),
            // Late on 9 March in UTC is 10 March in Berlin.
            (CalendarDays, berlin, march, 0, &[("2026-03-09T23:30:00Z", None)], None, "22/31"),
            (CalendarDays, utc, march, 0, &[("2026-03-09T23:30:00Z", None)], None, "23/31"),
            // Cancelled: the period is as long as it would have been.
            (CalendarDays, berlin, march, 0, &[(march, None)], Some("2026-03-11 12:00:00"), "10/31"),
            (CalendarDays, berlin, march, 1, &[(march, None)], Some("2026-04-01 00:00:01"), "0/30"),
            // A period that begins at noon, in its second month.
            (CalendarDays, utc, "2026-01-31 12:00:00", 1, &[("2026-03-01 09:00:00", None)], None, "30/31"),
            // The clocks go forward on 29 March: that day lacks an hour, which seconds know and days do not.
            (CalendarSeconds, berlin, march, 0, &[("2026-03-29 00:00:00", None)], None, "255600/2674800"),
            (CalendarSeconds, utc, march, 0, &[("2026-03-31T23:59:58.5Z", None)], None, "2/2678400"),
            (CalendarSeconds, (1, Day, "UTC"), march, 0, &[("2026-03-01 18:00:00", None)], None, "21600/86400"),
            // Months of 30 days, short and long ones.
            (ThirtyDayMonths, utc, "2026-02-01 00:00:00", 0, &[("2026-02-15 00:00:00", None)], None, "16/30"),
            (
                ThirtyDayMonths,
                utc,
                "2026-02-01 00:00:00",
                0,
                &[("2026-02-01 00:00:00", Some("2026-02-15 00:00:00"))],
                None,
                "14/30",
            ),
            (ThirtyDayMonths, utc, march, 0, &[("2026-03-31 00:00:00", None)], None, "0/30"),
            (ThirtyDayMonths, utc, march, 0, &[("2026-03-10 00:00:00", None)], None, "21/30"),
            (ThirtyDayMonths, (3, Month, "UTC"), march, 1, &[("2026-07-16 00:00:00", None)], None, "45/90"),
            (ThirtyDayMonths, (1, Year, "UTC"), march, 0, &[("2027-02-01 00:00:00", None)], None, "30/360"),
        ] {
            assert_eq!(part(basis, cadence, start, number, on, cancelled), expected, "{basis:?} {start} {on:?}");
        }
    }

    #[test]
    fn months_and_years_are_counted_in_months() {
        use CadenceUnit::{Day, Month, Week, Year};
        assert_eq!([Day, Week, Month, Year].map(CadenceUnit::is_in_months), [false, false, true, true]);
    }

    #[test]
    fn the_parts_of_a_period_add_up_to_it() {
        use ProrationBasis::{CalendarDays, CalendarSeconds, ThirtyDayMonths};
        let (start, end) = ("2026-02-01 00:00:00", None);
        for (basis, whole) in [(CalendarSeconds, 2_419_200), (CalendarDays, 28), (ThirtyDayMonths, 30)] {
            for day in 2..=28 {
                let cut = format!("2026-02-{day:02} 13:14:15");
                let count = |on: &[(&str, Option<&str>)]| {
                    let part = part(basis, (1, CadenceUnit::Month, "UTC"), start, 0, on, None);
                    part.split_once('/').unwrap().0.parse::<u64>().unwrap()
                };
                let sum = count(&[(start, Some(&cut))]) + count(&[(&cut, end)]);
                assert_eq!(sum, whole, "{basis:?} {cut}");
            }
        }
    }

    #[test]
    fn a_period_whose_end_was_moved_is_a_part_of_what_it_would_have_been() {
        use ProrationBasis::{CalendarDays, CalendarSeconds, ThirtyDayMonths};
        let at = |text: &str| Timestamp::parse(text, Zone::UTC).unwrap();
        let start = at("2026-03-01 00:00:00");
        let monthly = BillingCadence::new(1, CadenceUnit::Month, start, Zone::UTC).unwrap();
        let from_may = (at("2026-05-01 00:00:00"), None);
        for (end, (from, to), basis, expected) in [
            // Cut short to ten days, and for a part of them.
            ("2026-03-11 00:00:00", (start, None), CalendarDays, [Some((10, 31)), None]),
            ("2026-03-11 00:00:00", (start, Some("2026-03-04 00:00:00")), CalendarDays, [Some((3, 31)), Some((0, 31))]),
            ("2026-03-11 00:00:00", (start, None), CalendarSeconds, [Some((864_000, 2_678_400)), None]),
            ("2026-03-11 00:00:00", (start, None), ThirtyDayMonths, [Some((10, 30)), None]),
            // The next period begins at noon, and its months are counted from there.
            ("2026-03-11 12:00:00", (start, None), ThirtyDayMonths, [Some((10, 30)), None]),
            (
                "2026-03-11 12:00:00",
                (start, Some("2026-04-01 00:00:00")),
                ThirtyDayMonths,
                [Some((10, 30)), Some((21, 30))],
            ),
            // Stretched to 72 days: nothing goes beyond the whole.
            ("2026-05-12 00:00:00", (start, None), CalendarDays, [None, None]),
            ("2026-05-12 00:00:00", from_may, CalendarDays, [Some((11, 31)), None]),
            ("2026-05-12 00:00:00", (at("2026-04-01 00:00:00"), None), CalendarDays, [None, None]),
            ("2026-05-12 00:00:00", from_may, ThirtyDayMonths, [Some((11, 30)), None]),
        ] {
            let mut subscription = crate::fixtures::subscription();
            let history = CadenceHistory::from(monthly).ending(0, at(end), 1, CadenceUnit::Month).unwrap();
            subscription.cadence = Some(history);
            subscription.statuses = vec![StatusChange { at: start, status: Status::Active }];
            let mut item = subscription.items[0].clone();
            item.on = vec![Span { from, to: to.map(at) }];

            let parts = [0, 1].map(|number| part_of_period(basis, &subscription, &item, number).unwrap());

            let expected = expected.map(|part| part.map(|(used, of)| Proration::new(basis, used, of).unwrap()));
            assert_eq!(parts, expected, "{end} {basis:?} {:?}", item.on);
        }
    }
}
