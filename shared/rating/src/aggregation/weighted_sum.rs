//! The quantity that was held, on the average over the period.
//!
//! Records say by how much it changed, up or down: 20 from the 16th and 10 more from the 17th of March are 20 for one day
//! and 30 for fifteen, over 31 days: 470/31. What was held when the period began counts from its start. Elsewhere:
//! time-weighted sum, gigabyte-hours, prorated seats.

use super::{Measurement, Window};
use crate::error::RatingError;
use crate::number::Number;

/// # Errors
/// `OutsideWindow` for a record dated elsewhere; `Inputs` for a window without time.
pub(super) fn aggregate(window: &Window, records: Vec<Measurement>) -> Result<Number, RatingError> {
    window.check()?;
    let duration = |from: i64, to: i64| Number::from(i128::from(to).saturating_sub(i128::from(from)));
    // Each change counts from its date to the end: the same as adding up levels, without the order mattering.
    let length = duration(window.start_ms, window.end_ms);
    let mut held = window.carried_over.multiply(&length);
    for record in records {
        let date_ms = record.date_ms;
        if date_ms < window.start_ms || date_ms >= window.end_ms {
            return Err(RatingError::OutsideWindow { date_ms });
        }
        held = held.add(&Number::from(record.quantity).multiply(&duration(date_ms, window.end_ms)));
    }
    held.divide(&length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::{Aggregation, aggregate};
    use crate::price::PriceError;

    const DAY: i64 = 86_400_000;

    fn held(carried_over: &str, changes: &[(i64, &str)]) -> Result<String, RatingError> {
        let window = Window { start_ms: 0, end_ms: 31 * DAY, carried_over: carried_over.parse().unwrap() };
        let mut records: Vec<_> = changes
            .iter()
            .map(|&(date_ms, quantity)| Measurement::new(date_ms, None, quantity.parse().unwrap()))
            .collect();
        let quantity = aggregate(Aggregation::WeightedSum, Some(&window), records.iter().copied());
        records.reverse();
        assert_eq!(aggregate(Aggregation::WeightedSum, Some(&window), records.into_iter()), quantity);
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
    fn time_that_is_not_in_the_period_is_an_error() {
        for date_ms in [-1, 31 * DAY] {
            assert_eq!(held("0", &[(date_ms, "1")]), Err(RatingError::OutsideWindow { date_ms }));
        }
        let empty = Window { start_ms: 5, end_ms: 5, carried_over: Number::ZERO };
        let error = aggregate(Aggregation::WeightedSum, Some(&empty), std::iter::empty()).unwrap_err();
        assert_eq!(error, RatingError::Inputs(PriceError::EmptyWindow));
        let error = aggregate(Aggregation::WeightedSum, None, std::iter::empty()).unwrap_err();
        assert_eq!(error, RatingError::MissingWindow);
    }
}
