//! The latest quantity.
//!
//! 10 on Monday and 20 on Tuesday are 20, whichever arrived first. At one instant the greatest id wins, and any id comes
//! after none. Elsewhere: latest, last usage, gauge.

use super::Measurement;
use crate::error::RatingError;
use crate::number::Number;

pub(super) fn aggregate<'a>(
    records: impl Iterator<Item = Result<Measurement<'a>, RatingError>>,
) -> Result<Number, RatingError> {
    let records: Vec<Measurement> = records.collect::<Result<_, _>>()?;
    // The quantity decides between records that should not both exist, so that order still changes nothing.
    let last = records.into_iter().max_by_key(|record| (record.date_ms, record.id, record.quantity));
    Ok(last.map_or(Number::ZERO, |record| record.quantity.into()))
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
