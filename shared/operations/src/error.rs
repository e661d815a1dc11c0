//! Failures of operations, and the refusal that a caller gets for each.

use billing::error::{BillingError, Failure};
use billing::refusal::{Kind, Refusal};
use billing::time::TimeError;
use invoice_queue::QueueError;
use store::StoreError;

/// Why an operation could not be carried out; what a caller may not do is a [`Refusal`] instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A decision could not be taken, such as an amount that a price does not have.
    #[error(transparent)]
    Billing(#[from] BillingError),
    /// A document would not fit into an item of the table.
    #[error("the {what} is too large to be kept")]
    TooLarge {
        /// The kind of document.
        what: &'static str,
    },
    /// Others kept changing the same thing through every attempt.
    #[error("others are changing the same thing")]
    Contended,
    /// The operating system has no random bytes for a new name.
    #[error("there are no random bytes for a new name")]
    NoRandomness,
}

impl From<TimeError> for Error {
    fn from(error: TimeError) -> Error {
        Error::Billing(BillingError::Time(error))
    }
}

impl Failure for Error {
    fn is_temporary(&self) -> bool {
        match self {
            Error::Store(error) => error.is_temporary(),
            Error::Queue(error) => error.is_temporary(),
            Error::Contended => true,
            Error::Billing(_) | Error::TooLarge { .. } | Error::NoRandomness => false,
        }
    }
}

/// Turns a failure into the refusal for the caller, who learns only whether to try again, or that the cursor is wrong.
///
/// A failure is logged here, once, by its own message: the debug form of an SDK error holds stored items, and what is behind
/// a failed rating names quantities.
impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error {
            Error::Store(StoreError::Cursor) => {
                return Refusal::unreadable("cursor", StoreError::Cursor.to_string());
            }
            Error::Contended => {
                return Refusal::new(Kind::Unavailable, "others are changing the same thing; try again");
            }
            _ => {}
        }
        let temporary = error.is_temporary();
        tracing::error!(temporary, error = error.to_string(), "an adapter failed");
        match error {
            Error::NoRandomness => Refusal::new(Kind::Internal, "the server could not make a name; try again"),
            Error::Store(StoreError::TooNew { .. }) => {
                let detail = "a later version of the system wrote this; it can be used again once that one is deployed";
                Refusal::new(Kind::Unavailable, detail)
            }
            _ if temporary => {
                Refusal::new(Kind::Unavailable, "the storage is busy; the same request may be sent again")
            }
            _ => Refusal::new(Kind::Internal, "the server failed; the request id names the entry in its log"),
        }
    }
}

/// Returns the refusal for a failed call of the table or the queue.
pub(crate) fn failed(error: impl Into<Error>) -> Refusal {
    error.into().into()
}

/// Returns the refusal where usage cannot be rated, such as a quantity beyond a closed last tier. It has the reason, since
/// the caller may change the usage.
pub(crate) fn unrated(error: Error) -> Refusal {
    match error {
        Error::Billing(error) => Refusal::new(Kind::Invalid, unrated_reason(&error)),
        error => error.into(),
    }
}

/// Why something cannot be rated, with its cause.
pub(crate) fn unrated_reason(error: &BillingError) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    format!("{error}{cause}")
}
