//! API keys: made with the root key, shown once.

use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};

use api::{Call, Kind, NumberText, Problem, fault, json_response, key_sha256, new_key};
use billing::id::SiteId;
use billing::site::{ApiKey, Scope};
use billing::timestamp::Timestamp;

use crate::document::contended;
use crate::text::invalid;
use crate::{Deps, Route, text};

/// How long a caller's own key may be, in characters.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 12..=200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    site_id: SiteId,
    scopes: Vec<Scope>,
    expires_at: Option<NumberText>,
    key: Option<String>,
}

#[derive(Serialize)]
struct ApiKeyBody<'a> {
    key: &'a str,
    site_id: &'a SiteId,
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
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
    };
    let text = new.key.map_or_else(new_key, own_key)?;
    let digest = key_sha256(&text);
    let status = if deps.store.create_api_key(&digest, &key).await.map_err(fault)? {
        201
    } else {
        // A key made a moment ago may not be seen everywhere yet.
        let (standing, _) = deps.store.authenticate(&digest).await.map_err(fault)?.ok_or_else(contended)?;
        if !says_the_same(&standing, &key) {
            let detail = "the key exists, and opens another site or has other scopes or another expiry";
            return Err(Problem::new(Kind::Conflict, detail).field("key"));
        }
        200
    };
    let body = ApiKeyBody { key: &text, site_id: &key.site_id, scopes: &key.scopes, expires_at: key.expires_at };
    Ok(json_response(status, &body))
}

fn says_the_same(standing: &ApiKey, key: &ApiKey) -> bool {
    standing.site_id == key.site_id && standing.scopes == key.scopes && standing.expires_at == key.expires_at
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
