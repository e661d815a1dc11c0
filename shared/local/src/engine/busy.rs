//! The processor time that the engines take, for benchmarks: it is what DynamoDB and SQS do elsewhere on AWS.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

/// How often an operation was called, and the processor time of all calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Busy {
    /// Calls.
    pub calls: u64,
    /// Processor time.
    pub time: Duration,
}

impl Busy {
    pub(super) fn add(&mut self, spent: Duration) {
        self.calls += 1;
        self.time += spent;
    }
}

/// Returns what the work yields, and the processor time that it took: that of its own steps, whatever runs in between.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut spent = Duration::ZERO;
    let done = poll_fn(|context| {
        let begun = thread_time();
        let step = work.as_mut().poll(context);
        spent += thread_time().saturating_sub(begun);
        step
    });
    let done = done.await;
    (done, spent)
}

/// Returns the processor time that the current thread has used so far.
#[cfg(unix)]
pub fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec));
    Duration::new(seconds, nanos.unwrap_or_default())
}

/// Returns nothing: what a thread has used is only known on Unix.
#[cfg(not(unix))]
pub fn thread_time() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_runs_between_the_steps_of_a_future_is_not_its_own_time() {
        let spin = |time: Duration| {
            let begun = thread_time();
            while thread_time() - begun < time {}
        };

        let work = timed(async {
            spin(Duration::from_millis(2));
            tokio::task::yield_now().await;
        });
        let other = async { spin(Duration::from_millis(50)) };
        let (((), spent), ()) = tokio::join!(work, other);

        assert!(Duration::from_millis(2) <= spent && spent < Duration::from_millis(50), "{spent:?}");
    }
}
