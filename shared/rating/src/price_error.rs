//! What can be wrong with a price, or with another input of a charge.

use crate::tier::MOST_TIERS;

/// Why numbers do not make a price, or another input of a charge.
///
/// The messages may be shown to an API caller. One that is about a field begins with its path, in backticks; a field that
/// is missing is told in the words of serde.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A number that the model cannot do without.
    #[error("missing field `{field}`")]
    Missing {
        /// Where it would stand.
        field: &'static str,
    },
    /// A number that has no place there.
    #[error("unknown field `{field}`")]
    Unknown {
        /// Where it stands.
        field: &'static str,
    },
    /// A price in tiers has none.
    #[error("`tiers` has at least one entry")]
    NoTiers,
    /// More tiers than a price may have.
    #[error("`tiers` has at most {MOST_TIERS} entries, not {count}")]
    TooManyTiers {
        /// How many there are.
        count: usize,
    },
    /// A tier without an upper bound comes before another one.
    #[error("`tiers[{index}].up_to` is left open, and only the last tier's may be")]
    OpenTierNotLast {
        /// The open tier, counted from 0.
        index: usize,
    },
    /// A tier ends where or before the one before it ends.
    #[error("`tiers[{index}].up_to` is greater than the tier's before it")]
    NotAscending {
        /// The tier, counted from 0.
        index: usize,
    },
    /// An upper bound or a package size of zero or less.
    #[error("`{field}` is greater than 0")]
    NotPositive {
        /// Where it stands.
        field: String,
    },
    /// A price below zero.
    #[error("`{field}` is not negative")]
    NegativeAmount {
        /// Where it stands.
        field: String,
    },
    /// A share of more than everything.
    #[error("`{field}` is at most 100")]
    BeyondHundred {
        /// Where it stands.
        field: String,
    },
    /// More of something than there may be.
    #[error("`{field}` has at most {most} entries")]
    TooMany {
        /// Where they stand.
        field: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Free units that are to be taken off what is already reduced.
    #[error("`discounts[{index}]` takes off units, and stands before those that take off money")]
    FreeUnitsNotFirst {
        /// The discount, counted from 0.
        index: usize,
    },
    /// A part of a period that is not in it, or a period of nothing.
    #[error("a prorated period is longer than 0, and used for at most its length")]
    NotPartOfPeriod,
    /// A period that is not whole months of 30 days.
    #[error("a period of {period} days is not whole months of 30 days")]
    NotThirtyDayMonths {
        /// The days.
        period: u64,
    },
    /// A period over which quantities are held ends where or before it starts.
    #[error("a window ends after it starts")]
    EmptyWindow,
    /// Held time is divided by none.
    #[error("a window's over_ms is more than 0")]
    NoTime,
    /// All that is held is let go at an instant that is not in the window.
    #[error("what is held is let go within the window, and not at {instant_ms} ms")]
    LetGoOutsideWindow {
        /// The instant, in milliseconds since 1970 in UTC.
        instant_ms: i64,
    },
    /// A number that the model would have to ignore.
    #[error("`{field}` has no meaning in a {model} price")]
    NotInModel {
        /// Where it stands.
        field: String,
        /// The model.
        model: &'static str,
    },
}
