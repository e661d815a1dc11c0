//! DynamoDB and SQS as the functions meet them: the embedded engine decides what is written, and what is seen of it is
//! decided here.
//!
//! * An eventually consistent read, and every read of an index, may show any state since the history began.
//! * A transaction of several items becomes visible item by item. Until then a `Query` shows what is visible, also a
//!   strongly consistent one, and whoever writes one of its items, or reads one in a transaction, meets a conflict. Its
//!   caller is answered when all of it is visible.
//! * The queue is a bag: messages come in any order, and as often as they like.
//!
//! Where nothing is half visible and nothing stale is asked for, the answer to a read is compared with the engine's own.

use std::sync::Arc;

use bytes::Bytes;
use local::Engine;
use local::engine::Answer;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::call::{Call, Key};
use crate::connector::Reply;
use crate::past::{Image, Past};
use crate::weakness::Weakness;
use crate::world::at_once;

const TYPES: &str = "com.amazonaws.dynamodb.v20120810#";

/// What a call may meet beside faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// A read shows the state after so many writes; the present one, where none is given.
    pub stale: Option<usize>,
    /// A transaction becomes visible item by item.
    pub half_visible: bool,
}

/// A transaction that was accepted and is not wholly visible yet.
struct Flight {
    keys: Vec<Key>,
    hidden: Vec<(Key, Image)>,
    answer: Answer,
    reply: Option<oneshot::Sender<Reply>>,
}

/// The table and the queue of one history.
pub struct Cloud {
    engine: Engine,
    past: Past,
    oldest: usize,
    flights: Vec<Flight>,
    /// Whether an item can be written as soon as it is visible, before the rest of its transaction is.
    unlocks_early: bool,
    steps: Vec<usize>,
    /// The step of the history that runs.
    pub step: usize,
    /// The messages that are in the queue.
    pub queue: Vec<Value>,
    messages: usize,
    /// What the engine and the past did not agree about.
    pub disagreements: Vec<String>,
    /// How the product is weakened on purpose, to see whether it is noticed.
    pub weakness: Option<Weakness>,
    /// Whether they are compared.
    pub compares: bool,
    /// How often they were.
    pub compared: u64,
}

impl Cloud {
    /// A table that holds those items, and an empty queue.
    pub fn new(engine: Engine, items: &[(Key, Arc<Value>)], unlocks_early: bool) -> Cloud {
        let mut past = Past::default();
        for (key, item) in items {
            past.write(key.clone(), Some(Arc::clone(item)));
        }
        Cloud {
            engine,
            oldest: past.now(),
            steps: vec![0; past.now() + 1],
            past,
            flights: Vec::new(),
            unlocks_early,
            step: 0,
            queue: Vec::new(),
            messages: 0,
            disagreements: Vec::new(),
            weakness: None,
            compares: true,
            compared: 0,
        }
    }

    /// The items with all that they ever were.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// The step in which a write became visible.
    pub fn step_of(&self, write: usize) -> usize {
        self.steps.get(write).copied().unwrap_or_default()
    }

    /// The states that a stale read may show: from the first to the second.
    pub fn states(&self) -> (usize, usize) {
        (self.oldest, self.past.now())
    }

    /// How many items wait to become visible.
    pub fn hidden(&self) -> usize {
        self.flights.iter().map(|flight| flight.hidden.len()).sum()
    }

    /// Carries out a call and answers it, now or once it is wholly visible.
    pub fn execute(&mut self, call: &Call, view: View, reply: Option<oneshot::Sender<Reply>>) -> Option<Answer> {
        if call.is_queue() {
            return answer(reply, self.enqueue(call));
        }
        let settles = self.weakness != Some(Weakness::ReadUnsettled) || call.operation != "TransactGetItems";
        if let Some(conflict) = self.conflict(call).filter(|_| settles) {
            return answer(reply, conflict);
        }
        if !call.is_write() {
            return answer(reply, self.read(call, view));
        }
        let done = self.send(call);
        if done.status != 200 {
            return answer(reply, done);
        }
        let written: Vec<(Key, Image)> =
            call.written().into_iter().map(|key| (key.clone(), self.fetch(&key))).collect();
        let written: Vec<_> =
            written.into_iter().filter(|(key, image)| self.past.get(key, usize::MAX) != *image).collect();
        if view.half_visible && written.len() > 1 {
            let keys = written.iter().map(|(key, _)| key.clone()).collect();
            self.flights.push(Flight { keys, hidden: written, answer: done, reply });
            return None;
        }
        for (key, image) in written {
            self.show(key, image);
        }
        answer(reply, done)
    }

    /// One more item of a transaction under way becomes visible.
    pub fn appear(&mut self, mut which: usize) -> Option<Key> {
        let index = self.flights.iter().position(|flight| match which.checked_sub(flight.hidden.len()) {
            Some(rest) => {
                which = rest;
                false
            }
            None => true,
        })?;
        let flight = &mut self.flights[index];
        let (key, image) = flight.hidden.remove(which);
        if flight.hidden.is_empty() {
            let flight = self.flights.remove(index);
            answer(flight.reply, flight.answer);
        }
        self.show(key.clone(), image);
        Some(key)
    }

    fn show(&mut self, key: Key, image: Image) {
        self.past.write(key, image);
        self.steps.push(self.step);
    }

    fn read(&mut self, call: &Call, view: View) -> Answer {
        let at = view.stale.unwrap_or(usize::MAX);
        let shown = match call.operation.as_str() {
            "Query" => self.past.query(&call.body, at),
            "GetItem" => match self.past.get(&crate::call::key(&call.body["Key"]), at) {
                Some(item) => json!({ "Item": *item }),
                None => json!({}),
            },
            _ => self.read_settled(call),
        };
        if self.compares && view.stale.is_none() && self.flights.is_empty() {
            self.compare(call, &shown);
        }
        Answer { status: 200, body: Bytes::from(shown.to_string()) }
    }

    /// What a read in a transaction shows; it met no conflict, so that everything that it asks for is visible.
    fn read_settled(&self, call: &Call) -> Value {
        let found = call.settled().into_iter().map(|key| match self.past.get(&key, usize::MAX) {
            Some(item) => json!({ "Item": *item }),
            None => json!({}),
        });
        json!({ "Responses": found.collect::<Vec<_>>() })
    }

    /// The engine has the last word on what a read shows that is neither stale nor half done.
    fn compare(&mut self, call: &Call, shown: &Value) {
        // DynamoDB Local, which tells nobody to go on behind the end of a range, refuses it.
        if call.goes_on_behind_its_range() {
            return;
        }
        let engine = self.send(call);
        let mut engine: Value = serde_json::from_slice(&engine.body).unwrap_or_default();
        if let Some(object) = engine.as_object_mut() {
            object.remove("ConsumedCapacity");
        }
        let mut shown = shown.clone();
        if engine["LastEvaluatedKey"].is_null() && self.is_all(call, &shown) {
            shown.as_object_mut().map(|shown| shown.remove("LastEvaluatedKey"));
        }
        self.compared += 1;
        if engine != shown {
            self.disagreements.push(format!("{}: the engine answers {engine}, the past {shown}", call.told()));
        }
    }

    /// Whether nothing comes behind what a query found: an engine may look ahead, and then says that it goes on nowhere.
    fn is_all(&self, call: &Call, shown: &Value) -> bool {
        let mut rest = call.body.clone();
        rest["ExclusiveStartKey"] = shown["LastEvaluatedKey"].clone();
        shown["LastEvaluatedKey"].is_object() && self.past.query(&rest, usize::MAX)["Count"] == 0
    }

    fn conflict(&self, call: &Call) -> Option<Answer> {
        let busy = |key: &Key| {
            self.flights.iter().any(|flight| {
                if self.unlocks_early {
                    flight.hidden.iter().any(|(hidden, _)| hidden == key)
                } else {
                    flight.keys.contains(key)
                }
            })
        };
        let busy: Vec<bool> = call.settled().iter().map(busy).collect();
        busy.contains(&true).then(|| conflict(call, &busy))
    }

    fn enqueue(&mut self, call: &Call) -> Answer {
        let mut taken = Vec::new();
        for entry in call.body["Entries"].as_array().into_iter().flatten() {
            self.messages += 1;
            let id = format!("message-{}", self.messages);
            self.queue.push(json!({ "messageId": id, "body": entry["MessageBody"] }));
            taken.push(json!({ "Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "" }));
        }
        Answer { status: 200, body: Bytes::from(json!({ "Successful": taken, "Failed": [] }).to_string()) }
    }

    fn fetch(&self, key: &Key) -> Image {
        let body =
            json!({ "TableName": crate::world::table_name(), "Key": { "PK": { "S": key.0 }, "SK": { "S": key.1 } } });
        let call = Call::new(0, "DynamoDB_20120810.GetItem", Bytes::from(body.to_string()));
        let mut item: Value = serde_json::from_slice(&self.send(&call).body).unwrap_or_default();
        let item = item["Item"].take();
        item.is_object().then(|| Arc::new(item))
    }

    fn send(&self, call: &Call) -> Answer {
        let sent = at_once(&self.engine, self.engine.send(&call.target, call.bytes.clone()));
        let failed = |_| Answer { status: 500, body: Bytes::from_static(b"{}") };
        sent.flatten().unwrap_or_else(failed)
    }
}

/// Sends the answer to whoever still waits for it.
fn answer(reply: Option<oneshot::Sender<Reply>>, answer: Answer) -> Option<Answer> {
    if let Some(reply) = reply {
        let _ = reply.send(Ok(answer.clone()));
    }
    Some(answer)
}

/// The answer to a call that touches what a transaction is about to write.
pub fn conflict(call: &Call, busy: &[bool]) -> Answer {
    if !call.operation.starts_with("Transact") {
        return refusal("TransactionConflictException", "a transaction is ongoing for the item");
    }
    let reason = |busy: &bool| match busy {
        true => json!({ "Code": "TransactionConflict", "Message": "a transaction is ongoing for the item" }),
        false => json!({ "Code": "None" }),
    };
    let body = json!({
        "__type": format!("{TYPES}TransactionCanceledException"),
        "Message": "the transaction was cancelled [TransactionConflict]",
        "CancellationReasons": busy.iter().map(reason).collect::<Vec<_>>(),
    });
    Answer { status: 400, body: Bytes::from(body.to_string()) }
}

/// An error of DynamoDB's.
pub fn refusal(kind: &str, message: &str) -> Answer {
    let body = json!({ "__type": format!("{TYPES}{kind}"), "message": message });
    Answer { status: 400, body: Bytes::from(body.to_string()) }
}
