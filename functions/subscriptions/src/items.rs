//! The items of a subscription as a caller lists them.

use api::canonical::add_given;
use api::openapi::DecimalInput;
use api::{Kind, NumberText, Problem};
use billing::id::{ItemPriceId, SubscriptionItemId};
use billing::subscription::items::NewSubscriptionItem;
use rating::{Discounts, NumberError, Quantity};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// One item as a caller lists it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscriptionItem)]
pub struct Entry {
    /// Unique in the site; made by the system, where it is left out.
    id: Option<SubscriptionItemId>,
    item_price_id: ItemPriceId,
    /// How many; 1, where it is left out. Refused where usage is billed.
    #[schema(value_type = Option<DecimalInput>)]
    quantity: Option<NumberText>,
    /// Instead of the price's.
    #[schema(value_type = Option<DecimalInput>)]
    included_usage: Option<NumberText>,
    /// What is taken off each period; in a change, an empty list takes off nothing any more.
    discounts: Option<Discounts>,
}

/// Reads the numbers of a list.
///
/// # Errors
/// 422 that names the item.
pub fn read(entries: Vec<Entry>) -> Result<Vec<NewSubscriptionItem>, Problem> {
    entries.into_iter().enumerate().map(|(index, entry)| entry.read(index)).collect()
}

impl Entry {
    fn read(self, index: usize) -> Result<NewSubscriptionItem, Problem> {
        let quantity = |text: Option<NumberText>, name: &str| {
            let refused = |error: NumberError| {
                Problem::new(Kind::Invalid, error.to_string()).field(format!("items[{index}].{name}"))
            };
            text.map(|text| text.parse::<Quantity>().map_err(refused)).transpose()
        };
        Ok(NewSubscriptionItem {
            id: self.id,
            item_price_id: self.item_price_id,
            quantity: quantity(self.quantity, "quantity")?,
            included_usage: quantity(self.included_usage, "included_usage")?,
            discounts: self.discounts,
        })
    }
}

/// What a list says, in the one form that equal requests share.
pub fn canonical(items: &[NewSubscriptionItem]) -> Value {
    let item = |item: &NewSubscriptionItem| {
        let mut canonical = json!({
            "id": item.id,
            "item_price_id": item.item_price_id,
            "quantity": item.quantity.unwrap_or(Quantity::ONE).canonical(),
            "included_usage": item.included_usage.map(|quantity| quantity.canonical()),
        });
        let discounts = item.discounts.as_ref().filter(|discounts| !discounts.is_empty());
        add_given(&mut canonical, "discounts", &discounts);
        canonical
    };
    items.iter().map(item).collect()
}
