//! What can go wrong in rating.

use crate::currency::Currency;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::quantity::Quantity;

/// Why there is no amount; it names the inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The last tier is closed and the quantity lies beyond it.
    #[error("a quantity of {quantity} lies beyond the last tier, which ends at {last_up_to}")]
    BeyondLastTier {
        /// The quantity that was priced.
        quantity: Number,
        /// The bound of the last tier, inclusive.
        last_up_to: Quantity,
    },
    /// More minor units than money holds.
    #[error("{value} {currency} is too large an amount")]
    Overflow {
        /// The amount, in major units.
        value: Number,
        /// Its currency.
        currency: Currency,
    },
    /// A quotient by zero.
    #[error("{dividend} cannot be divided by zero")]
    DivisionByZero {
        /// What was to be divided.
        dividend: Number,
    },
    /// Two currencies in one sum.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// A quantity below zero where only zero or more has a price.
    #[error("a usage of {quantity} is negative")]
    NegativeUsage {
        /// The quantity.
        quantity: Number,
    },
    /// An included quantity below zero, which would bill what was never used.
    #[error("an included quantity of {included} is negative")]
    NegativeIncluded {
        /// The included quantity.
        included: Number,
    },
    /// A record without the value that is to be counted once.
    #[error("the record at {date_ms} ms has no unique_value to be counted")]
    MissingUniqueValue {
        /// When it was used, in milliseconds since 1970 in UTC.
        date_ms: i64,
    },
    /// A record, or a quantity without records, that does not say what it costs.
    #[error("a usage of {quantity} does not say its amount, which is what is charged")]
    MissingAmount {
        /// The quantity.
        quantity: Number,
    },
    /// A record that says an amount below zero.
    #[error("an amount of {amount} is negative")]
    NegativeAmount {
        /// The amount.
        amount: Number,
    },
    /// Quantities are held over a period that was not said.
    #[error("a weighted sum needs the period over which quantities are held")]
    MissingWindow,
    /// A record that is dated outside of the period over which quantities are held.
    #[error("the record at {date_ms} ms lies outside of the period over which quantities are held")]
    OutsideWindow {
        /// When it was used, in milliseconds since 1970 in UTC.
        date_ms: i64,
    },
    /// A record that came after one that it belongs before, or came twice.
    #[error("the record at {date_ms} ms came out of order")]
    OutOfOrder {
        /// When it was used, in milliseconds since 1970 in UTC.
        date_ms: i64,
    },
    /// A price of which a part cannot be charged on its own after another.
    #[error("what is charged by a {model} price cannot be charged in parts")]
    NotInParts {
        /// The model.
        model: &'static str,
    },
    /// Inputs that contradict the price or each other.
    #[error(transparent)]
    Inputs(#[from] PriceError),
    /// A text that is not an amount in exactly the currency's digits.
    #[error("an amount in {currency} is written with exactly {} digits after the point", .currency.minor_digits())]
    UnreadableMoney {
        /// The currency that it was read in.
        currency: Currency,
    },
}
