//! How a function describes its routes: one OpenAPI 3.1 document over all of them, made from the types that serde
//! reads and writes.
//!
//! To describe a new route, in this order:
//!
//! 1. derive `utoipa::ToSchema` beside serde on what is read and written, `#[schema(as = Customer)]` where the name on
//!    the page is another one; a [`NumberText`](crate::NumberText) says what it is read as:
//!    `#[schema(value_type = Option<DecimalInput>)]`;
//! 2. write an [`Operation`] beside the handler and add it to the function's `openapi()`: id, words, parameters, body and
//!    answers with an example each, and the problems that are its own. Who may call it is taken from the function's
//!    `ROUTES`, and the problems that every route has follow from that;
//! 3. write the document anew: `cargo run -p local -- openapi > functions/docs/openapi.json`.
//!
//! Tests fail where a route has no description, a description no route, or the written document is an old one.

mod creation;
mod inputs;
mod operation;
mod problems;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub use creation::{CREATED_ONCE, idempotent};
pub use inputs::{DecimalInput, SignedDecimalInput, TimeInput};
pub use operation::Operation;
pub use problems::ProblemBody;

use crate::edge::Access;
use schemas::Schemas;

/// What a function's routes do, in words and schemas.
#[derive(Debug)]
pub struct Description {
    routes: Vec<(&'static str, &'static str, Access)>,
    operations: Vec<(Access, Operation)>,
}

impl Description {
    /// Returns the description of routes, none of which is described yet.
    pub fn of<R>(routes: &[(&'static str, &'static str, Access, R)]) -> Description {
        let routes = routes.iter().map(|(method, path, access, _)| (*method, *path, *access));
        Description { routes: routes.collect(), operations: Vec::new() }
    }

    /// Adds the description of one route; without such a route it is left out.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Description {
        let same = |(method, path, _): &&(&str, &str, Access)| (*method, *path) == operation.route();
        if let Some(&(_, _, access)) = self.routes.iter().find(same) {
            self.operations.push((access, operation));
        }
        self
    }

    /// Adds the descriptions of several routes.
    #[must_use]
    pub fn with_all(self, operations: impl IntoIterator<Item = Operation>) -> Description {
        operations.into_iter().fold(self, Description::with)
    }
}

/// Returns the document over the descriptions of all functions, and the names that two types of different shape share,
/// of which there must be none.
pub fn document(version: &str, descriptions: Vec<Description>) -> (Value, BTreeSet<String>) {
    let mut schemas = Schemas::default();
    let mut responses = Map::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (access, operation) in descriptions.into_iter().flat_map(|description| description.operations) {
        let (method, path) = operation.route();
        let written = operation.write(access, &mut schemas, &mut responses);
        paths.entry(path).or_default().insert(method.to_lowercase(), written);
    }
    schemas.add_problem(problems::schema());
    let (schemas, clashes) = schemas.finish();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countinghouse",
            "version": version,
            "summary": "Usage-based billing.",
            "description": include_str!("openapi/introduction.md"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A key of a site." },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A key of a site as the user name; the password is not looked at.",
                },
                "root": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The root key of the deployment, which makes sites and their keys.",
                },
            },
            "schemas": schemas,
            "responses": responses,
        },
    });
    (document, clashes)
}

/// The parts of the API, in the order in which they are read.
fn tags() -> Value {
    let tag = |(name, description): (&str, &str)| json!({ "name": name, "description": description });
    [
        ("Usage", "What was used: recorded one by one or in batches, listed, deleted."),
        ("Usage charges", "What usage costs so far, with every step of the computation."),
        ("Invoices", "Pending, then numbered and frozen; and what is stuck on the way there."),
        ("Customers", "Who is invoiced."),
        ("Features", "What usage is counted against."),
        ("Items", "What is sold."),
        ("Item prices", "What an item costs in one currency for one period length, in versions."),
        ("Subscriptions", "A customer's standing agreement over one or more item prices."),
        ("Sites", "Isolated books of customers, prices and subscriptions, and their settings."),
        ("API keys", "What opens a site."),
        ("Description", "This document, and the page that shows it."),
    ]
    .map(tag)
    .into()
}
