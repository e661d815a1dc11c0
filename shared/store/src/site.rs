//! Sites and API keys, and who calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use billing::id::SiteId;
use billing::site::{ApiKey, Site};

use crate::Store;
use crate::document::{Created, Creation, NewItem, Stored, Updated, first_item, stored, to_json};
use crate::error::StoreError;
use crate::key;
use crate::table::{DOCUMENT, REVISION, Transacted, keyed, number, text};

/// How long a caller is remembered without being looked up.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The callers of the last minute. Strangers are not remembered, nor are test sites, whose clocks move.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers(Arc<Mutex<BySha256>>);

type BySha256 = HashMap<String, (Instant, ApiKey, Site)>;

impl Callers {
    fn get(&self, sha256: &str) -> Option<(ApiKey, Site)> {
        let callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, key, site) = callers.get(sha256)?;
        (since.elapsed() < REMEMBERED).then(|| (key.clone(), site.clone()))
    }

    fn remember(&self, sha256: &str, key: &ApiKey, site: &Site) {
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|_, (since, ..)| since.elapsed() < REMEMBERED);
        callers.insert(sha256.to_owned(), (Instant::now(), key.clone(), site.clone()));
    }
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
        let Some(site) = self.site(&api_key.site_id).await? else { return Ok(None) };
        if !site.value.is_test() {
            self.callers.remember(sha256, &api_key, &site.value);
        }
        Ok(Some((api_key, site.value)))
    }

    /// Reads a site, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn site(&self, site: &SiteId) -> Result<Option<Stored<Site>>, StoreError> {
        let item = self.table.get(&key::site(site), true).await?;
        item.map(|item| stored(&item, "site")).transpose()
    }

    /// Creates a site under its id.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn create_site(&self, site: &Site, creation: &Creation<'_>) -> Result<Created<Site>, StoreError> {
        let key = key::site(&site.id);
        let item = first_item(&key, site, creation)?;
        let others = match site.is_test() {
            true => vec![self.table.put_new(keyed(&key::test_site(&site.id)))?],
            false => Vec::new(),
        };
        let new = NewItem { key, item, value: site, others, claims: Vec::new() };
        self.create_item(&site.id, new, creation).await
    }

    /// Changes a site, on condition that it has the revision that was read.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn update_site(&self, site: &Stored<Site>) -> Result<Updated, StoreError> {
        let main = self.revise(&key::site(&site.value.id), &site.value, site.revision)?;
        self.update_item(main, Vec::new(), &[]).await
    }

    /// Keeps a key under the SHA-256 (in hexadecimal) of its text; `false` where it exists.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn create_api_key(&self, sha256: &str, api_key: &ApiKey) -> Result<bool, StoreError> {
        let mut item = keyed(&key::api_key(sha256));
        item.insert(DOCUMENT.into(), text(to_json(api_key)?));
        item.insert(REVISION.into(), number(1));
        let put = self.table.put_new(item)?;
        Ok(matches!(self.table.transact(vec![put]).await?, Transacted::Done))
    }
}
