//! The tick: whatever is due goes to the invoice queue, one message for each subscription.
//!
//! It decides nothing and remembers nothing: a doubled, missed or late tick changes nothing, since what is due stays
//! due until the worker has done it.
//!
//! What is due is read and sent part by part, for as long as the function may run; the rest stays due. Where much is due
//! while the queue still holds many messages, nothing is sent: most of it was sent by the run before, and each run would
//! send all of it once more. The queue is worked off first, and the next run sends what is left.

use std::time::Duration;

use api::metrics::Metric;
use billing::time::Timestamp;
use invoice_queue::{DueMessage, InvoiceQueue, QueueError};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use store::{Due, Store, StoreError};
use tokio::time::Instant;

/// How long a run reads and sends. A call that is on its way then takes eight seconds at most, and the function has a
/// minute.
const RUNNING: Duration = Duration::from_secs(40);

/// More than this due is much, and so many messages in the queue are many.
const MANY: usize = 100;

/// So many messages are sent, at once, between two looks at the time.
const ROUND: usize = 80;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct Deps {
    store: Store,
    queue: InvoiceQueue,
    running: Duration,
}

impl Deps {
    /// The function over a store and a queue.
    pub fn new(store: Store, queue: InvoiceQueue) -> Deps {
        Deps { store, queue, running: RUNNING }
    }

    /// The same with another time for a run.
    pub fn running(self, running: Duration) -> Deps {
        Deps { running, ..self }
    }
}

/// Why a tick failed; the next one tries again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The due index could not be read.
    #[error("what is due could not be read")]
    Due(#[from] StoreError),
    /// The queue did not take everything.
    #[error("what is due could not be sent")]
    Send(#[from] QueueError),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Diagnostic {
        let error_type = match &error {
            Error::Due(_) => "due_unreadable",
            Error::Send(_) => "due_not_sent",
        };
        Diagnostic { error_type: error_type.into(), error_message: error.to_string() }
    }
}

/// Sends one message for each subscription with something due at `now`, and says how many are due, as far as it read,
/// and how many of those it left unsent, where it left any.
///
/// The event's content does not matter: the schedule only says that it is time.
///
/// # Errors
/// `Due` and `Send`, once all that could be read and sent was: what was not sent stays due.
pub async fn handle(deps: &Deps, now: Timestamp, _event: Value) -> Result<Value, Error> {
    let Run { due, messages, unfinished, failure } = run(deps, now).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    api::metrics::add(Metric::DueSubscriptions, u64::try_from(due).unwrap_or(u64::MAX));
    let unsent = messages.len();
    if let Some(reason) = unfinished {
        tracing::warn!(due, unsent, reason, "not all that is due was sent");
        api::metrics::add(Metric::UnfinishedRuns, 1);
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if unfinished.is_some() {
        return Ok(json!({ "due": due, "unsent": unsent }));
    }
    tracing::info!(due, "sent what is due");
    Ok(json!({ "due": due }))
}

/// What a run did.
#[derive(Debug, Default)]
struct Run {
    /// Subscriptions that it found due.
    due: usize,
    /// Those of them that it did not send yet.
    messages: Vec<DueMessage>,
    /// Why it ended before all was read and sent.
    unfinished: Option<&'static str>,
    /// What failed first; the rest was done all the same.
    failure: Option<Error>,
}

async fn run(deps: &Deps, now: Timestamp) -> Run {
    let until = Instant::now() + deps.running;
    let mut run = Run::default();
    let mut reader = operations::due::due(&deps.store, now);
    let mut asked = false;
    while run.is_in_time(until) {
        match reader.next().await {
            Ok(Some(due)) => {
                run.found(due);
                if run.due <= MANY {
                    continue;
                }
                if !std::mem::replace(&mut asked, true) && is_busy(&deps.queue).await {
                    run.unfinished = Some("the queue is not worked off");
                    break;
                }
                // What fills no round waits for more to come.
                run.send(&deps.queue, ROUND, until).await;
            }
            Ok(None) => {
                run.send(&deps.queue, 1, until).await;
                break;
            }
            Err(error) => drop(run.failure.get_or_insert(error.into())),
        }
    }
    run
}

impl Run {
    fn found(&mut self, due: Vec<Due>) {
        self.due += due.len();
        let message = |due: Due| DueMessage { site_id: due.site_id, subscription_id: due.subscription_id };
        self.messages.extend(due.into_iter().map(message));
    }

    /// Sends rounds until fewer messages than that are left, or the time is up.
    async fn send(&mut self, queue: &InvoiceQueue, at_least: usize, until: Instant) {
        while self.messages.len() >= at_least && self.is_in_time(until) {
            let round: Vec<DueMessage> = self.messages.drain(..self.messages.len().min(ROUND)).collect();
            if let Err(error) = queue.send(&round).await {
                self.failure.get_or_insert(error.into());
            }
        }
    }

    fn is_in_time(&mut self, until: Instant) -> bool {
        let in_time = Instant::now() < until;
        if !in_time {
            self.unfinished = Some("the time is up");
        }
        in_time
    }
}

/// Whether the queue holds many messages; one that does not say is not left without any.
async fn is_busy(queue: &InvoiceQueue) -> bool {
    match queue.length().await {
        Ok(length) => length >= MANY,
        Err(error) => {
            tracing::warn!(reason = error.to_string(), "what is due is sent all the same");
            false
        }
    }
}
