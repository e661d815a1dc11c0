//! What customers, features, items and item prices have in common: how they are answered with, and described.

use api::creation::{different, idempotency_key};
use api::openapi::{Operation, idempotent};
use api::{Call, Kind, Problem, json_response, list_response};
use lambda_http::{Body, Response};
use operations::{Created, Creation};
use serde::Serialize;
use serde_json::Value;
use store::{Catalogued, Page};
use utoipa::ToSchema;

use crate::Route;

/// A document that is shown.
pub trait Shown: Catalogued {
    /// The document on the wire.
    fn body(&self) -> impl Serialize;
}

/// What the creation of a document is judged by.
///
/// # Errors
/// 400 where the idempotency key is not one.
pub fn creation<D: Shown>(call: &Call<Route>, digest: String, named: bool) -> Result<Creation, Problem> {
    Ok(Creation { digest, idempotency_key: idempotency_key(call, D::NOUN, named)?, real_now: call.real_now })
}

/// Answers a creation: 201 where the document is new, 200 where the same request was answered before.
///
/// # Errors
/// 409 where the name or the idempotency key was used for another content.
pub fn created<D: Shown>(created: Created<D>, named: bool) -> Result<Response<Body>, Problem> {
    match created {
        Created::New(document) => Ok(json_response(201, &document.body())),
        Created::Same(first) => Ok(json_response(200, &first.body())),
        Created::Different(existing) => Err(different(D::NOUN, &existing.id(), named, &existing.body())),
    }
}

/// Answers with a document.
pub fn shown<D: Shown>(document: &D) -> Response<Body> {
    json_response(200, &document.body())
}

/// Answers with a page of documents.
pub fn listed<D: Shown>(page: &Page<D>) -> Response<Body> {
    let bodies: Vec<_> = page.items.iter().map(Shown::body).collect();
    list_response(&bodies, page.next.as_deref())
}

/// What differs from one kind of document to another; each is `[create, list, read, change]`.
pub struct Words {
    pub tag: &'static str,
    pub paths: [&'static str; 2],
    pub ids: [&'static str; 4],
    pub summaries: [&'static str; 4],
    pub abouts: [&'static str; 4],
}

/// What the bodies look like.
pub struct Examples {
    pub id: &'static str,
    pub new: Value,
    pub change: Value,
    pub body: Value,
}

/// Describes creating, listing, reading and changing one kind of document.
pub fn operations<Id: ToSchema, New: ToSchema, Change: ToSchema, Body: ToSchema>(
    words: &Words,
    examples: Examples,
) -> [Operation; 4] {
    let Examples { id, new, change, body } = examples;
    let [all, one] = words.paths;
    let operation = |number: usize, method, path| {
        let word = |words: [&'static str; 4]| words.get(number).copied().unwrap_or_default();
        Operation::new((method, path), word(words.ids), words.tag, word(words.summaries), word(words.abouts))
    };
    let create = idempotent(operation(0, "POST", all)).body::<New>(new);
    let create = create.answer::<Body>(200, "It was created before, by the same request.", body.clone());
    let create = create.answer::<Body>(201, "It is created.", body.clone());
    let list = operation(1, "GET", all).paged().list::<Body>("A page of the list.", body.clone());
    let read = operation(2, "GET", one).path::<Id>("id", "Its id.", id);
    let read = read.answer::<Body>(200, "As it stands.", body.clone()).problems(&[Kind::NotFound]);
    let patch = operation(3, "PATCH", one).path::<Id>("id", "Its id.", id).change::<Change>(change);
    let patch = patch.answer::<Body>(200, "As it stands now.", body);
    let patch = patch.problems(&[Kind::NotFound, Kind::Invalid]);
    [create.problems(&[Kind::Conflict, Kind::Invalid]), list, read, patch]
}
