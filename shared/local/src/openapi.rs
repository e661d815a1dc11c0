//! The OpenAPI document of the whole API, made from the functions' types.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Returns the document as it is written to `functions/docs/openapi.json`.
pub fn openapi() -> String {
    let (document, _) = described();
    // A document is made of texts, numbers and lists, so writing it cannot fail.
    serde_json::to_string_pretty(&sorted(document)).unwrap_or_default() + "\n"
}

/// Returns the names that two types of different shape share in the document, of which there must be none.
pub fn clashes() -> BTreeSet<String> {
    described().1
}

fn described() -> (Value, BTreeSet<String>) {
    let descriptions = vec![
        record_usage::openapi(),
        usage_charges::openapi(),
        catalog::openapi(),
        subscriptions::openapi(),
        invoices::openapi(),
        docs::openapi(),
    ];
    api::openapi::document(env!("CARGO_PKG_VERSION"), descriptions)
}

/// The same with the members of every object in one order, whatever order a build keeps them in.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
