//! How many records there are.
//!
//! Two records of 10 and 20 are 2. Elsewhere: count of events, number of calls.

use super::measurement::Measurement;
use crate::error::RatingError;

#[inline]
pub(super) fn extend<'r>(
    count: &mut u64,
    mut records: impl Iterator<Item = Result<Measurement<'r>, RatingError>>,
) -> Result<(), RatingError> {
    *count = records.try_fold(*count, |count, record| record.map(|_| count.saturating_add(1)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::aggregation::{Aggregation, check};

    #[test]
    fn every_record_counts_once_whatever_its_quantity() {
        check(Aggregation::Count, &[], "0");
        check(Aggregation::Count, &[(1, None, "0")], "1");
        check(Aggregation::Count, &[(1, None, "10"), (1, None, "10")], "2");
        check(Aggregation::Count, &[(1, None, "999999999999999.999999999999"); 200], "200");
    }
}
