//! The SQS event source: takes messages from a queue, invokes a function with them and deletes what it did not name as
//! failed.
//!
//! It keeps the rules of the real mapping. A function that panics, or names an id that was not in the batch, fails the
//! whole batch. What failed is delivered again, at once here, and after the queue's `maxReceiveCount` it is moved to the
//! dead-letter queue.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::engine::sqs::{REGION, arn};
use crate::engine::{Engine, Service};
use crate::error::Error;

/// What a round of the pump did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pumped {
    /// Messages given to the function.
    pub received: usize,
    /// Messages that succeeded and are gone.
    pub deleted: usize,
    /// Messages that failed and are delivered again, or moved to the dead-letter queue.
    pub failed: usize,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's id.
    pub message_id: String,
    /// The message's text.
    pub body: String,
}

/// The event source of one function.
#[derive(Debug)]
pub struct QueuePump {
    engine: Engine,
    queue: String,
    queue_url: String,
    dead_letter_url: Option<String>,
    batch_size: u32,
    /// Messages are not hidden while they are worked on, so only one batch may be on its way.
    turn: Mutex<()>,
}

impl QueuePump {
    /// Returns the event source of the queue called `queue`.
    pub fn new(
        engine: Engine,
        queue: String,
        queue_url: String,
        dead_letter_url: Option<String>,
        batch_size: u32,
    ) -> Self {
        Self { engine, queue, queue_url, dead_letter_url, batch_size, turn: Mutex::new(()) }
    }

    /// Delivers at most one batch.
    pub async fn pump_once<F, R>(&self, handler: F) -> Pumped
    where
        F: FnOnce(SqsEvent) -> R,
        R: Future<Output = SqsBatchResponse>,
    {
        let _turn = self.turn.lock().await;
        let messages = self.receive().await;
        if messages.is_empty() {
            return Pumped::default();
        }
        let failed = self.invoke(&messages, handler).await;
        let done: Vec<&Value> = messages.iter().filter(|message| !failed.contains(id(message))).collect();
        let deleted = self.delete(&done).await;
        Pumped { received: messages.len(), deleted, failed: messages.len() - deleted }
    }

    /// Delivers until the queue is empty; ends, since what keeps failing leaves the queue.
    pub async fn pump_until_idle<F, R>(&self, handler: F) -> Pumped
    where
        F: Fn(SqsEvent) -> R,
        R: Future<Output = SqsBatchResponse>,
    {
        let mut all = Pumped::default();
        loop {
            let round = self.pump_once(&handler).await;
            if round.received == 0 {
                return all;
            }
            all.received += round.received;
            all.deleted += round.deleted;
            all.failed += round.failed;
        }
    }

    /// Returns what is in the dead-letter queue, oldest first.
    ///
    /// # Errors
    /// [`Error::Refused`] when the queue cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Error> {
        let messages = self.read_dead_letters().await?;
        let letter = |message: &Value| DeadLetter { message_id: id(message).to_owned(), body: text(message, "Body") };
        Ok(messages.iter().map(letter).collect())
    }

    /// Moves everything from the dead-letter queue back and returns how much it was.
    ///
    /// # Errors
    /// [`Error::Refused`] when a queue refuses.
    pub async fn redrive(&self) -> Result<usize, Error> {
        let messages = self.read_dead_letters().await?;
        for message in &messages {
            let send = json!({ "QueueUrl": self.queue_url, "MessageBody": message["Body"] });
            self.engine.set_up(Service::Sqs, "SendMessage", &send).await?;
            let delete = json!({ "QueueUrl": self.dead_letter_url, "ReceiptHandle": message["ReceiptHandle"] });
            self.engine.set_up(Service::Sqs, "DeleteMessage", &delete).await?;
        }
        Ok(messages.len())
    }

    async fn read_dead_letters(&self) -> Result<Vec<Value>, Error> {
        let Some(url) = &self.dead_letter_url else { return Ok(Vec::new()) };
        // SQS gives ten at a time; what was given is hidden until all are, and then shown again.
        let request = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 60 });
        let mut messages = Vec::new();
        loop {
            let answer = self.engine.set_up(Service::Sqs, "ReceiveMessage", &request).await?;
            match answer["Messages"].as_array() {
                Some(more) if !more.is_empty() => messages.extend(more.iter().cloned()),
                _ => break,
            }
        }
        for message in &messages {
            let show = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0 });
            self.engine.set_up(Service::Sqs, "ChangeMessageVisibility", &show).await?;
        }
        Ok(messages)
    }

    /// A failed connection is a batch that comes another time.
    async fn receive(&self) -> Vec<Value> {
        let request = json!({
            "QueueUrl": self.queue_url,
            "MaxNumberOfMessages": self.batch_size,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let answer = self.engine.send("AmazonSQS.ReceiveMessage", Bytes::from(request.to_string())).await;
        let body: Value = match answer {
            Ok(answer) if answer.status == 200 => serde_json::from_slice(&answer.body).unwrap_or_default(),
            _ => return Vec::new(),
        };
        body["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// Returns the ids that failed: all of them where the answer cannot be trusted.
    async fn invoke<F, R>(&self, messages: &[Value], handler: F) -> BTreeSet<String>
    where
        F: FnOnce(SqsEvent) -> R,
        R: Future<Output = SqsBatchResponse>,
    {
        let all: BTreeSet<String> = messages.iter().map(|message| id(message).to_owned()).collect();
        let records: Vec<Value> = messages.iter().map(|message| self.record(message)).collect();
        let Ok(event) = serde_json::from_value::<SqsEvent>(json!({ "Records": records })) else { return all };
        let invocation = async { handler(event).await };
        let Ok(answer) = AssertUnwindSafe(invocation).catch_unwind().await else { return all };
        // The mapping reads the JSON text, so the names on the wire count and not those of the Rust type.
        let answer = serde_json::to_value(&answer).unwrap_or_default();
        let Some(failures) = answer["batchItemFailures"].as_array() else { return all };
        let named: Option<BTreeSet<String>> =
            failures.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned)).collect();
        named.filter(|named| named.is_subset(&all)).unwrap_or(all)
    }

    fn record(&self, message: &Value) -> Value {
        json!({
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "md5OfBody": message["MD5OfBody"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": arn(&self.queue),
            "awsRegion": REGION,
        })
    }

    /// What cannot be deleted is delivered again.
    async fn delete(&self, messages: &[&Value]) -> usize {
        if messages.is_empty() {
            return 0;
        }
        let entries: Vec<Value> = messages
            .iter()
            .map(|message| json!({ "Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"] }))
            .collect();
        let request = json!({ "QueueUrl": self.queue_url, "Entries": entries });
        match self.engine.send("AmazonSQS.DeleteMessageBatch", Bytes::from(request.to_string())).await {
            Ok(answer) if answer.status == 200 => {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                body["Successful"].as_array().map_or(0, Vec::len)
            }
            _ => 0,
        }
    }
}

fn id(message: &Value) -> &str {
    message["MessageId"].as_str().unwrap_or_default()
}

fn text(message: &Value, field: &str) -> String {
    message[field].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
