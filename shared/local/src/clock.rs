//! What time it is for the functions.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use billing::time::Timestamp;

/// The real time, or a fixed one that a test sets.
#[derive(Debug, Default)]
pub struct Clock {
    fixed: Mutex<Option<Timestamp>>,
}

impl Clock {
    /// Returns the time that an invocation starting now gets.
    pub fn now(&self) -> Timestamp {
        self.fixed.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(real_time)
    }

    /// Stops the clock at `now`, which may also lie before the time it showed.
    pub fn set(&self, now: Timestamp) {
        *self.fixed.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

fn real_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A computer whose clock stands before 2000 is at the earliest instant there is.
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or_default()).unwrap_or(Timestamp::MIN)
}
