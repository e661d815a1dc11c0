//! API keys, and who calls.

use billing::id::SiteId;
use billing::site::{ApiKey, Site};
use billing::time::Timestamp;

use crate::Store;
use crate::document::{Page, Stored, document_item, revised_item, stored};
use crate::error::StoreError;
use crate::key;
use crate::recent::Recent;
use crate::table::{Item, get_text, text};

/// The callers of the last minute, by the SHA-256 of their keys. Strangers are not remembered.
pub(crate) type Callers = Recent<String, (ApiKey, Site)>;

/// An API key with the id that it is known by: the SHA-256 of its text, in hexadecimal.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// The SHA-256 of the key's text.
    pub sha256: String,
    /// The key.
    pub key: ApiKey,
}

impl Store {
    /// The key with that SHA-256 (in hexadecimal) and the site that it opens.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn authenticate(&self, sha256: &str) -> Result<Option<(ApiKey, Site)>, StoreError> {
        if let Some(caller) = self.callers.get(sha256) {
            return Ok(Some(caller));
        }
        let Some(item) = self.table.get(&key::api_key(sha256), false).await? else { return Ok(None) };
        let api_key: ApiKey = stored(&item, "API key")?.value;
        if api_key.deleted_at.is_some() {
            return Ok(None);
        }
        let Some(site) = self.site(&api_key.site_id).await? else { return Ok(None) };
        if !site.value.is_test() {
            self.callers.remember(sha256.to_owned(), (api_key.clone(), site.value.clone()));
        }
        Ok(Some((api_key, site.value)))
    }

    /// The key with that SHA-256 (in hexadecimal), strongly, also where it was deleted.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn api_key(&self, sha256: &str) -> Result<Option<Stored<ApiKey>>, StoreError> {
        let item = self.table.get(&key::api_key(sha256), true).await?;
        item.map(|item| stored(&item, "API key")).transpose()
    }

    /// Keeps a key under the SHA-256 (in hexadecimal) of its text; `false` where it exists or existed.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn create_api_key(&self, sha256: &str, api_key: &ApiKey) -> Result<bool, StoreError> {
        let mut item = document_item(&key::api_key(sha256), api_key, None)?;
        item.insert("list_of".into(), text(key::api_keys_list(&api_key.site_id)));
        item.insert("list_key".into(), text(key::api_key_list_key(api_key.created_at.millis(), sha256)));
        let mut changes = self.changes();
        changes.put_new(item)?;
        Ok(changes.commit().await?.is_done())
    }

    /// Deletes a key for good: its text opens nothing any more, and cannot be given to a key again. `false` where there
    /// is no such key; deleting it again is a success.
    ///
    /// Whoever remembers the caller lets it in for up to a minute.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn delete_api_key(&self, sha256: &str, now: Timestamp) -> Result<bool, StoreError> {
        let Some(standing) = self.api_key(sha256).await? else { return Ok(false) };
        if standing.value.deleted_at.is_none() {
            let deleted = ApiKey { deleted_at: Some(now), ..standing.value.clone() };
            let values = revised_item(&standing, &deleted)?;
            let update = "SET D = :document, R = :next REMOVE list_of, list_key";
            let mut changes = self.changes();
            changes.update(&key::api_key(sha256), update, "R = :revision", values)?;
            // Nothing but a deletion changes a key, so whoever was there first has deleted it.
            let _ = changes.commit().await?;
        }
        self.callers.forget(sha256);
        Ok(true)
    }

    /// A part of a site's keys, in the order in which they were made, without the deleted ones.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn api_keys(
        &self,
        site: &SiteId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<NamedKey>, StoreError> {
        let listed = self.list_index(&key::api_keys_list(site), "", cursor, limit).await?;
        let items = listed.items.iter().map(named).collect::<Result<_, _>>()?;
        Ok(Page { items, next: listed.next })
    }
}

fn named(item: &Item) -> Result<NamedKey, StoreError> {
    let sha256 = get_text(item, "PK").and_then(key::parse_api_key).ok_or(StoreError::Corrupt { what: "API key" })?;
    Ok(NamedKey { sha256: sha256.to_owned(), key: stored(item, "API key")?.value })
}
