//! The queue between the schedule and the worker: one message for each subscription that has something due.
//!
//! **Owns** the message, sending it, reading it back, and how many wait.
//!
//! **Does not own** what is done about it, nor redelivery: the event source mapping of the worker does that.
#![warn(missing_docs)]

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use billing::error::Failure;
use billing::id::{SiteId, SubscriptionId};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

pub mod client;

/// SQS takes this many messages in one call.
const BATCH: usize = 10;
/// How many such calls are on their way at once.
const CONCURRENT: usize = 8;

/// A subscription that has something due. It says nothing of what: the worker looks, so that a message that comes twice,
/// late or out of order is as good as any. Fields that a later version sent are ignored: an upgrade may be taken back
/// while messages wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueMessage {
    /// The site.
    pub site_id: SiteId,
    /// The subscription.
    pub subscription_id: SubscriptionId,
}

impl DueMessage {
    /// Reads a message's body.
    ///
    /// # Errors
    /// `Unreadable` where it is not one of ours.
    pub fn parse(body: &str) -> Result<DueMessage, QueueError> {
        serde_json::from_str(body).map_err(|_| QueueError::Unreadable)
    }
}

/// What the queue can fail with.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue could not be reached, or refused the call.
    #[error("the invoice queue did not take the messages ({code})")]
    Send {
        /// SQS's code, or the kind of the transport's failure.
        code: String,
    },
    /// Some messages of a batch were not taken; sending all of them again is harmless.
    #[error("the invoice queue did not take {count} messages")]
    Partial {
        /// How many.
        count: usize,
    },
    /// The queue did not say how many messages wait in it.
    #[error("the invoice queue did not say how many messages wait ({code})")]
    Length {
        /// SQS's code, or the kind of the transport's failure.
        code: String,
    },
    /// A message is not one of ours.
    #[error("the message is not a due subscription")]
    Unreadable,
}

impl Failure for QueueError {
    fn is_temporary(&self) -> bool {
        !matches!(self, QueueError::Unreadable)
    }
}

/// The queue.
#[derive(Clone, Debug)]
pub struct InvoiceQueue {
    client: Client,
    url: String,
}

impl InvoiceQueue {
    /// The queue at that URL.
    pub fn new(client: Client, url: String) -> InvoiceQueue {
        InvoiceQueue { client, url }
    }

    /// Sends messages in batches of ten, eight of them at once; every batch is tried, and the failed entries are looked
    /// at.
    ///
    /// # Errors
    /// `Send` where a batch as a whole failed, `Partial` where single entries did. What failed is still due, so that
    /// the next tick sends it again.
    pub async fn send(&self, messages: &[DueMessage]) -> Result<(), QueueError> {
        let batches: Vec<_> = messages.chunks(BATCH).map(|batch| self.send_batch(batch)).collect();
        let outcomes: Vec<_> = stream::iter(batches).buffer_unordered(CONCURRENT).collect().await;
        let mut failed = 0;
        for outcome in outcomes {
            failed += outcome?;
        }
        if failed > 0 { Err(QueueError::Partial { count: failed }) } else { Ok(()) }
    }

    /// Sends at most ten messages and gives how many of them the queue did not take.
    async fn send_batch(&self, batch: &[DueMessage]) -> Result<usize, QueueError> {
        let mut entries = Vec::with_capacity(batch.len());
        for (n, message) in batch.iter().enumerate() {
            let body = serde_json::to_string(message).map_err(|_| QueueError::Unreadable)?;
            let entry = SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body).build();
            entries.push(entry.map_err(|_| QueueError::Unreadable)?);
        }
        let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        let answer = sent.map_err(|error| QueueError::Send { code: code(&error) })?;
        Ok(answer.failed().len())
    }

    /// How many messages nobody works on yet. SQS counts them roughly, and may be a minute late.
    ///
    /// # Errors
    /// `Length` where the queue does not say.
    pub async fn length(&self) -> Result<usize, QueueError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let asked = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone()).send().await;
        let attributes = asked.map_err(|error| QueueError::Length { code: code(&error) })?.attributes;
        let length =
            attributes.as_ref().and_then(|attributes| attributes.get(&name)).and_then(|text| text.parse().ok());
        length.ok_or_else(|| QueueError::Length { code: "no number".to_owned() })
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown").to_owned(),
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        _ => "connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_and_nothing_else_is() {
        let message = DueMessage { site_id: "demo".parse().unwrap(), subscription_id: "voip-acme".parse().unwrap() };
        let body = serde_json::to_string(&message).unwrap();

        assert_eq!(body, r#"{"site_id":"demo","subscription_id":"voip-acme"}"#);
        assert_eq!(DueMessage::parse(&body).unwrap(), message);
        for other in [
            "",
            "{}",
            "[]",
            r#"{"site_id":"demo"}"#,
            r#"{"subscription_id":"voip-acme"}"#,
            r#"{"site_id":"demo","subscription_id":7}"#,
            r#"{"site_id":"a#b","subscription_id":"c"}"#,
            r#"{"site_id":"demo","subscription_id":"voip-acme"}{}"#,
        ] {
            assert!(DueMessage::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_message_of_a_later_version_is_read_without_the_fields_that_are_not_known() {
        let message = DueMessage { site_id: "demo".parse().unwrap(), subscription_id: "voip-acme".parse().unwrap() };
        for later in [r#""due_at":"2026-03-01T00:00:00Z""#, r#""form":2,"why":{"boundary":[1]}"#] {
            let body = format!(r#"{{"site_id":"demo",{later},"subscription_id":"voip-acme"}}"#);

            assert_eq!(DueMessage::parse(&body).unwrap(), message, "{body}");
        }
    }
}
