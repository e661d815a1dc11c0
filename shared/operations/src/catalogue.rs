//! The documents of the catalogue: customers, features, items, item prices.
//!
//! Each is created under its id once, read, changed field by field, and listed by id.

mod customer;
mod feature;
mod item;
mod item_price;

pub use customer::{CustomerChange, NewCustomer, change_customer, create_customer, customer, customers};
pub use feature::{FeatureChange, NewFeature, change_feature, create_feature, feature, features};
pub use item::{ItemChange, NewItem, change_item, create_item, item, items};
pub use item_price::{ItemPriceChange, NewItemPrice, change_item_price, create_item_price, item_price, item_prices};

use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use store::{Catalogued, Page, Store, Stored};

use crate::document::{ATTEMPTS, Revised, contended, not_found, revise};
use crate::error::failed;

/// A document that says when it was changed.
trait Dated: Catalogued + Clone + PartialEq {
    /// Notes that it was changed.
    fn changed(&mut self, now: Timestamp);
}

async fn load<D: Catalogued>(store: &Store, site: &Site, id: &str) -> Result<Stored<D>, Refusal> {
    let stored = store.get::<D>(&site.id, id).await.map_err(failed)?;
    stored.ok_or_else(|| not_found(D::NOUN, &id))
}

async fn list<D: Catalogued>(
    store: &Store,
    site: &Site,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<D>, Refusal> {
    store.list::<D>(&site.id, cursor, limit).await.map_err(failed)
}

/// Changes a document as `apply` says; one that stays as it was is not written.
async fn change<D: Dated>(
    store: &Store,
    site: &Site,
    id: &str,
    now: Timestamp,
    apply: impl Fn(&mut D) -> Result<(), Refusal>,
) -> Result<D, Refusal> {
    for _ in 0..ATTEMPTS {
        let before = load::<D>(store, site, id).await?;
        let mut after = before.value.clone();
        apply(&mut after)?;
        if after == before.value {
            return Ok(after);
        }
        after.changed(now);
        match revise(site, store.changes(), &before, &after).await? {
            Revised::Done => return Ok(after),
            Revised::Lost => {}
        }
    }
    Err(contended())
}
