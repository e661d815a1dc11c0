//! A call of the SDK as it goes over the wire, and which items it touches.

use bytes::Bytes;
use serde_json::Value;

/// Partition and sort key of an item.
pub type Key = (String, String);

/// One request to DynamoDB or SQS.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who makes it.
    pub caller: usize,
    /// The operation, such as `UpdateItem`.
    pub operation: String,
    /// The header that names service and operation.
    pub target: String,
    /// The body as sent.
    pub bytes: Bytes,
    /// The body, read.
    pub body: Value,
}

impl Call {
    /// Reads a request.
    pub fn new(caller: usize, target: &str, bytes: Bytes) -> Call {
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Call { caller, operation, target: target.to_owned(), bytes, body }
    }

    /// Whether it is for the queue.
    pub fn is_queue(&self) -> bool {
        self.target.starts_with("AmazonSQS.")
    }

    /// Whether it writes all of several items, or none.
    pub fn is_transaction(&self) -> bool {
        self.operation == "TransactWriteItems"
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        !matches!(self.operation.as_str(), "GetItem" | "Query" | "TransactGetItems")
    }

    /// Whether it is a read that may show a state of the past.
    pub fn may_be_stale(&self) -> bool {
        matches!(self.operation.as_str(), "GetItem" | "Query") && self.body["ConsistentRead"] != Value::Bool(true)
    }

    /// The items that it writes, in the order of the request.
    pub fn written(&self) -> Vec<Key> {
        match self.operation.as_str() {
            "PutItem" => vec![key(&self.body["Item"])],
            "UpdateItem" | "DeleteItem" => vec![key(&self.body["Key"])],
            "TransactWriteItems" => self.transacted(),
            _ => Vec::new(),
        }
    }

    /// The items for which a transaction under way is a conflict: what it writes, or reads in a transaction.
    pub fn settled(&self) -> Vec<Key> {
        if self.operation == "TransactGetItems" { self.transacted() } else { self.written() }
    }

    /// The partitions that it reads or writes.
    pub fn partitions(&self) -> Vec<String> {
        match self.operation.as_str() {
            "GetItem" => vec![key(&self.body["Key"]).0],
            "Query" => {
                vec![self.body["ExpressionAttributeValues"][":hash"]["S"].as_str().unwrap_or_default().to_owned()]
            }
            _ => self.settled().into_iter().map(|(partition, _)| partition).collect(),
        }
    }

    fn transacted(&self) -> Vec<Key> {
        let entries = self.body["TransactItems"].as_array().into_iter().flatten();
        let one = |entry: &Value| {
            let (kind, inner) = entry.as_object().and_then(|entry| entry.iter().next())?;
            Some(key(if kind == "Put" { &inner["Item"] } else { &inner["Key"] }))
        };
        entries.filter_map(one).collect()
    }

    /// The statement, whatever its values and however many records are in it: what tells one step of the protocol from
    /// another.
    pub fn statement(&self) -> String {
        let letters = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()
        };
        let kind = |sort: &str| sort.split('#').next().unwrap_or_default().to_owned();
        let one = |inner: &Value| {
            let item = if inner["Item"].is_object() { &inner["Item"] } else { &inner["Key"] };
            let (update, condition) = (&inner["UpdateExpression"], &inner["ConditionExpression"]);
            format!("{} {} if {}", kind(&key(item).1), letters(update), letters(condition))
        };
        let what = match self.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => {
                let entries = self.body["TransactItems"].as_array().into_iter().flatten();
                let mut parts: Vec<String> =
                    entries.filter_map(|entry| entry.as_object()?.values().next().map(one)).collect();
                parts.sort_unstable();
                parts.dedup();
                parts.join(", ")
            }
            "Query" => {
                let (from, index) = (&self.body["ExpressionAttributeValues"][":from"]["S"], &self.body["IndexName"]);
                let (back, strong) = (&self.body["ScanIndexForward"], &self.body["ConsistentRead"]);
                format!("{} {index} {back} {strong}", kind(from.as_str().unwrap_or_default()))
            }
            _ => one(&self.body),
        };
        format!("{} {what}", self.operation)
    }

    /// Whether a query goes on behind the last key of its range, where nothing can come.
    pub fn goes_on_behind_its_range(&self) -> bool {
        let last = if self.body["ScanIndexForward"] == Value::Bool(false) { ":from" } else { ":to" };
        let (start, last) = (&self.body["ExclusiveStartKey"]["SK"], &self.body["ExpressionAttributeValues"][last]);
        start.is_object() && start == last
    }

    /// The same query for one item only.
    pub fn cut_short(&mut self) {
        self.body["Limit"] = Value::from(1);
        self.bytes = self.body.to_string().into();
    }

    /// What tells it from every other call of its caller, whatever the order of members, and without the token that the
    /// SDK makes up.
    pub fn canonical(&self) -> String {
        let mut body = self.body.clone();
        if let Some(object) = body.as_object_mut() {
            object.remove("ClientRequestToken");
        }
        format!("{} {body}", self.operation)
    }

    /// The call for a reader of the trace: the operation and where it goes.
    pub fn told(&self) -> String {
        let place = |(pk, sk): &Key| format!("{pk} {sk}");
        let what = match self.operation.as_str() {
            "GetItem" => place(&key(&self.body["Key"])),
            "Query" => {
                let values = &self.body["ExpressionAttributeValues"];
                let bound = |name: &str| values[name].as_object().and_then(|v| v.values().next()).cloned();
                let [hash, from, to] = [":hash", ":from", ":to"].map(|name| bound(name).unwrap_or_default());
                let back = if self.body["ScanIndexForward"] == Value::Bool(false) { " backward" } else { "" };
                let strong = if self.body["ConsistentRead"] == Value::Bool(true) { " strong" } else { "" };
                format!("{hash} {from}..{to}{back}{strong}")
            }
            _ => self.settled().iter().map(place).collect::<Vec<_>>().join(", "),
        };
        format!("{} {what}", self.operation)
    }
}

/// The key of an item, or of a part of one, in DynamoDB's JSON.
pub fn key(item: &Value) -> Key {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (text("PK"), text("SK"))
}
