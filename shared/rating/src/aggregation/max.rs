//! The greatest quantity.
//!
//! 10, 20 and 15 are 20. Elsewhere: peak, maximum usage, capacity.

use super::measurement::Measurement;
use crate::error::RatingError;
use crate::quantity::Quantity;

#[inline]
pub(super) fn extend<'r>(
    greatest: &mut Quantity,
    mut records: impl Iterator<Item = Result<Measurement<'r>, RatingError>>,
) -> Result<(), RatingError> {
    *greatest = records.try_fold(*greatest, |greatest, record| Ok::<_, RatingError>(greatest.max(record?.quantity)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::aggregation::{Aggregation, check};

    #[test]
    fn max_is_the_greatest() {
        check(Aggregation::Max, &[], "0");
        check(Aggregation::Max, &[(1, None, "0")], "0");
        check(Aggregation::Max, &[(1, None, "9.99"), (2, None, "10"), (3, None, "10.0")], "10");
        let most = "999999999999999.999999999999";
        check(Aggregation::Max, &[(1, None, "999999999999999.999999999998"), (1, None, most)], most);
    }
}
