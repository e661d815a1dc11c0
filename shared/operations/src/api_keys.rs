//! API keys: made with the root key and shown once, listed without their texts, deleted for good.

use billing::field;
use billing::id::SiteId;
use billing::refusal::{Kind, Refusal};
use billing::site::{ApiKey, Scope, key_sha256};
use billing::time::{TimeText, Timestamp};
use store::{NamedKey, Page, Store};

use crate::document::not_found;
use crate::error::failed;
use crate::name::random_text;

/// How long a caller's own key may be, in characters.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 12..=200;

/// A key that is asked for.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The site that it opens.
    pub site_id: SiteId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it stops working, in real time, a local time in the site's zone; never where absent.
    pub expires_at: Option<TimeText>,
    /// Its text; a random one is made where absent.
    pub text: Option<String>,
}

/// A key with its text, which is known in the answer to its creation alone.
#[derive(Clone, Debug)]
pub struct MadeApiKey {
    /// The SHA-256 of its text, by which it is known.
    pub sha256: String,
    /// Its text.
    pub text: String,
    /// The key as it stands.
    pub key: ApiKey,
    /// Whether it did not stand before.
    pub is_new: bool,
}

/// Makes a key for a site, or takes the caller's own; the same again is a repetition.
///
/// # Errors
/// `Invalid` for a site that is not there, no scope, an expiry that cannot be read, or a key that is too easily guessed;
/// `Conflict` where the key opens something else or was deleted.
pub async fn create(store: &Store, new: NewApiKey, real_now: Timestamp) -> Result<MadeApiKey, Refusal> {
    let site = store.site(&new.site_id).await.map_err(failed)?;
    let no_site = || Refusal::invalid("site_id", format!("there is no site {}", new.site_id));
    let zone = site.ok_or_else(no_site)?.value.time_zone;
    let key = ApiKey {
        site_id: new.site_id,
        scopes: distinct(new.scopes)?,
        expires_at: new.expires_at.map(|at| field::time(&at, "expires_at", zone)).transpose()?,
        created_at: real_now,
        deleted_at: None,
    };
    let text = new.text.map_or_else(new_key, own_key)?;
    let sha256 = key_sha256(&text);
    if store.create_api_key(&sha256, &key).await.map_err(failed)? {
        return Ok(MadeApiKey { sha256, text, key, is_new: true });
    }
    let refuse = |detail: &str| Err(Refusal::new(Kind::Conflict, detail).field("key"));
    match store.api_key(&sha256).await.map_err(failed)?.map(|stored| stored.value) {
        Some(standing) if standing.deleted_at.is_some() => refuse("the key was deleted; choose another one"),
        Some(standing) if says_the_same(&standing, &key) => {
            Ok(MadeApiKey { sha256, text, key: standing, is_new: false })
        }
        _ => refuse("the key exists, and opens another site or has other scopes or another expiry"),
    }
}

/// A part of the keys of a site, in the order in which they were made, without the deleted ones.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn list(store: &Store, site: &SiteId, cursor: Option<&str>, limit: usize) -> Result<Page<NamedKey>, Refusal> {
    store.api_keys(site, cursor, limit).await.map_err(failed)
}

/// Deletes a key for good, named by the SHA-256 of its text; deleting it again is a success.
///
/// # Errors
/// `NotFound` where there never was such a key.
pub async fn delete(store: &Store, sha256: &str, real_now: Timestamp) -> Result<(), Refusal> {
    let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest && store.delete_api_key(sha256, real_now).await.map_err(failed)? {
        return Ok(());
    }
    Err(not_found("API key", &sha256))
}

fn says_the_same(standing: &ApiKey, key: &ApiKey) -> bool {
    standing.site_id == key.site_id && standing.scopes == key.scopes && standing.expires_at == key.expires_at
}

/// The scopes in one order, each once.
fn distinct(scopes: Vec<Scope>) -> Result<Vec<Scope>, Refusal> {
    if scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "a key has at least one scope: usage:write, read or admin"));
    }
    Ok([Scope::UsageWrite, Scope::Read, Scope::Admin].into_iter().filter(|scope| scopes.contains(scope)).collect())
}

/// The text of a new key: `chk_` and 40 random characters, which is 200 bits.
fn new_key() -> Result<String, Refusal> {
    random_text("chk_", 40).map_err(failed)
}

fn own_key(text: String) -> Result<String, Refusal> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && KEY_LENGTHS.contains(&text.len()) {
        return Ok(text);
    }
    let (least, most) = (KEY_LENGTHS.start(), KEY_LENGTHS.end());
    Err(Refusal::invalid("key", format!("a key is {least} to {most} printable ASCII characters without spaces")))
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
    fn a_new_key_is_a_prefix_and_40_characters() {
        let text = new_key().unwrap();
        assert!(text.starts_with("chk_"));
        assert_eq!(text.len(), 44);
        assert!(own_key(text).is_ok());
    }

    #[test]
    fn a_key_of_the_callers_own_is_long_and_plain() {
        assert!(own_key("!2345678901~".to_owned()).is_ok());
        for text in ["", "12345678901", "12345678901234 67", "1234567890123456é", &"x".repeat(201)] {
            assert!(own_key(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
