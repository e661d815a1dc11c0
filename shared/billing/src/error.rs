//! What can go wrong in a billing decision.

use rating::RatingError;

use crate::id::ItemPriceId;
use crate::time::TimeError;

/// A decision that could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// An amount has no exact or representable result.
    #[error("item price {item_price_id} could not be rated")]
    Rating {
        /// The price that was rated.
        item_price_id: ItemPriceId,
        /// Why rating refused.
        #[source]
        source: RatingError,
    },
    /// The lines of an invoice do not add up to a representable total.
    #[error("the invoice total is not representable")]
    Total(#[source] RatingError),
    /// A date leaves the range of representable instants.
    #[error("a billing period is out of range")]
    Time(#[from] TimeError),
    /// A price version that the decision needs was not supplied.
    #[error("version {version} of item price {item_price_id} is missing")]
    MissingPrice {
        /// The price.
        item_price_id: ItemPriceId,
        /// Its version.
        version: u32,
    },
}

/// Errors of an adapter, as far as a caller may branch on them: worth another attempt, or not.
pub trait Failure: std::error::Error + 'static {
    /// Whether the same call may succeed a moment later (a throttle, a conflict, a time-out).
    fn is_temporary(&self) -> bool;
}

/// What never fails is not worth another attempt.
impl Failure for std::convert::Infallible {
    fn is_temporary(&self) -> bool {
        false
    }
}
