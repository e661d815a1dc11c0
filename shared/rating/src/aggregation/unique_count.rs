//! How many different unique values the records have.
//!
//! Two records of one user are 1. Values are compared to the letter. Elsewhere: distinct count, unique, active users.

use std::collections::HashSet;
use std::hash::Hash;

use super::measurement::Measurement;
use crate::error::RatingError;
use crate::number::Number;

#[inline]
pub(super) fn extend<'r, T: Eq + Hash + From<&'r str>>(
    seen: &mut HashSet<T>,
    records: impl Iterator<Item = Result<Measurement<'r>, RatingError>>,
) -> Result<(), RatingError> {
    for record in records {
        let record = record?;
        let missing = RatingError::MissingUniqueValue { date_ms: record.date_ms };
        seen.insert(record.unique_value.ok_or(missing)?.into());
    }
    Ok(())
}

pub(super) fn quantity<T>(seen: &HashSet<T>) -> Number {
    u64::try_from(seen.len()).unwrap_or(u64::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::{Aggregation, aggregate};
    use crate::quantity::Quantity;

    fn counted(values: &[Option<&str>]) -> Result<String, RatingError> {
        let records = values.iter().zip(0..).map(|(&unique_value, date_ms)| Measurement {
            unique_value,
            ..Measurement::new(date_ms, None, Quantity::ZERO)
        });
        aggregate(Aggregation::UniqueCount, None, records).map(|number| number.to_text())
    }

    #[test]
    fn a_value_counts_once() {
        for (values, count) in [
            (&[][..], "0"),
            (&["a"], "1"),
            (&["a", "a"], "1"),
            (&["a", "A", "a ", ""], "4"),
            (&["a", "b", "a", "c", "b"], "3"),
        ] {
            let values: Vec<_> = values.iter().copied().map(Some).collect();
            assert_eq!(counted(&values).unwrap(), count, "{values:?}");
        }
        let many: Vec<String> = (0..10_000).map(|user| (user % 5_000).to_string()).collect();
        let many: Vec<_> = many.iter().map(|user| Some(user.as_str())).collect();
        assert_eq!(counted(&many).unwrap(), "5000");
        assert_eq!(counted(&[Some("a"), None]), Err(RatingError::MissingUniqueValue { date_ms: 1 }));
    }
}
