//! The documents of the catalogue: customers, features, items, item prices with every version of them.

use billing::catalog::{Customer, Feature, Item as CatalogItem, ItemPrice};
use billing::id::{ItemPriceId, SiteId};
use billing::site::Site;

use crate::Store;
use crate::claim::Claim;
use crate::document::{Document, First, Page, Stored, document_item, first, stored};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::recent::Recent;
use crate::table::Item;

/// The versions of item prices by site, price and version.
pub(crate) type PriceVersions = Recent<(SiteId, ItemPriceId, u32), ItemPrice>;

/// A kind of catalogue document, named by an id of its kind.
pub trait Catalogued: Document {
    /// What its sort keys begin with.
    const KIND: &'static str;

    /// Its id.
    fn id(&self) -> &str;
}

macro_rules! catalogued {
    ($($document:ident, $kind:literal, $noun:literal, { $($more:tt)* };)+) => {$(
        impl Catalogued for $document {
            const KIND: &'static str = $kind;

            fn id(&self) -> &str {
                self.id.as_str()
            }
        }

        impl Document for $document {
            const NOUN: &'static str = $noun;

            fn key(&self, site: &SiteId) -> Key {
                key::document(site, $kind, self.id.as_str())
            }

            $($more)*
        }
    )+};
}

catalogued! {
    Customer, "CUSTOMER", "customer", {
        fn claims(&self, site: &SiteId, _before: Option<&Self>) -> Vec<Claim> {
            vec![Claim::new(key::invoice_prefix(site, self.invoice_prefix()), self.id.as_str(), "number")]
        }
    };
    Feature, "FEATURE", "feature", {};
    CatalogItem, "ITEM", "item", {};
    ItemPrice, "ITEM_PRICE", "item price", {
        fn companions(&self, site: &Site, _is_new: bool) -> Result<Vec<Item>, StoreError> {
            Ok(vec![document_item(&key::price_version(&site.id, &self.id, self.version), self, None)?])
        }
    };
}

impl Store {
    /// Reads a catalogue document, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn get<D: Catalogued>(&self, site: &SiteId, id: &str) -> Result<Option<Stored<D>>, StoreError> {
        let item = self.table.get(&key::document(site, D::KIND, id), true).await?;
        item.map(|item| stored(&item, D::NOUN)).transpose()
    }

    /// A part of the site's documents of a kind, by id.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn list<D: Catalogued>(
        &self,
        site: &SiteId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<D>, StoreError> {
        let prefix = format!("{}#", D::KIND);
        let page = self.list_partition(&key::site_partition(site), &prefix, cursor, limit).await?;
        let items = page.items.iter().map(|item| Ok(stored(item, D::NOUN)?.value));
        Ok(Page { items: items.collect::<Result<_, StoreError>>()?, next: page.next })
    }

    /// What stands in the place of a document, with the digest of what created it; strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn standing<D: Document>(&self, site: &SiteId, document: &D) -> Result<Option<First<D>>, StoreError> {
        let item = self.table.get(&document.key(site), true).await?;
        item.map(|item| first(&item, D::NOUN)).transpose()
    }

    /// The first answer that was remembered under an idempotency key; strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn remembered<D: Document>(&self, site: &SiteId, key: &str) -> Result<Option<First<D>>, StoreError> {
        let item = self.table.get(&key::idempotency(site, key), true).await?;
        item.map(|item| first(&item, D::NOUN)).transpose()
    }

    /// One version of an item price, which never changes and is remembered.
    ///
    /// # Errors
    /// `Missing` where there is none.
    pub async fn price_version(
        &self,
        site: &SiteId,
        price: &ItemPriceId,
        version: u32,
    ) -> Result<ItemPrice, StoreError> {
        let known = (site.clone(), price.clone(), version);
        if let Some(price) = self.price_versions.get(&known) {
            return Ok(price);
        }
        let item = self.table.get(&key::price_version(site, price, version), false).await?;
        let item = match item {
            Some(item) => item,
            // A version made a moment ago may not have reached every replica.
            None => self
                .table
                .get(&key::price_version(site, price, version), true)
                .await?
                .ok_or(StoreError::Missing { what: "item price version" })?,
        };
        let price: ItemPrice = stored(&item, "item price version")?.value;
        self.price_versions.remember(known, price.clone());
        Ok(price)
    }
}
