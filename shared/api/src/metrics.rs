//! What an invocation counted, as one line of CloudWatch's embedded metric format.
//!
//! Handlers count with [`add`] and [`observe`]; who invokes them says with [`counted`] where a count begins and ends, and
//! with [`reported`] that it goes to standard output. Nothing is counted outside, so that tests and the local system say
//! nothing, and what runs beside each other never mixes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;

use billing::time::Timestamp;
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::{Value, json};

use crate::environment::function_name;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Countinghouse";
/// Their one dimension: the function's name, which differs from stack to stack.
pub const DIMENSION: &str = "FunctionName";

/// The format takes this many values of a metric in one line.
const MOST_VALUES: usize = 100;

macro_rules! metrics {
    ($($(#[$doc:meta])+ $name:ident $unit:literal;)+) => {
        /// What is counted; each metric has a unit of CloudWatch's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Metric { $($(#[$doc])+ $name,)+ }

        impl Metric {
            /// Every metric.
            pub const ALL: &[Metric] = &[$(Metric::$name,)+];

            /// Returns the name.
            pub fn name(self) -> &'static str {
                match self { $(Metric::$name => stringify!($name),)+ }
            }

            /// Returns the unit.
            pub fn unit(self) -> &'static str {
                match self { $(Metric::$name => $unit,)+ }
            }
        }
    };
}

metrics! {
    /// Usages recorded in time.
    UsagesRecorded "Count";
    /// Usages that stood already, with the same content.
    UsagesReplayed "Count";
    /// Usages that stand with other content, or were deleted.
    UsagesConflicting "Count";
    /// Usages recorded after their period was closed.
    UsagesLate "Count";
    /// Usages that are against a rule, or unreadable.
    UsagesRefused "Count";
    /// Subscriptions that had something due.
    DueSubscriptions "Count";
    /// Runs of the schedule that left some of what is due unsent.
    UnfinishedRuns "Count";
    /// Period boundaries that were invoiced.
    InvoicesGenerated "Count";
    /// Invoices closed, empty ones included.
    InvoicesClosed "Count";
    /// How long it took for one subscription; one value each.
    CloseMilliseconds "Milliseconds";
    /// Messages that failed: their subscription stays due, and is listed as stuck.
    FailedCloses "Count";
    /// Read capacity units.
    ReadUnits "Count";
    /// Write capacity units, without those of refused writes.
    WriteUnits "Count";
    /// Writes that a condition refused: they are billed, and DynamoDB does not say how much.
    RefusedWrites "Count";
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Metric, Vec<u64>>);

tokio::task_local! {
    static COUNTS: RefCell<Counts>;
}

/// Adds to a metric of the invocation; `ReadUnits` and `WriteUnits` are in thousandths.
pub fn add(metric: Metric, amount: u64) {
    change(|counts| match counts.0.get_mut(&metric).and_then(|values| values.first_mut()) {
        Some(sum) => *sum = sum.saturating_add(amount),
        None => drop(counts.0.insert(metric, vec![amount])),
    });
}

/// Adds one value to a metric of which every single one counts; the first hundred are kept.
pub fn observe(metric: Metric, value: u64) {
    change(|counts| {
        let values = counts.0.entry(metric).or_default();
        if values.len() < MOST_VALUES {
            values.push(value);
        }
    });
}

/// Adds what the table's calls consumed, in thousandths of a unit, and how many writes a condition refused.
pub fn capacity(read_milliunits: u64, write_milliunits: u64, refused_writes: u64) {
    add(Metric::ReadUnits, read_milliunits);
    add(Metric::WriteUnits, write_milliunits);
    add(Metric::RefusedWrites, refused_writes);
}

fn change(change: impl FnOnce(&mut Counts)) {
    // Outside an invocation there is nothing to count for.
    let _ = COUNTS.try_with(|counts| change(&mut counts.borrow_mut()));
}

/// Returns what the work yields, and what it counted on the way.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, Counts) {
    let work = async {
        let done = work.await;
        (done, COUNTS.with(RefCell::take))
    };
    COUNTS.scope(RefCell::default(), work).await
}

/// Does the work of an invocation and writes what it counted to standard output.
pub async fn reported<T>(now: Timestamp, invocation_id: &str, work: impl Future<Output = T>) -> T {
    let (done, counts) = counted(work).await;
    if let Some(line) = counts.to_line(&function_name(), now, invocation_id) {
        // Where nobody reads, nobody can be told.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
    done
}

/// Answers an HTTP request of Lambda's at the time that it is, and writes what was counted to standard output.
pub async fn answered<Answer: Future<Output = Response<Body>>>(
    event: Request,
    handle: impl FnOnce(Timestamp, Request) -> Answer,
) -> Response<Body> {
    let now = crate::clock::now();
    // Lambda always gives one.
    let invocation_id = event.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    reported(now, &invocation_id, handle(now, event)).await
}

impl Counts {
    /// Returns the sum of a metric; units are in thousandths.
    pub fn of(&self, metric: Metric) -> u64 {
        self.0.get(&metric).into_iter().flatten().sum()
    }

    /// Returns the line in CloudWatch's embedded metric format; `None` where nothing was counted, since a metric costs
    /// by the hour in which it has a value.
    pub fn to_line(&self, function: &str, now: Timestamp, invocation_id: &str) -> Option<String> {
        let counted = || self.0.iter().filter(|(_, values)| values.iter().any(|value| *value > 0));
        let metrics: Vec<Value> =
            counted().map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit() })).collect();
        if metrics.is_empty() {
            return None;
        }
        let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics });
        let header = json!({
            "_aws": { "Timestamp": now.millis(), "CloudWatchMetrics": [directive] },
            DIMENSION: function,
            "request_id": invocation_id,
        });
        // Units are decimals: they are written as text, and never become floating-point numbers.
        let mut line = header.to_string();
        line.pop();
        for (metric, values) in counted() {
            let texts: Vec<String> = values.iter().map(|value| metric.number(*value)).collect();
            let value = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(",")) };
            line.push_str(&format!(r#","{}":{value}"#, metric.name()));
        }
        line.push('}');
        Some(line)
    }
}

impl Metric {
    /// A value as JSON writes it.
    fn number(self, value: u64) -> String {
        match self {
            Metric::ReadUnits | Metric::WriteUnits => format!("{}.{:03}", value / 1_000, value % 1_000),
            _ => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
