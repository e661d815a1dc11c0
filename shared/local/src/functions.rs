//! The functions, wired the way their `main.rs` wires them on Lambda.

use std::collections::BTreeMap;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use billing::time::Timestamp;
use invoice_queue::InvoiceQueue;
use lambda_http::{Body, Request, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Store;

use crate::chain::chain;
use crate::engine::Engine;
use crate::error::Error;
use crate::template::{Function, Template};

/// The key that creates sites and their first API keys in the local system.
pub const ROOT_KEY: &str = "local-root-key";

/// Every function with what it keeps between invocations.
pub struct Functions {
    record_usage: record_usage::Deps,
    usage_charges: usage_charges::Deps,
    catalog: catalog::Deps,
    subscriptions: subscriptions::Deps,
    invoices: invoices::Deps,
    close_periods: close_periods::Deps,
    issue_invoice: issue_invoice::Deps,
    docs: docs::Deps,
}

impl Functions {
    /// Wires the functions to an engine as the template says; `queue_urls` are by logical id. Each function may do no
    /// more than its policy allows.
    ///
    /// # Errors
    /// [`Error::Template`] when a function lacks a variable of its environment, or one leads nowhere.
    pub fn new(engine: &Engine, template: &Template, queue_urls: &BTreeMap<String, String>) -> Result<Self, Error> {
        let environment = Environment { template, queue_urls };
        let http = |folder: &str| {
            let allowed = environment.function(folder)?.permissions.clone();
            Ok::<_, Error>(Some(engine.for_function(folder, allowed).http_client()))
        };
        let store = |folder: &str| -> Result<Store, Error> {
            let client = store::client::connect(http(folder)?);
            Ok(Store::new(client, environment.table(folder)?))
        };
        let queue = |folder: &str| -> Result<InvoiceQueue, Error> {
            let client = invoice_queue::client::connect(http(folder)?);
            Ok(InvoiceQueue::new(client, environment.queue_url(folder)?))
        };
        environment.variable("catalog", "ROOT_KEY_SHA256")?;
        Ok(Self {
            record_usage: record_usage::Deps::new(store("record-usage")?),
            usage_charges: usage_charges::Deps::new(store("usage-charges")?),
            catalog: catalog::Deps::new(store("catalog")?, queue("catalog")?, Some(root_key_sha256())),
            subscriptions: subscriptions::Deps::new(store("subscriptions")?),
            invoices: invoices::Deps::new(store("invoices")?),
            close_periods: close_periods::Deps::new(store("close-periods")?, queue("close-periods")?),
            issue_invoice: issue_invoice::Deps::new(store("issue-invoice")?),
            docs: docs::Deps::new(),
        })
    }

    /// Says whether `folder` is a function that answers HTTP requests.
    pub fn answers_http(folder: &str) -> bool {
        ["record-usage", "usage-charges", "catalog", "subscriptions", "invoices", "docs"].contains(&folder)
    }

    /// Invokes a function with an HTTP request. Boxed, like the others: the SDK's futures are many layers deep, and a
    /// caller's would grow past what the compiler follows.
    pub async fn http(&self, folder: &str, now: Timestamp, request: Request) -> Response<Body> {
        match folder {
            "record-usage" => Box::pin(record_usage::handle(&self.record_usage, now, request)).await,
            "usage-charges" => Box::pin(usage_charges::handle(&self.usage_charges, now, request)).await,
            "catalog" => Box::pin(catalog::handle(&self.catalog, now, request)).await,
            "subscriptions" => Box::pin(subscriptions::handle(&self.subscriptions, now, request)).await,
            "invoices" => Box::pin(invoices::handle(&self.invoices, now, request)).await,
            "docs" => Box::pin(docs::handle(&self.docs, now, request)).await,
            _ => not_wired(),
        }
    }

    /// Says whether `folder` is a function that the Scheduler may start.
    pub fn takes_schedule(folder: &str) -> bool {
        folder == "close-periods"
    }

    /// Invokes the function that the Scheduler starts.
    ///
    /// # Errors
    /// [`Error::Function`] with what the function said.
    pub async fn scheduled(&self, now: Timestamp, event: Value) -> Result<Value, Error> {
        Box::pin(close_periods::handle(&self.close_periods, now, event))
            .await
            .map_err(|error| Error::Function { function: "close-periods".to_owned(), reason: chain(&error) })
    }

    /// Says whether `folder` is a function that takes messages.
    pub fn takes_messages(folder: &str) -> bool {
        folder == "issue-invoice"
    }

    /// Invokes the function that works on the invoice queue.
    pub async fn messages(&self, now: Timestamp, event: SqsEvent) -> SqsBatchResponse {
        Box::pin(issue_invoice::handle(&self.issue_invoice, now, event)).await
    }
}

/// Returns the SHA-256 of [`ROOT_KEY`] in hexadecimal, what a deployment passes as a parameter.
pub fn root_key_sha256() -> String {
    Sha256::digest(ROOT_KEY.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The functions' environment variables, as far as they lead to something local.
struct Environment<'a> {
    template: &'a Template,
    queue_urls: &'a BTreeMap<String, String>,
}

impl Environment<'_> {
    fn table(&self, folder: &str) -> Result<String, Error> {
        let table = &self.template.table;
        let logical_id = self.variable(folder, "TABLE_NAME")?;
        if logical_id == table.logical_id { Ok(table.name.clone()) } else { Err(missing(folder, logical_id)) }
    }

    fn queue_url(&self, folder: &str) -> Result<String, Error> {
        let logical_id = self.variable(folder, "INVOICE_QUEUE_URL")?;
        self.queue_urls.get(logical_id).cloned().ok_or_else(|| missing(folder, logical_id))
    }

    fn function(&self, folder: &str) -> Result<&Function, Error> {
        let function = self.template.functions.iter().find(|function| function.folder == folder);
        function.ok_or_else(|| missing("Resources", folder))
    }

    fn variable(&self, folder: &str, name: &str) -> Result<&str, Error> {
        let found = self.function(folder)?.environment.iter().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(|| missing(folder, name))
    }
}

fn missing(place: &str, what: &str) -> Error {
    Error::Template { place: place.to_owned(), problem: format!("there is no {what}") }
}

/// Routes to functions that are not wired are refused when the system starts.
fn not_wired() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response
}
