//! The tick: whatever is due goes to the invoice queue, one message for each subscription.
//!
//! It decides nothing and remembers nothing: a doubled, missed or late tick changes nothing, since what is due stays
//! due until the worker has done it.

use api::metrics::Metric;
use billing::timestamp::Timestamp;
use invoice_queue::{DueMessage, InvoiceQueue, QueueError};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use store::{Store, StoreError};

/// What the function works with.
#[derive(Clone, Debug)]
pub struct Deps {
    store: Store,
    queue: InvoiceQueue,
}

impl Deps {
    /// The function over a store and a queue.
    pub fn new(store: Store, queue: InvoiceQueue) -> Deps {
        Deps { store, queue }
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

/// Sends one message for each subscription with something due at `now`, and says how many.
///
/// The event's content does not matter: the schedule only says that it is time.
///
/// # Errors
/// `Due` and `Send`: what was not sent stays due.
pub async fn handle(deps: &Deps, now: Timestamp, _event: Value) -> Result<Value, Error> {
    let due = deps.store.due(now).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    let due = due?;
    api::metrics::add(Metric::DueSubscriptions, u64::try_from(due.len()).unwrap_or(u64::MAX));
    let messages: Vec<DueMessage> =
        due.into_iter().map(|due| DueMessage { site_id: due.site_id, subscription_id: due.subscription_id }).collect();
    deps.queue.send(&messages).await?;
    tracing::info!(due = messages.len(), "sent what is due");
    Ok(json!({ "due": messages.len() }))
}
