//! Items: what is sold.

use billing::catalog::{Item, ItemType};
use billing::field;
use billing::id::ItemId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use store::{Page, Store};

use super::{Dated, change, list, load};
use crate::document::{self, Created, Creation};
use crate::error::failed;
use crate::name::id_or_new;

/// An item that is asked for.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Its id; made by the system where absent.
    pub id: Option<ItemId>,
    /// The name on invoice lines.
    pub name: String,
    /// Plan or addon.
    pub item_type: ItemType,
    /// What one unit is called: minute, GB, seat.
    pub unit_name: Option<String>,
}

/// A change of an item; what is absent stays as it is. Prices keep the unit name that they were made with.
#[derive(Clone, Debug, Default)]
pub struct ItemChange {
    /// The name on invoice lines.
    pub name: Option<String>,
    /// What one unit is called: minute, GB, seat.
    pub unit_name: Option<String>,
}

/// Creates an item.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn create_item(
    store: &Store,
    site: &Site,
    new: NewItem,
    creation: &Creation,
    now: Timestamp,
) -> Result<Created<Item>, Refusal> {
    let item = Item {
        id: id_or_new(new.id, "itm_").map_err(failed)?,
        name: field::name(new.name)?,
        item_type: new.item_type,
        unit_name: new.unit_name.map(unit_name).transpose()?,
        created_at: now,
        updated_at: now,
    };
    document::create(store, site, store.changes(), item, creation).await
}

/// Reads an item.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn item(store: &Store, site: &Site, id: &ItemId) -> Result<Item, Refusal> {
    load(store, site, id.as_str()).await.map(|stored| stored.value)
}

/// Changes an item.
///
/// # Errors
/// `Invalid`, naming the field; `NotFound` where there is none; `Unavailable` where others kept changing it.
pub async fn change_item(
    store: &Store,
    site: &Site,
    id: &ItemId,
    asked: ItemChange,
    now: Timestamp,
) -> Result<Item, Refusal> {
    let name = asked.name.map(field::name).transpose()?;
    let unit_name = asked.unit_name.map(unit_name).transpose()?;
    let apply = |item: &mut Item| {
        item.name = name.clone().unwrap_or_else(|| item.name.clone());
        item.unit_name = unit_name.clone().or_else(|| item.unit_name.clone());
        Ok(())
    };
    change(store, site, id.as_str(), now, apply).await
}

/// A part of the items of a site, by id.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn items(store: &Store, site: &Site, cursor: Option<&str>, limit: usize) -> Result<Page<Item>, Refusal> {
    list(store, site, cursor, limit).await
}

impl Dated for Item {
    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}

fn unit_name(name: String) -> Result<String, Refusal> {
    field::line(name, "unit_name", field::LONGEST_UNIT_NAME)
}
