//! What the documents have in common: how one is created under a name once, and changed on condition that nobody else did.

use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::time::Timestamp;
use store::{Changes, Committed, Document, First, Remembered, Store, StoreError, Stored};

use crate::error::{Error, failed};

/// How often a change is tried when others change the same thing at the same time.
pub(crate) const ATTEMPTS: u32 = 5;

/// What a creation is judged by.
#[derive(Clone, Debug)]
pub struct Creation {
    /// SHA-256 of the request's canonical content: the same again is a replay.
    pub digest: String,
    /// The caller's key where the system made the id: it gives the first answer again.
    pub idempotency_key: Option<String>,
    /// Real time, also for a test site: what has expired is removed by the table's clock.
    pub real_now: Timestamp,
}

/// What became of a creation.
#[derive(Clone, Debug)]
pub enum Created<T> {
    /// It stands, and did not before.
    New(T),
    /// The same was created before: what stands, or the first answer.
    Same(T),
    /// Another content was created under that name, or that idempotency key.
    Different(T),
}

/// What became of the writes of a change.
pub(crate) enum Revised {
    /// They are done.
    Done,
    /// Somebody else changed the same thing meanwhile: read it again.
    Lost,
}

/// Creates a document, together with the writes that `changes` holds already.
///
/// # Errors
/// `Conflict` where a name that it holds beside its id belongs to something else.
pub(crate) async fn create<D: Document>(
    store: &Store,
    site: &Site,
    mut changes: Changes<'_>,
    value: D,
    creation: &Creation,
) -> Result<Created<D>, Refusal> {
    let main = changes.create(site, &value, Some(&creation.digest)).map_err(failed)?;
    let claims = changes.claim_names(site, &value, None).map_err(failed)?;
    let key = creation.idempotency_key.as_deref();
    let remembered = key.map(|key| Remembered { key, digest: &creation.digest, now: creation.real_now });
    let answer = match &remembered {
        Some(remembered) => Some(changes.remember(site, &value, remembered).map_err(failed)?),
        None => None,
    };
    let Committed::Refused(refused) = changes.commit_patiently().await.map_err(failed)? else {
        return Ok(Created::New(value));
    };
    // The idempotency key first: its answer stands whatever else is taken.
    let first: Option<First<D>> = match (answer.filter(|answer| refused.by(*answer)), key) {
        (Some(_), Some(key)) => store.remembered(&site.id, key).await.map_err(failed)?,
        _ => None,
    };
    let stands = match first {
        None if refused.by(main) => store.standing(&site.id, &value).await.map_err(failed)?,
        first => first,
    };
    if let Some(First { value, digest }) = stands {
        let same = digest.as_ref() == Some(&creation.digest);
        return Ok(if same { Created::Same(value) } else { Created::Different(value) });
    }
    match claims.into_iter().find(|(claim, _)| refused.by(*claim)) {
        Some((_, what)) => Err(taken(what)),
        None => Err(failed(StoreError::Contended)),
    }
}

/// Changes a document on condition that it has the revision that was read, together with the writes that `changes` holds
/// already.
///
/// # Errors
/// `Conflict` where a name that it holds beside its id belongs to something else.
pub(crate) async fn revise<D: Document>(
    site: &Site,
    mut changes: Changes<'_>,
    before: &Stored<D>,
    after: &D,
) -> Result<Revised, Refusal> {
    let main = changes.revise(site, before, after).map_err(failed)?;
    let claims = changes.claim_names(site, after, Some(&before.value)).map_err(failed)?;
    let Committed::Refused(refused) = changes.commit_patiently().await.map_err(failed)? else {
        return Ok(Revised::Done);
    };
    match claims.into_iter().find(|(claim, _)| refused.by(*claim) && !refused.by(main)) {
        Some((_, what)) => Err(taken(what)),
        None => Ok(Revised::Lost),
    }
}

/// A name that is unique in the site belongs to something else.
fn taken(what: &'static str) -> Refusal {
    let refusal = Refusal::new(Kind::Conflict, format!("the {what} belongs to another one already"));
    if what.contains(' ') { refusal } else { refusal.field(what) }
}

/// Others changed the same thing each time; a moment later the same request may succeed.
pub(crate) fn contended() -> Refusal {
    Error::Contended.into()
}

/// There is no such thing.
pub(crate) fn not_found(noun: &str, id: &impl std::fmt::Display) -> Refusal {
    Refusal::new(Kind::NotFound, format!("there is no {noun} {id}"))
}
