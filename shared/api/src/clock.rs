//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use billing::time::Timestamp;

/// Returns the real time; a binary asks once per invocation and hands the answer down.
///
/// A clock that stands before the earliest instant counts as that instant.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(millis).unwrap_or(Timestamp::MIN)
}
