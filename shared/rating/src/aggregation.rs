//! Many usage records to one quantity.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::RatingError;
use crate::number::Number;
use crate::quantity::Quantity;

/// How the records of a period become one quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// All quantities together.
    #[default]
    Sum,
    /// The latest quantity; at one instant the one with the greatest id, and any id comes after none.
    Last,
    /// The greatest quantity.
    Max,
}

/// What rating needs to know of a usage record.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    /// When it was used, in milliseconds since 1970 in UTC.
    pub date_ms: i64,
    /// What tells it from others at the same instant.
    pub id: Option<&'a str>,
    /// How much was used; not negative.
    pub quantity: Quantity,
}

/// Returns the one quantity that records amount to, exactly; their order changes nothing, and none amount to 0.
///
/// # Errors
/// `NegativeUsage` for a record below zero, whatever the others are.
///
/// # Examples
/// ```
/// use rating::{Aggregation, Measurement, aggregate};
///
/// let record = |date_ms, quantity: &str| Measurement { date_ms, id: None, quantity: quantity.parse().unwrap() };
/// let records = [record(1, "10"), record(2, "2.5")];
/// assert_eq!(aggregate(Aggregation::Sum, records.into_iter())?.to_text(), "12.5");
/// assert_eq!(aggregate(Aggregation::Last, records.into_iter())?.to_text(), "2.5");
/// assert_eq!(aggregate(Aggregation::Max, records.into_iter())?.to_text(), "10");
/// # Ok::<(), rating::RatingError>(())
/// ```
pub fn aggregate<'a>(
    aggregation: Aggregation,
    records: impl Iterator<Item = Measurement<'a>>,
) -> Result<Number, RatingError> {
    let mut records = records.map(not_negative);
    match aggregation {
        Aggregation::Sum => records.try_fold(Number::ZERO, |sum, record| Ok(sum.add(&record?.quantity.into()))),
        Aggregation::Last => {
            let records: Vec<Measurement> = records.collect::<Result<_, _>>()?;
            // The quantity decides between records that should not both exist, so that order still changes nothing.
            let last = records.into_iter().max_by_key(|record| (record.date_ms, record.id, record.quantity));
            Ok(last.map_or(Number::ZERO, |record| record.quantity.into()))
        }
        Aggregation::Max => {
            records.try_fold(Number::ZERO, |greatest, record| Ok(greatest.max(record?.quantity.into())))
        }
    }
}

fn not_negative(record: Measurement) -> Result<Measurement, RatingError> {
    if record.quantity.is_negative() {
        return Err(RatingError::NegativeUsage { quantity: record.quantity.into() });
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(aggregation: Aggregation, records: &[(i64, Option<&str>, &str)], expected: &str) {
        let mut records: Vec<Measurement> = records
            .iter()
            .map(|&(date_ms, id, quantity)| Measurement { date_ms, id, quantity: quantity.parse().unwrap() })
            .collect();
        assert_eq!(aggregate(aggregation, records.iter().copied()).unwrap().to_text(), expected);
        records.reverse();
        assert_eq!(aggregate(aggregation, records.into_iter()).unwrap().to_text(), expected);
    }

    #[test]
    fn sum_is_exact() {
        check(Aggregation::Sum, &[], "0");
        check(Aggregation::Sum, &[(1, None, "0.1"), (2, None, "0.20")], "0.3");
        let most = "999999999999999.999999999999";
        check(Aggregation::Sum, &[(1, None, most); 200], "199999999999999999.9999999998");
    }

    #[test]
    fn last_goes_by_date_and_then_by_id() {
        check(Aggregation::Last, &[], "0");
        check(Aggregation::Last, &[(1, None, "9"), (2, None, "5.50")], "5.5");
        check(Aggregation::Last, &[(-5, None, "9"), (-6, Some("z"), "5")], "9");
        check(Aggregation::Last, &[(2, None, "9"), (2, Some("a"), "5")], "5");
        check(Aggregation::Last, &[(2, Some("b"), "9"), (2, Some("a"), "10")], "9");
    }

    #[test]
    fn max_is_the_greatest() {
        check(Aggregation::Max, &[], "0");
        check(Aggregation::Max, &[(1, None, "9.99"), (2, None, "10"), (3, None, "10.0")], "10");
    }

    #[test]
    fn a_negative_record_is_an_error_even_where_the_others_outweigh_it() {
        for aggregation in [Aggregation::Sum, Aggregation::Last, Aggregation::Max] {
            let records = [("-1", 1), ("5", 2)].map(|(quantity, date_ms)| Measurement {
                date_ms,
                id: None,
                quantity: quantity.parse().unwrap(),
            });
            let error = aggregate(aggregation, records.into_iter()).unwrap_err();
            assert_eq!(error, RatingError::NegativeUsage { quantity: (-1).into() });
        }
    }
}
