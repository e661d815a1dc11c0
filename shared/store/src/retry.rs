//! Another attempt after a conflict or a throttle, with growing, jittered waits.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::StoreError;

/// How often one step is attempted before the caller is told to come back later.
const ATTEMPTS: u32 = 12;

/// How long after the first failure a step is attempted once more: where every call takes its whole time to fail, so many
/// attempts would outlive the invocation, and nobody would be told anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Counts attempts and waits between them.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: u32,
    since: Option<Instant>,
}

impl Attempts {
    /// Whether an attempt has failed.
    pub(crate) fn any(&self) -> bool {
        self.failed > 0
    }

    /// Waits before another attempt.
    ///
    /// # Errors
    /// `Contended` after the last one, and once they have taken too long.
    pub async fn again(&mut self) -> Result<(), StoreError> {
        self.failed += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.failed >= ATTEMPTS || since.elapsed() > PATIENCE {
            return Err(StoreError::Contended);
        }
        // Full jitter: whoever collided spreads out over the whole interval, up to 10 ms, 20 ms ... 160 ms. Never no wait
        // at all: that would be the collision once more, and in the simulation an order that no seed decides.
        let longest = 5_u64 << self.failed.min(5);
        tokio::time::sleep(Duration::from_millis(1 + jitter() % longest)).await;
        Ok(())
    }

    /// The same after a failed call: only what is temporary is worth another attempt.
    ///
    /// # Errors
    /// The failure itself, where it is not temporary or after the last attempt.
    pub async fn after(&mut self, error: StoreError) -> Result<(), StoreError> {
        match error {
            StoreError::Busy { .. } => self.again().await.map_err(|_| error),
            other => Err(other),
        }
    }
}

/// A number that differs from caller to caller; its quality does not matter.
fn jitter() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}
