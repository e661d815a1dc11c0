//! The latest quantity.
//!
//! 10 on Monday and 20 on Tuesday are 20, whichever arrived first. At one instant the greatest id wins, and any id comes
//! after none. Elsewhere: latest, last usage, gauge.

use std::borrow::Borrow;

use super::measurement::Measurement;
use crate::error::RatingError;
use crate::quantity::Quantity;

/// The latest of the records so far.
#[derive(Clone, Debug)]
pub(super) struct Last<T> {
    date_ms: i64,
    id: Option<T>,
    quantity: Quantity,
}

impl<T: Borrow<str>> Last<T> {
    #[inline]
    pub(super) fn extend<'r>(
        last: &mut Option<Last<T>>,
        records: impl Iterator<Item = Result<Measurement<'r>, RatingError>>,
    ) -> Result<(), RatingError>
    where
        T: From<&'r str>,
    {
        for record in records {
            let record = record?;
            if last.as_ref().is_none_or(|last| last.is_before(&record)) {
                let id = record.id.map(T::from);
                *last = Some(Last { date_ms: record.date_ms, id, quantity: record.quantity });
            }
        }
        Ok(())
    }

    pub(super) fn quantity(last: Option<&Last<T>>) -> Quantity {
        last.map_or(Quantity::ZERO, |last| last.quantity)
    }

    /// The quantity decides between records that should not both exist, so that order still changes nothing.
    fn is_before(&self, record: &Measurement) -> bool {
        let id = self.id.as_ref().map(T::borrow);
        (self.date_ms, id, self.quantity) < (record.date_ms, record.id, record.quantity)
    }
}

#[cfg(test)]
mod tests {
    use crate::aggregation::{Aggregation, check};

    #[test]
    fn last_goes_by_date_and_then_by_id() {
        check(Aggregation::Last, &[], "0");
        check(Aggregation::Last, &[(1, None, "9"), (2, None, "0")], "0");
        check(Aggregation::Last, &[(1, None, "9"), (2, None, "5.50")], "5.5");
        check(Aggregation::Last, &[(-5, None, "9"), (-6, Some("z"), "5")], "9");
        check(Aggregation::Last, &[(2, None, "9"), (2, Some("a"), "5")], "5");
        check(Aggregation::Last, &[(2, Some("b"), "9"), (2, Some("a"), "10")], "9");
        check(Aggregation::Last, &[(1, None, "999999999999999.999999999999")], "999999999999999.999999999999");
    }
}
