//! What can go wrong in rating.

use crate::currency::Currency;
use crate::number::Number;
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
    /// A text that is not an amount in exactly the currency's digits.
    #[error("an amount in {currency} is written with exactly {} digits after the point", .currency.minor_digits())]
    UnreadableMoney {
        /// The currency that it was read in.
        currency: Currency,
    },
}
