//! Items: what is sold.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use api::{Call, Problem, request_digest};
use billing::catalog::{Item, ItemType};
use billing::id::ItemId;
use billing::timestamp::Timestamp;

use crate::document::{Draft, Resource, id_or_new};
use crate::{Route, text};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    id: Option<ItemId>,
    /// The name on invoice lines.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(rename = "type")]
    item_type: ItemType,
    /// What one unit is called: minute, GB, seat.
    #[schema(min_length = 1, max_length = 50)]
    unit_name: Option<String>,
}

/// A new unit name is that of prices made from then on; a price keeps the one that it was made with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemChange {
    /// The name on invoice lines.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What one unit is called: minute, GB, seat.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 50)]
    unit_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Item)]
pub struct ItemBody<'a> {
    id: &'a ItemId,
    name: &'a str,
    #[serde(rename = "type")]
    item_type: ItemType,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_name: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Resource for Item {
    type Id = ItemId;

    const NOUN: &'static str = "item";

    fn body(&self) -> impl Serialize {
        ItemBody {
            id: &self.id,
            name: &self.name,
            item_type: self.item_type,
            unit_name: self.unit_name.as_deref(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}

/// Reads the item that a call asks for.
///
/// # Errors
/// A problem that names what is wrong.
pub fn draft(call: &Call<Route>) -> Result<Draft<Item>, Problem> {
    let new: NewItem = call.json()?;
    let digest = request_digest(&json!({
        "id": new.id,
        "name": new.name,
        "type": new.item_type,
        "unit_name": new.unit_name,
    }));
    let named = new.id.is_some();
    let value = Item {
        id: id_or_new(new.id, "itm_")?,
        name: text::name(new.name)?,
        item_type: new.item_type,
        unit_name: new.unit_name.map(unit_name).transpose()?,
        created_at: call.now,
        updated_at: call.now,
    };
    Ok(Draft { value, digest, named })
}

/// Reads a change of an item.
///
/// # Errors
/// A problem that names what is wrong.
pub fn change(call: &Call<Route>) -> Result<impl Fn(&mut Item) -> Result<(), Problem>, Problem> {
    let change: ItemChange = call.json()?;
    let name = change.name.map(text::name).transpose()?;
    let unit_name = change.unit_name.map(unit_name).transpose()?;
    Ok(move |item: &mut Item| {
        item.name = name.clone().unwrap_or_else(|| item.name.clone());
        item.unit_name = unit_name.clone().or_else(|| item.unit_name.clone());
        Ok(())
    })
}

fn unit_name(name: String) -> Result<String, Problem> {
    text::line(name, "unit_name", text::LONGEST_UNIT_NAME)
}
