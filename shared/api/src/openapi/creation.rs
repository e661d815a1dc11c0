//! How the creation of something is described.

use super::operation::Operation;

/// What is said of creating: the same of every kind of document.
pub const CREATED_ONCE: &str = "The same request again is answered with what the first one made (200), also after changes; \
    another content under the same id is a conflict. Where the system makes the id, `Idempotency-Key` tells one request \
    from another.";

const KEY: &str = "Where the id is left out: 1 to 100 printable characters that stand for this request.";

/// Returns the operation with the header that tells one creation from another where the system makes the id.
#[must_use]
pub fn idempotent(operation: Operation) -> Operation {
    operation.header::<String>("Idempotency-Key", KEY)
}
