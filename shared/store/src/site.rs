//! Sites.

use billing::id::SiteId;
use billing::site::Site;

use crate::Store;
use crate::document::{Created, Creation, NewItem, Stored, Updated, first_item, stored};
use crate::error::StoreError;
use crate::key;
use crate::table::keyed;

impl Store {
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
}
