//! Many usage records to one quantity: the aggregations, one file each.

mod count;
mod held_at_end;
mod last;
mod max;
mod measurement;
mod sum;
mod unique_count;
mod weighted_sum;
mod window;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use held_at_end::HeldAtEnd;
pub use measurement::Measurement;
pub use window::Window;

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
    /// How many records there are, whatever their quantities.
    Count,
    /// How many different unique values the records have.
    UniqueCount,
    /// The quantity that was held, on the average over the period; records say by how much it changed.
    WeightedSum,
}

/// Returns the one quantity that records amount to, exactly; their order changes nothing.
///
/// No record amounts to 0, or to what is carried over. Only `weighted_sum` looks at the window.
///
/// # Errors
/// `NegativeUsage` for a record below zero, whatever the others are, but where quantities are held;
/// `MissingUniqueValue`; `MissingWindow`, `OutsideWindow` and as `Inputs` what `Window::check` refuses, where quantities
/// are held.
///
/// # Examples
/// ```
/// use rating::{Aggregation, Measurement, aggregate};
///
/// let record = |date_ms, quantity: &str| Measurement::new(date_ms, None, quantity.parse().unwrap());
/// let records = [record(1, "10"), record(2, "2.5")];
/// assert_eq!(aggregate(Aggregation::Sum, None, records.into_iter())?.to_text(), "12.5");
/// assert_eq!(aggregate(Aggregation::Last, None, records.into_iter())?.to_text(), "2.5");
/// assert_eq!(aggregate(Aggregation::Max, None, records.into_iter())?.to_text(), "10");
/// assert_eq!(aggregate(Aggregation::Count, None, records.into_iter())?.to_text(), "2");
/// # Ok::<(), rating::RatingError>(())
/// ```
pub fn aggregate<'a>(
    aggregation: Aggregation,
    window: Option<&Window>,
    records: impl Iterator<Item = Measurement<'a>>,
) -> Result<Number, RatingError> {
    // What is only looked at here may stay where it is.
    let mut running = Running::<&'a str>::new(aggregation, window)?;
    running.extend(records)?;
    running.quantity()
}

/// Records on their way to one quantity, for usage that is too much to be kept: what `aggregate` returns, taken one by one.
///
/// It keeps a few numbers, however many records there are; only `unique_count` keeps each value that it has met, once.
///
/// # Examples
/// ```
/// use rating::{Aggregation, Measurement, Total};
///
/// let mut total = Total::new(Aggregation::Sum, None);
/// for quantity in ["10", "2.5"] {
///     total.add(Measurement::new(0, None, quantity.parse().unwrap()));
/// }
/// assert_eq!(total.quantity()?.to_text(), "12.5");
/// # Ok::<(), rating::RatingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Total(Result<Running<Box<str>>, RatingError>);

impl Total {
    /// Returns the total of no record.
    pub fn new(aggregation: Aggregation, window: Option<&Window>) -> Total {
        Total(Running::new(aggregation, window))
    }

    /// Adds a record; the order changes nothing.
    pub fn add(&mut self, record: Measurement) {
        if let Ok(running) = &mut self.0
            && let Err(error) = running.extend(std::iter::once(record))
        {
            self.0 = Err(error);
        }
    }

    /// Returns what the records amount to.
    ///
    /// # Errors
    /// As `aggregate`; the first of several.
    pub fn quantity(&self) -> Result<Number, RatingError> {
        self.0.as_ref().map_err(RatingError::clone)?.quantity()
    }
}

/// An aggregation on its way; `T` is how it keeps what records say in text.
#[derive(Clone, Debug)]
enum Running<T> {
    Sum(sum::Sum),
    Last(Option<last::Last<T>>),
    Max(Quantity),
    Count(u64),
    UniqueCount(HashSet<T>),
    WeightedSum(weighted_sum::WeightedSum),
}

impl<T: Borrow<str> + Eq + Hash> Running<T> {
    #[inline]
    fn new(aggregation: Aggregation, window: Option<&Window>) -> Result<Running<T>, RatingError> {
        Ok(match aggregation {
            Aggregation::Sum => Running::Sum(sum::Sum::new()),
            Aggregation::Last => Running::Last(None),
            Aggregation::Max => Running::Max(Quantity::ZERO),
            Aggregation::Count => Running::Count(0),
            Aggregation::UniqueCount => Running::UniqueCount(HashSet::new()),
            Aggregation::WeightedSum => {
                let window = window.ok_or(RatingError::MissingWindow)?;
                Running::WeightedSum(weighted_sum::WeightedSum::new(window)?)
            }
        })
    }

    #[inline]
    fn extend<'r>(&mut self, records: impl Iterator<Item = Measurement<'r>>) -> Result<(), RatingError>
    where
        T: From<&'r str>,
    {
        match self {
            Running::Sum(sum) => sum.extend(records.map(not_negative)),
            Running::Last(last) => last::Last::extend(last, records.map(not_negative)),
            Running::Max(greatest) => max::extend(greatest, records.map(not_negative)),
            Running::Count(count) => count::extend(count, records.map(not_negative)),
            Running::UniqueCount(seen) => unique_count::extend(seen, records.map(not_negative)),
            Running::WeightedSum(held) => held.extend(records),
        }
    }

    #[inline]
    fn quantity(&self) -> Result<Number, RatingError> {
        match self {
            Running::Sum(sum) => Ok(sum.quantity()),
            Running::Last(last) => Ok(last::Last::quantity(last.as_ref()).into()),
            Running::Max(greatest) => Ok((*greatest).into()),
            Running::Count(count) => Ok((*count).into()),
            Running::UniqueCount(seen) => Ok(unique_count::quantity(seen)),
            Running::WeightedSum(held) => held.quantity(),
        }
    }
}

#[inline]
fn not_negative(record: Measurement) -> Result<Measurement, RatingError> {
    if record.quantity.is_negative() {
        return Err(RatingError::NegativeUsage { quantity: record.quantity.into() });
    }
    Ok(record)
}

/// The one caller of the case tables: in the order given and the other way round.
#[cfg(test)]
fn check(aggregation: Aggregation, records: &[(i64, Option<&str>, &str)], expected: &str) {
    let mut records: Vec<Measurement> = records
        .iter()
        .map(|&(date_ms, id, quantity)| Measurement::new(date_ms, id, quantity.parse().unwrap()))
        .collect();
    assert_eq!(aggregate(aggregation, None, records.iter().copied()).unwrap().to_text(), expected);
    records.reverse();
    assert_eq!(aggregate(aggregation, None, records.into_iter()).unwrap().to_text(), expected);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_record_is_an_error_even_where_the_others_outweigh_it() {
        use Aggregation::{Count, Last, Max, Sum, UniqueCount};
        for aggregation in [Sum, Last, Max, Count, UniqueCount] {
            let records = [("-1", 1), ("5", 2)].map(|(quantity, date_ms)| Measurement {
                unique_value: Some("a"),
                ..Measurement::new(date_ms, None, quantity.parse().unwrap())
            });
            let error = aggregate(aggregation, None, records.into_iter()).unwrap_err();
            assert_eq!(error, RatingError::NegativeUsage { quantity: (-1).into() });
        }
    }

    #[test]
    fn the_words_of_the_aggregations_stay() {
        let words = r#"["sum","last","max","count","unique_count","weighted_sum"]"#;
        let read: Vec<Aggregation> = serde_json::from_str(words).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), words);
    }
}
