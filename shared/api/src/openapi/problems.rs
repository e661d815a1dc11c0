//! Problems in the document: one schema, and one response for each set of kinds that a status may stand for.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::Object;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::schemas::{PROBLEM, reference};
use crate::problem::{Kind, Problem};

/// Stands for a problem within an answer.
#[derive(Debug)]
pub struct ProblemBody;

impl PartialSchema for ProblemBody {
    fn schema() -> RefOr<Schema> {
        Schema::Object(Object::new()).into()
    }
}

impl ToSchema for ProblemBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(PROBLEM)
    }
}

/// The schema of every problem.
pub(crate) fn schema() -> Value {
    let types: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| json!({ "const": kind.type_uri(), "title": kind.title(), "description": kind.about() }))
        .collect();
    json!({
        "type": "object",
        "description": "A refusal or failure (RFC 9457). Some types have members of their own, such as existing: what stands.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "description": "What kind of problem it is; stable.", "oneOf": types },
            "title": { "type": "string", "description": "The same for every problem of the type." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong, for people." },
            "field": { "type": "string", "description": "Where it is wrong, such as price.tiers[0].up_to." },
            "instance": { "type": "string", "description": "The path that was asked for." },
            "request_id": { "type": "string", "description": "What names the request in the log." },
        },
    })
}

/// Returns a reference to the response of these kinds, which share a status, and adds it where it is new.
pub(crate) fn response(kinds: &[Kind], responses: &mut Map<String, Value>) -> Value {
    let name = kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join("Or");
    let place = json!({ "$ref": format!("#/components/responses/{name}") });
    if responses.contains_key(&name) {
        return place;
    }
    let about: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}", kind.type_uri(), kind.about())).collect();
    let types: Vec<&str> = kinds.iter().map(|kind| kind.type_uri()).collect();
    let examples: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let problem = Problem::new(*kind, kind.about()).to_value();
            (format!("{kind:?}"), json!({ "summary": kind.title(), "value": problem }))
        })
        .collect();
    let mut response = json!({
        "description": about.join("\n\n"),
        "content": {
            "application/problem+json": {
                "schema": { "allOf": [reference(PROBLEM), { "properties": { "type": { "enum": types } } }] },
                "examples": examples,
            },
        },
    });
    let header = match kinds {
        [Kind::Unauthorized] => Some(("WWW-Authenticate", json!({ "schema": { "type": "string" }, "required": true }))),
        [Kind::Unavailable] => {
            let about = "Seconds to wait before the same request is sent again.";
            Some(("Retry-After", json!({ "description": about, "schema": { "type": "integer" }, "required": true })))
        }
        _ => None,
    };
    if let Some((header, about)) = header {
        response["headers"] = json!({ header: about });
    }
    responses.insert(name, response);
    place
}
