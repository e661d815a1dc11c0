//! The log: one flat JSON object a line, as CloudWatch's JSON format keeps it.
//!
//! A line has `timestamp`, `level`, `message`, `target`, `function`, `request_id`, and what its event says. The
//! `request_id` is the one that a caller was told in a problem; `invocation_id` and `xray_trace_id` are Lambda's, and
//! the first of them stands in where no caller was told anything.
//!
//! No line holds a body, a header, a query string, a quantity or a key: what is written is what an event names, and
//! libraries, whose finer lines hold bodies, are heard from INFO upwards only.

use std::fmt;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::clock;
use crate::environment::{function_name, variable};

/// The variables that may name a level, the first one that is set: Lambda's own, then Rust's.
const LEVEL_VARIABLES: [&str; 2] = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"];

/// What the runtime's span calls its fields, and what they are called here; the others of its fields are left out.
const RUNTIME_FIELDS: [(&str, &str); 2] = [("requestId", INVOCATION_ID), ("xrayTraceId", "xray_trace_id")];

const REQUEST_ID: &str = "request_id";
const INVOCATION_ID: &str = "invocation_id";

/// Why the log cannot be started.
#[derive(PartialEq, Eq)]
pub enum LogError {
    /// The level is none.
    Level(String),
    /// The log was started before.
    Started,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::Level(text) => write!(f, "the log level {text:?} is none of error, warn, info, debug, trace"),
            LogError::Started => f.write_str("the log was started before"),
        }
    }
}

/// What a `main` that fails shows.
impl fmt::Debug for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LogError {}

/// Starts the log of a function on standard output; called first in every `main`.
///
/// # Errors
/// `Level` where the environment names an unknown level, `Started` where a log was started before.
pub fn start() -> Result<(), LogError> {
    let named = LEVEL_VARIABLES.into_iter().find_map(|name| variable(name).ok());
    let level = named.map_or(Ok(Level::INFO), |text| read_level(&text))?;
    let log = subscriber(level, function_name(), std::io::stdout());
    tracing::subscriber::set_global_default(log).map_err(|_| LogError::Started)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Returns what writes the lines from `level` upwards; [`start`] installs it over standard output.
pub fn subscriber(
    level: Level,
    function: String,
    output: impl Write + Send + 'static,
) -> impl Subscriber + Send + Sync + 'static {
    Registry::default().with(Lines { level, function, output: Mutex::new(output) })
}

/// The finer levels are read, and say no more than INFO: below it, libraries write bodies.
fn read_level(text: &str) -> Result<Level, LogError> {
    match text.to_ascii_lowercase().as_str() {
        "fatal" | "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" | "debug" | "trace" => Ok(Level::INFO),
        _ => Err(LogError::Level(text.to_owned())),
    }
}

/// Says where, and not what: a panic's message may hold what was being worked on.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "a panic");
}

/// Writes events as lines.
struct Lines<W> {
    level: Level,
    function: String,
    output: Mutex<W>,
}

/// Fields in the order in which they came.
#[derive(Debug, Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// An inner span or the event itself says it better than what is around it.
    fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }
}

/// What a span's field is called in a line; `None` where it is left out.
fn our_name(metadata: &Metadata<'_>, name: &'static str) -> Option<&'static str> {
    if !is_of_the_runtime(metadata) {
        return Some(name);
    }
    RUNTIME_FIELDS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

fn is_of_the_runtime(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("lambda_runtime")
}

/// Only the spans that carry a line's fields are kept: the runtime's and ours.
fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    is_of_the_runtime(metadata) || metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: Write + Send + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.is_span() {
            *metadata.level() <= Level::INFO && is_of_interest(metadata)
        } else {
            *metadata.level() <= self.level
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Spans are made whatever the level is: a line without its request's id leads nowhere.
        Some(LevelFilter::INFO)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut said = Fields::default();
        event.record(&mut said);
        let mut line = Fields::default();
        line.put("timestamp", clock::now().to_string().into());
        line.put("level", event.metadata().level().as_str().into());
        line.put("message", said.get("message").cloned().unwrap_or_default());
        line.put("target", event.metadata().target().into());
        line.put("function", self.function.as_str().into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                let named = fields.0.iter().filter_map(|(name, value)| Some((our_name(span.metadata(), name)?, value)));
                named.for_each(|(name, value)| line.put(name, value.clone()));
            }
        }
        if line.get(REQUEST_ID).is_none()
            && let Some(invocation) = line.get(INVOCATION_ID).cloned()
        {
            line.put(REQUEST_ID, invocation);
        }
        said.0.into_iter().for_each(|(name, value)| line.put(name, value));
        write_line(&self.output, &line);
    }
}

/// Writes the whole line at once, so that no other one gets between; where nobody reads, nobody can be told.
fn write_line(output: &Mutex<impl Write>, line: &Fields) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        let _ = output.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text);
    }
}

#[cfg(test)]
mod tests;
