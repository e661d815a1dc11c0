//! What the documents of the catalogue have in common: how one is created, read, changed and listed.

use std::fmt::Display;
use std::str::FromStr;

use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::Value;

use api::{Call, Kind, Problem, fault, json_response, list_response, new_id};
use billing::id::{IdError, SiteId};
use billing::timestamp::Timestamp;
use store::{Created, Creation, StoreError, Stored, Updated};

use crate::{Deps, Route};

/// How often a change is tried when others change the same thing at the same time.
pub const ATTEMPTS: u32 = 5;

/// A document of the catalogue, as far as its handlers differ.
pub trait Resource: store::Document + Clone + PartialEq {
    /// The type of its ids.
    type Id: FromStr<Err = IdError> + Display;

    /// What one is called in messages.
    const NOUN: &'static str;

    /// The document on the wire.
    fn body(&self) -> impl Serialize;

    /// Notes that it was changed.
    fn changed(&mut self, now: Timestamp);
}

/// A document that a caller asks for.
pub struct Draft<D> {
    /// The document, with an id of the system's where the caller named none.
    pub value: D,
    /// The digest of the canonical request.
    pub digest: String,
    /// Whether the caller named it; only otherwise an idempotency key tells one request from another.
    pub named: bool,
}

/// Creates a document: 201 where it is new, 200 where the same request was answered before.
///
/// # Errors
/// 409 where the name or the idempotency key was used for another content, or a unique name is taken.
pub async fn create<D: Resource>(deps: &Deps, call: &Call<Route>, draft: Draft<D>) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(call, D::NOUN, draft.named)?;
    let creation = Creation { digest: draft.digest, idempotency_key: key.as_deref(), now: call.real_now };
    let created = deps.store.create(&call.site()?.id, &draft.value, &creation).await.map_err(fault)?;
    match created {
        Created::New => Ok(json_response(201, &draft.value.body())),
        Created::Same(first) => Ok(json_response(200, &first.body())),
        Created::Different(existing) => Err(different(D::NOUN, &existing.id(), draft.named, &existing.body())),
        Created::Taken(what) => Err(taken(what)),
    }
}

/// Reads the document that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read<D: Resource>(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: D::Id = call.param("id")?;
    let stored = load::<D>(deps, &call.site()?.id, &id).await?;
    Ok(json_response(200, &stored.value.body()))
}

/// Changes the document that the path names; what stays as it was is not written.
///
/// # Errors
/// 404 where there is none, 409 where a unique name is taken, what `apply` refuses, 503 where others kept changing it.
pub async fn change<D: Resource>(
    deps: &Deps,
    call: &Call<Route>,
    apply: impl Fn(&mut D) -> Result<(), Problem>,
) -> Result<Response<Body>, Problem> {
    let id: D::Id = call.param("id")?;
    let site = &call.site()?.id;
    for _ in 0..ATTEMPTS {
        let mut stored = load::<D>(deps, site, &id).await?;
        let before = stored.value.clone();
        apply(&mut stored.value)?;
        if stored.value == before {
            return Ok(json_response(200, &before.body()));
        }
        stored.value.changed(call.now);
        match deps.store.update(site, &stored).await.map_err(fault)? {
            Updated::Done => return Ok(json_response(200, &stored.value.body())),
            Updated::Lost => {}
            Updated::Taken(what) => return Err(taken(what)),
        }
    }
    Err(contended())
}

/// Lists documents, a page at a time.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list<D: Resource>(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = deps.store.list::<D>(&call.site()?.id, cursor, limit).await.map_err(list_fault)?;
    let bodies: Vec<_> = page.items.iter().map(Resource::body).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Reads a document that there must be.
///
/// # Errors
/// 404 where there is none.
pub async fn load<D: Resource>(deps: &Deps, site: &SiteId, id: &D::Id) -> Result<Stored<D>, Problem> {
    let stored = deps.store.get::<D>(site, &id.to_string()).await.map_err(fault)?;
    stored.ok_or_else(|| not_found(D::NOUN, id))
}

/// The caller's idempotency key where the system makes the id; the same key may stand for one thing of each kind.
///
/// # Errors
/// 400 where it is not one.
pub fn idempotency_key(call: &Call<Route>, noun: &str, named: bool) -> Result<Option<String>, Problem> {
    if named {
        return Ok(None);
    }
    Ok(call.idempotency_key()?.map(|key| format!("{noun}:{key}")))
}

/// The id that the caller chose, or a new one that begins with `prefix`.
///
/// # Errors
/// 500 where there is no randomness to make one.
pub fn id_or_new<I: FromStr<Err = IdError>>(chosen: Option<I>, prefix: &str) -> Result<I, Problem> {
    match chosen {
        Some(id) => Ok(id),
        None => new_id(prefix)?.parse().map_err(|error: IdError| Problem::new(Kind::Internal, error.to_string())),
    }
}

/// A list's failure; a cursor that no list gave is the caller's.
pub fn list_fault(error: StoreError) -> Problem {
    match error {
        StoreError::Cursor => Problem::new(Kind::Unreadable, StoreError::Cursor.to_string()).field("cursor"),
        other => fault(other),
    }
}

/// There is no such thing.
pub fn not_found(noun: &str, id: &impl Display) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no {noun} {id}"))
}

/// The name, or the idempotency key, stands for another content.
pub fn different(noun: &str, id: &impl Display, named: bool, existing: &impl Serialize) -> Problem {
    let detail = if named {
        format!("{noun} {id} was created with another content")
    } else {
        format!("this Idempotency-Key was used for another request, which made {noun} {id}")
    };
    let existing = serde_json::to_value(existing).unwrap_or(Value::Null);
    Problem::new(Kind::Conflict, detail).with("existing", existing)
}

/// A name that is unique in the site belongs to something else.
pub fn taken(what: &'static str) -> Problem {
    let problem = Problem::new(Kind::Conflict, format!("the {what} belongs to another one already"));
    if what.contains(' ') { problem } else { problem.field(what) }
}

/// Others changed the same thing each time; a moment later the same request may succeed.
pub fn contended() -> Problem {
    Problem::new(Kind::Unavailable, "others are changing the same thing; try again")
}
