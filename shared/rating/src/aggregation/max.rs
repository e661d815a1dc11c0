//! The greatest quantity.
//!
//! 10, 20 and 15 are 20. Elsewhere: peak, maximum usage, capacity.

use super::Measurement;
use crate::error::RatingError;
use crate::number::Number;

pub(super) fn aggregate<'a>(
    mut records: impl Iterator<Item = Result<Measurement<'a>, RatingError>>,
) -> Result<Number, RatingError> {
    records.try_fold(Number::ZERO, |greatest, record| Ok(greatest.max(record?.quantity.into())))
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
