//! All quantities together.
//!
//! 10 and 20 are 30. Elsewhere: sum of usages, add, consumable.

use super::Measurement;
use crate::error::RatingError;
use crate::number::{Number, Scaled};

/// Runs over whole numbers of one scale as long as they fit.
#[inline]
pub(super) fn aggregate<'a>(
    records: impl Iterator<Item = Result<Measurement<'a>, RatingError>>,
) -> Result<Number, RatingError> {
    let mut beyond = Number::ZERO;
    let mut sum = Scaled { mantissa: 0, scale: 0 };
    for record in records {
        let quantity = record?.quantity.scaled();
        sum = match sum.add(quantity) {
            Some(sum) => sum,
            None => {
                beyond = beyond.add(&Number::from_scaled(sum));
                quantity
            }
        };
    }
    Ok(beyond.add(&Number::from_scaled(sum)))
}

#[cfg(test)]
mod tests {
    use crate::aggregation::{Aggregation, check};

    #[test]
    fn a_sum_is_exact() {
        check(Aggregation::Sum, &[], "0");
        check(Aggregation::Sum, &[(1, None, "10"), (2, None, "20")], "30");
        check(Aggregation::Sum, &[(1, None, "0.1"), (2, None, "0.20")], "0.3");
        let most = "999999999999999.999999999999";
        check(Aggregation::Sum, &[(1, None, most); 200], "199999999999999999.9999999998");
    }
}
