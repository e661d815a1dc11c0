//! Sites.

use billing::id::SiteId;
use billing::site::Site;

use crate::Store;
use crate::document::{Document, Stored, stored};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::table::{Item, keyed};

impl Store {
    /// Reads a site, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn site(&self, site: &SiteId) -> Result<Option<Stored<Site>>, StoreError> {
        let item = self.table.get(&key::site(site), true).await?;
        item.map(|item| stored(&item, "site")).transpose()
    }
}

impl Document for Site {
    const NOUN: &'static str = "site";

    fn key(&self, site: &SiteId) -> Key {
        key::site(site)
    }

    fn companions(&self, site: &Site, is_new: bool) -> Result<Vec<Item>, StoreError> {
        Ok(if is_new && self.is_test() { vec![keyed(&key::test_site(&site.id))] } else { Vec::new() })
    }
}
