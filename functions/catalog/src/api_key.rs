//! API keys: made with the root key and shown once, listed without their texts, deleted for good.

use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use api::openapi::TimeInput;
use api::{Call, Kind, NumberText, Problem, fault, json_response, key_sha256, list_response, new_key, no_content};
use billing::id::SiteId;
use billing::site::{ApiKey, Scope};
use billing::timestamp::Timestamp;

use crate::document::{list_fault, not_found};
use crate::text::invalid;
use crate::{Deps, Route, text};

/// How long a caller's own key may be, in characters.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 12..=200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    site_id: SiteId,
    /// What it may do; admin includes the others.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// When it stops working, in real time; never, where it is left out.
    #[schema(value_type = Option<TimeInput>)]
    expires_at: Option<NumberText>,
    /// A key of your own; a random one is made where it is left out.
    #[schema(pattern = "^[!-~]{12,200}$")]
    key: Option<String>,
}

/// A key on the wire; its text is there in the answer to its creation alone.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyBody<'a> {
    /// The SHA-256 of the key, in lower-case hexadecimal.
    id: &'a str,
    /// The text of the key, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    site_id: &'a SiteId,
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    created_at: Timestamp,
}

fn body<'a>(id: &'a str, key: Option<&'a str>, kept: &'a ApiKey) -> ApiKeyBody<'a> {
    ApiKeyBody {
        id,
        key,
        site_id: &kept.site_id,
        scopes: &kept.scopes,
        expires_at: kept.expires_at,
        created_at: kept.created_at,
    }
}

/// Makes a key for a site, or takes the caller's own.
///
/// # Errors
/// 422 for a site that is not there or a key that is too easily guessed, 409 where the key opens something else.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewApiKey = call.json()?;
    let site = deps.store.site(&new.site_id).await.map_err(fault)?;
    let site = site.ok_or_else(|| invalid("site_id", format!("there is no site {}", new.site_id)))?.value;
    let key = ApiKey {
        site_id: new.site_id,
        scopes: distinct(new.scopes)?,
        expires_at: new.expires_at.map(|at| text::time(&at, "expires_at", site.time_zone)).transpose()?,
        created_at: call.real_now,
        deleted_at: None,
    };
    let text = new.key.map_or_else(new_key, own_key)?;
    let digest = key_sha256(&text);
    if deps.store.create_api_key(&digest, &key).await.map_err(fault)? {
        return Ok(json_response(201, &body(&digest, Some(&text), &key)));
    }
    let refuse = |detail: &str| Err(Problem::new(Kind::Conflict, detail).field("key"));
    match deps.store.api_key(&digest).await.map_err(fault)?.map(|stored| stored.value) {
        Some(standing) if standing.deleted_at.is_some() => refuse("the key was deleted; choose another one"),
        Some(standing) if says_the_same(&standing, &key) => {
            Ok(json_response(200, &body(&digest, Some(&text), &standing)))
        }
        _ => refuse("the key exists, and opens another site or has other scopes or another expiry"),
    }
}

fn says_the_same(standing: &ApiKey, key: &ApiKey) -> bool {
    standing.site_id == key.site_id && standing.scopes == key.scopes && standing.expires_at == key.expires_at
}

/// Lists the keys of the site that the query names, without their texts.
///
/// # Errors
/// A problem with the `site_id`, the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let site: Option<SiteId> = call.query().parse("site_id")?;
    let missing = || Problem::new(Kind::Unreadable, "say whose keys: ?site_id=").field("site_id");
    let (site, limit) = (site.ok_or_else(missing)?, call.query().limit()?);
    let page = deps.store.api_keys(&site, call.query().get("cursor"), limit).await.map_err(list_fault)?;
    let bodies: Vec<_> = page.items.iter().map(|named| body(&named.sha256, None, &named.key)).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Deletes the key that the path names by its id; deleting it again is a success.
///
/// # Errors
/// 404 where there never was such a key.
pub async fn delete(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: String = call.param("id")?;
    let is_digest = id.len() == 64 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest && deps.store.delete_api_key(&id, call.real_now).await.map_err(fault)? {
        return Ok(no_content());
    }
    Err(not_found("API key", &id))
}

/// The scopes in one order, each once.
fn distinct(scopes: Vec<Scope>) -> Result<Vec<Scope>, Problem> {
    if scopes.is_empty() {
        return Err(invalid("scopes", "a key has at least one scope: usage:write, read or admin"));
    }
    Ok([Scope::UsageWrite, Scope::Read, Scope::Admin].into_iter().filter(|scope| scopes.contains(scope)).collect())
}

fn own_key(text: String) -> Result<String, Problem> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && KEY_LENGTHS.contains(&text.len()) {
        return Ok(text);
    }
    let (least, most) = (KEY_LENGTHS.start(), KEY_LENGTHS.end());
    Err(invalid("key", format!("a key is {least} to {most} printable ASCII characters without spaces")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_that_is_not_empty() {
        let scopes = vec![Scope::Admin, Scope::Read, Scope::Admin];
        assert_eq!(distinct(scopes).unwrap(), [Scope::Read, Scope::Admin]);
        assert!(distinct(Vec::new()).is_err());
    }

    #[test]
    fn a_key_of_the_callers_own_is_long_and_plain() {
        assert!(own_key("!2345678901~".to_owned()).is_ok());
        for text in ["", "12345678901", "12345678901234 67", "1234567890123456é", &"x".repeat(201)] {
            assert!(own_key(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
