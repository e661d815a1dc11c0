//! The items that a caller lists, with their prices from the catalogue.

use billing::catalog::ItemPrice;
use billing::id::SubscriptionItemId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::items::{ListedItem, NewSubscriptionItem, check_list, check_prices};
use futures_util::future::try_join_all;
use store::{Store, StoreError};

use crate::error::failed;
use crate::name::id_or_new;

/// Reads the current prices of a list and checks each item.
///
/// # Errors
/// `UnknownItemPrice` and `Invalid`, naming the item.
pub(super) async fn listed(
    store: &Store,
    site: &Site,
    entries: Vec<NewSubscriptionItem>,
) -> Result<Vec<ListedItem>, Refusal> {
    check_list(&entries)?;
    let current = async |entry: &NewSubscriptionItem| {
        let stored = store.get::<ItemPrice>(&site.id, entry.item_price_id.as_str()).await?;
        Ok::<_, StoreError>(stored.map(|stored| stored.value))
    };
    let prices = try_join_all(entries.iter().map(current)).await.map_err(failed)?;
    let mut priced = Vec::with_capacity(entries.len());
    for (entry, price) in entries.into_iter().zip(prices) {
        let fresh_id: SubscriptionItemId = id_or_new(None, "si_").map_err(failed)?;
        priced.push((entry, price, fresh_id));
    }
    check_prices(priced, site.rounding)
}
