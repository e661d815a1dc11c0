//! The worker behind the invoice queue: generates and closes what is due for the subscriptions that messages name.
//!
//! Every message stands alone: an unreadable one, a failing one, one that takes too long or a panic is reported as a failure
//! of that message, and the others of its batch are done.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use api::metrics::{Metric, add, observe};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use billing::error::Failure;
use billing::id::SiteId;
use billing::site::Site;
use billing::time::Timestamp;
use futures_util::FutureExt;
use invoice_queue::{DueMessage, QueueError};
use operations::due::mark_stuck;
use operations::invoices::{self, Advanced};
use store::Store;
use tokio::time::{Instant, timeout};

/// How long an invocation works where nobody says when it is ended: about what `template.yaml` gives it.
const USUAL_TIME: Duration = Duration::from_secs(50);

/// How long before it is ended an invocation stops working, so that it can still say what became of its messages.
const FOR_THE_ANSWER: Duration = Duration::from_secs(5);

/// What the function works with.
#[derive(Clone, Debug)]
pub struct Deps {
    store: Store,
    time: Duration,
}

impl Deps {
    /// The function over a store.
    pub fn new(store: Store) -> Deps {
        Deps { store, time: USUAL_TIME }
    }

    /// The same for an invocation that is ended at the deadline, in milliseconds since 1970 in UTC; one that has passed,
    /// such as an emulator's, says nothing.
    pub fn until(&self, now: Timestamp, deadline_ms: u64) -> Deps {
        let left = deadline_ms.saturating_sub(u64::try_from(now.millis()).unwrap_or_default());
        let time = match left {
            0 => USUAL_TIME,
            left => Duration::from_millis(left).saturating_sub(FOR_THE_ANSWER),
        };
        Deps { time, ..self.clone() }
    }
}

/// Why a message failed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the message is unreadable")]
    Message(#[from] QueueError),
    #[error("the site does not exist")]
    NoSite,
    #[error("{0}")]
    Operation(#[from] operations::Error),
    #[error("the time of an invocation was over; the next one goes on where this one stopped")]
    OutOfTime,
    #[error("the attempt panicked")]
    Panic,
}

impl Error {
    fn is_temporary(&self) -> bool {
        match self {
            Error::Operation(error) => error.is_temporary(),
            Error::OutOfTime => true,
            Error::Message(_) | Error::NoSite | Error::Panic => false,
        }
    }
}

/// Does what every message of the batch asks for, and names the messages that failed.
pub async fn handle(deps: &Deps, now: Timestamp, event: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let end = Instant::now() + deps.time;
    let mut sites = Sites::default();
    let mut messages = event.records.iter().peekable();
    while let Some(message) = messages.next() {
        let left = end.saturating_duration_since(Instant::now());
        // A period that is too large for one invocation leaves the messages behind it half of what there is.
        let time = if messages.peek().is_some() { left / 2 } else { left };
        let attempt = AssertUnwindSafe(advance(deps, now, message, time, &mut sites));
        let done = attempt.catch_unwind().await.unwrap_or(Err(Error::Panic));
        if let Err(error) = done {
            // Its own message, and not its causes: those name quantities, and stand in the list of what is stuck.
            tracing::error!(message_id = message.message_id, reason = error.to_string(), "a message failed");
            add(Metric::FailedCloses, 1);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
}

/// From which delivery of its message on a subscription is stuck by a failure that may pass by itself, such as a throttle.
const PATIENT_DELIVERIES: u32 = 3;

/// The sites of a batch, each read once. A clock that is moved sends messages of its own, which come in a later batch.
type Sites = BTreeMap<SiteId, Site>;

async fn site<'a>(deps: &Deps, sites: &'a mut Sites, id: &SiteId) -> Result<&'a Site, Error> {
    if !sites.contains_key(id) {
        let site = deps.store.site(id).await.map_err(operations::Error::from)?.ok_or(Error::NoSite)?.value;
        sites.insert(id.clone(), site);
    }
    sites.get(id).ok_or(Error::NoSite)
}

/// Everything that is due for one subscription, as far as it is done in the given time, and a note of it where that fails.
async fn advance(
    deps: &Deps,
    now: Timestamp,
    message: &SqsMessage,
    time: Duration,
    sites: &mut Sites,
) -> Result<(), Error> {
    let due = DueMessage::parse(message.body.as_deref().unwrap_or_default())?;
    let site = site(deps, sites, &due.site_id).await?;
    let (site_id, subscription_id) = (due.site_id.as_str(), due.subscription_id.as_str());
    let begun = Instant::now();
    // It may be cut off anywhere: every step finds its own traces and goes on.
    let attempt =
        AssertUnwindSafe(timeout(time, invoices::advance(&deps.store, site, &due.subscription_id, site.now(now))));
    let error = match attempt.catch_unwind().await {
        Ok(Ok(Ok(advanced))) => {
            count(advanced, begun.elapsed());
            let Advanced { generated, closed } = advanced;
            tracing::info!(site_id, subscription_id, generated, closed, "advanced a subscription");
            return Ok(());
        }
        Ok(Ok(Err(error))) => Error::Operation(error),
        Ok(Err(_)) => Error::OutOfTime,
        Err(_) => Error::Panic,
    };
    if error.is_temporary() && delivery(message) < PATIENT_DELIVERIES {
        tracing::warn!(site_id, subscription_id, reason = error.to_string(), "a subscription is tried again");
        return Err(error);
    }
    let stuck = mark_stuck(&deps.store, &due.site_id, &due.subscription_id, reason(&error), now).await?;
    tracing::error!(site_id, subscription_id, stuck_failures = stuck.failures, "a subscription is stuck");
    Err(error)
}

/// Which delivery of the message this is; a message that does not say may have come often.
fn delivery(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(PATIENT_DELIVERIES)
}

fn count(advanced: Advanced, duration: Duration) {
    add(Metric::InvoicesGenerated, advanced.generated.into());
    add(Metric::InvoicesClosed, advanced.closed.into());
    if advanced.closed > 0 {
        observe(Metric::CloseMilliseconds, u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }
}

/// The whole chain of causes, for the list of what is stuck.
fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
