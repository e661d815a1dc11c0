//! What the store can fail with; refusals by a condition are outcomes, not errors.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use billing::error::Failure;
use billing::time::TimeError;

/// A call of the store that has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB throttled, conflicted, timed out or could not be reached: the same call may succeed a moment later.
    #[error("the table is busy or out of reach ({code})")]
    Busy {
        /// DynamoDB's code, or the kind of the transport's failure.
        code: String,
    },
    /// DynamoDB refused the call as wrong.
    #[error("the table refused a call ({code})")]
    Refused {
        /// DynamoDB's code.
        code: String,
    },
    /// Others kept changing the same item through every attempt.
    #[error("others keep changing the same item")]
    Contended,
    /// A stored item does not read as what it should be.
    #[error("a stored {what} is unreadable")]
    Corrupt {
        /// The kind of item.
        what: &'static str,
    },
    /// A stored item was written by a later version, in a form that this one must not guess.
    #[error(
        "a stored {what} was written by a later version of the system (form {form}), which has to be deployed again"
    )]
    TooNew {
        /// The kind of item.
        what: &'static str,
        /// Its form.
        form: u32,
    },
    /// Something that another item names does not exist.
    #[error("a {what} that is referred to does not exist")]
    Missing {
        /// The kind of item.
        what: &'static str,
    },
    /// A cursor that this store never handed out.
    #[error("the cursor is not one that a list gave")]
    Cursor,
    /// A billing period leaves the range of instants.
    #[error("a billing period is out of range")]
    Time(#[from] TimeError),
}

impl Failure for StoreError {
    fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Busy { .. } | StoreError::Contended)
    }
}

impl StoreError {
    /// The same error once more, for another record that failed with it.
    pub(crate) fn repeated(&self) -> StoreError {
        match self {
            StoreError::Busy { code } => StoreError::Busy { code: code.clone() },
            StoreError::Refused { code } => StoreError::Refused { code: code.clone() },
            StoreError::Contended => StoreError::Contended,
            StoreError::Corrupt { what } => StoreError::Corrupt { what },
            StoreError::TooNew { what, form } => StoreError::TooNew { what, form: *form },
            StoreError::Missing { what } => StoreError::Missing { what },
            StoreError::Cursor => StoreError::Cursor,
            StoreError::Time(error) => StoreError::Time(error.clone()),
        }
    }
}

/// Turns what the SDK says into ours; the SDK's own error is not kept, since it holds items.
pub(crate) fn sdk_error<E: ProvideErrorMetadata>(error: SdkError<E>) -> StoreError {
    let code = match &error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown").to_owned(),
        SdkError::TimeoutError(_) => return StoreError::Busy { code: "timeout".into() },
        SdkError::DispatchFailure(_) => return StoreError::Busy { code: "connection".into() },
        SdkError::ResponseError(_) => return StoreError::Busy { code: "response".into() },
        _ => return StoreError::Refused { code: "request".into() },
    };
    if is_temporary(&code) || matches!(&error, SdkError::ServiceError(e) if e.raw().status().is_server_error()) {
        StoreError::Busy { code }
    } else {
        StoreError::Refused { code }
    }
}

/// Whether DynamoDB's code says that the same call may succeed a moment later.
pub(crate) fn is_temporary(code: &str) -> bool {
    const TEMPORARY: [&str; 9] = [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "TransactionConflict",
        "ThrottlingError",
    ];
    TEMPORARY.contains(&code)
}
