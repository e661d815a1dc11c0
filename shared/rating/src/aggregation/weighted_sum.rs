//! The quantity that was held, on the average over the period.
//!
//! Records say by how much it changed, up or down: 20 from the 16th and 10 more from the 17th of March are 20 for one day
//! and 30 for fifteen, over 31 days: 470/31. What was held when the period began counts from its start.
//!
//! Where the period was cut short or stretched, `over_ms` says how long it would have been: 10 held for the only day of it
//! are 10/31, and 10 held for 62 days 20.
//! At each of `let_go_ms` everything that was held until then is gone, and what is dated there or later counts anew: 10
//! from the 1st, let go on the 11th, and 4 from the 21st on are 10 for ten days and 4 for eleven: 144/31. Elsewhere:
//! time-weighted sum, gigabyte-hours, prorated seats.

use super::measurement::Measurement;
use super::window::Window;
use crate::error::RatingError;
use crate::number::Number;

/// What was held so far, times how long it is held: each change counts from its date until all is let go, or the end. That
/// is the same as adding up levels, without the order mattering.
#[derive(Clone, Debug)]
pub(super) struct WeightedSum {
    start_ms: i64,
    end_ms: i64,
    let_go_ms: Vec<i64>,
    over: Number,
    held: Number,
}

impl WeightedSum {
    /// # Errors
    /// `Inputs` for a window without time.
    pub(super) fn new(window: &Window) -> Result<WeightedSum, RatingError> {
        window.check()?;
        let (start_ms, end_ms) = (window.start_ms, window.end_ms);
        let mut let_go_ms = window.let_go_ms.clone();
        let_go_ms.sort_unstable();
        let over = window.over_ms.map_or_else(|| duration(start_ms, end_ms), Number::from);
        let first_let_go = let_go_ms.first().copied().unwrap_or(end_ms);
        let held = window.carried_over.multiply(&duration(start_ms, first_let_go));
        Ok(WeightedSum { start_ms, end_ms, let_go_ms, over, held })
    }

    /// # Errors
    /// `OutsideWindow` for a record dated elsewhere.
    #[inline]
    pub(super) fn extend<'r>(&mut self, records: impl Iterator<Item = Measurement<'r>>) -> Result<(), RatingError> {
        for record in records {
            let date_ms = record.date_ms;
            if !(self.start_ms..self.end_ms).contains(&date_ms) {
                return Err(RatingError::OutsideWindow { date_ms });
            }
            let later = self.let_go_ms.partition_point(|instant| *instant <= date_ms);
            let until = self.let_go_ms.get(later).copied().unwrap_or(self.end_ms);
            self.held = self.held.add(&Number::from(record.quantity).multiply(&duration(date_ms, until)));
        }
        Ok(())
    }

    /// The average.
    pub(super) fn quantity(&self) -> Result<Number, RatingError> {
        self.held.divide(&self.over)
    }
}

fn duration(from_ms: i64, to_ms: i64) -> Number {
    Number::from(i128::from(to_ms).saturating_sub(i128::from(from_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::{Aggregation, aggregate};
    use crate::price_error::PriceError;

    const DAY: i64 = 86_400_000;

    fn held(carried_over: &str, changes: &[(i64, &str)]) -> Result<String, RatingError> {
        held_in(&Window::new(0, 31 * DAY, carried_over.parse().unwrap()), changes)
    }

    fn held_in(window: &Window, changes: &[(i64, &str)]) -> Result<String, RatingError> {
        let mut records: Vec<_> = changes
            .iter()
            .map(|&(date_ms, quantity)| Measurement::new(date_ms, None, quantity.parse().unwrap()))
            .collect();
        let quantity = aggregate(Aggregation::WeightedSum, Some(window), records.iter().copied());
        records.reverse();
        assert_eq!(aggregate(Aggregation::WeightedSum, Some(window), records.into_iter()), quantity);
        quantity.map(|number| number.to_text())
    }

    #[test]
    fn a_change_counts_for_the_time_that_it_lasts() {
        let most = "999999999999999.999999999999";
        for (carried_over, changes, quantity) in [
            ("0", &[][..], "0"),
            ("7.5", &[], "7.5"),
            ("0", &[(0, "31")], "31"),
            ("0", &[(1, "1")], "2678399999/2678400000"),
            ("0", &[(31 * DAY - 1, "2678400000")], "1"),
            ("0", &[(15 * DAY, "20"), (16 * DAY, "10")], "470/31"),
            ("10", &[(15 * DAY, "-10")], "150/31"),
            ("10", &[(15 * DAY, "-5"), (15 * DAY, "-5")], "150/31"),
            ("0", &[(0, most)], most),
        ] {
            assert_eq!(held(carried_over, changes).unwrap(), quantity, "{carried_over} {changes:?}");
        }
    }

    #[test]
    fn what_is_let_go_counts_until_then_and_a_period_that_was_moved_counts_for_its_part() {
        // The end and what the time is divided by in days; carried over; let go and changes by day; the average, and
        // what is held at the end.
        for (end, over, carried_over, let_go, changes, quantity, held_at_end) in [
            (1, Some(31), "10", &[][..], &[][..], "10/31", "10"),
            (1, Some(31), "0", &[], &[(0, "10")], "10/31", "10"),
            (31, Some(31), "10", &[], &[], "10", "10"),
            (31, None, "10", &[10], &[], "100/31", "0"),
            (31, None, "10", &[0], &[], "0", "0"),
            (31, None, "10", &[10], &[(20, "4")], "144/31", "4"),
            // At one instant, all is let go before what is dated there counts.
            (31, None, "10", &[10], &[(10, "4"), (10, "-1")], "163/31", "3"),
            (31, None, "0", &[20, 10], &[(5, "3"), (15, "3"), (25, "3")], "48/31", "3"),
            (31, None, "2", &[10, 10], &[(9, "1"), (30, "1")], "22/31", "1"),
            (20, Some(31), "2", &[10], &[(15, "1")], "25/31", "1"),
            (62, Some(31), "10", &[], &[], "20", "10"),
            (62, Some(31), "10", &[40], &[(60, "31")], "462/31", "31"),
        ] {
            let window = Window {
                over_ms: over.map(|days| days * DAY),
                let_go_ms: let_go.iter().map(|day| day * DAY).collect(),
                ..Window::new(0, end * DAY, carried_over.parse().unwrap())
            };
            let changes: Vec<(i64, &str)> = changes.iter().map(|(day, change)| (day * DAY, *change)).collect();
            assert_eq!(held_in(&window, &changes).unwrap(), quantity, "{window:?} {changes:?}");
            let records =
                changes.iter().map(|(date_ms, change)| Measurement::new(*date_ms, None, change.parse().unwrap()));
            assert_eq!(window.held_at_end(records).to_text(), held_at_end, "{window:?} {changes:?}");
        }
    }

    #[test]
    fn time_that_is_not_in_the_period_is_an_error() {
        for date_ms in [-1, 31 * DAY] {
            assert_eq!(held("0", &[(date_ms, "1")]), Err(RatingError::OutsideWindow { date_ms }));
        }
        let empty = Window::new(5, 5, Number::ZERO);
        let error = aggregate(Aggregation::WeightedSum, Some(&empty), std::iter::empty()).unwrap_err();
        assert_eq!(error, RatingError::Inputs(PriceError::EmptyWindow));
        for (over_ms, let_go_ms, refused) in [
            (Some(0), vec![], PriceError::NoTime),
            (Some(-1), vec![], PriceError::NoTime),
            (None, vec![3, 10], PriceError::LetGoOutsideWindow { instant_ms: 10 }),
            (None, vec![-1], PriceError::LetGoOutsideWindow { instant_ms: -1 }),
        ] {
            let window = Window { over_ms, let_go_ms, ..Window::new(0, 10, Number::ZERO) };
            assert_eq!(held_in(&window, &[]), Err(RatingError::Inputs(refused)));
        }
        let error = aggregate(Aggregation::WeightedSum, None, std::iter::empty()).unwrap_err();
        assert_eq!(error, RatingError::MissingWindow);
    }
}
