//! Items: what is sold.

use api::openapi::{CREATED_ONCE, Operation};
use api::{Call, Problem, request_digest};
use billing::catalog::{Item, ItemType};
use billing::id::ItemId;
use billing::time::Timestamp;
use lambda_http::{Body, Response};
use operations::catalogue;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::documents::{self, Examples, Shown, Words};
use crate::{Deps, Route};

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

/// Creates an item.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id or the idempotency key stands for another content.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewItem = call.json()?;
    let named = new.id.is_some();
    let digest = request_digest(&json!({
        "id": new.id,
        "name": new.name,
        "type": new.item_type,
        "unit_name": new.unit_name,
    }));
    let creation = documents::creation::<Item>(call, digest, named)?;
    let asked = catalogue::NewItem { id: new.id, name: new.name, item_type: new.item_type, unit_name: new.unit_name };
    let created = catalogue::create_item(&deps.store, call.site()?, asked, &creation, call.now).await?;
    documents::created(created, named)
}

/// Reads the item that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let found = catalogue::item(&deps.store, call.site()?, &call.param("id")?).await?;
    Ok(documents::shown(&found))
}

/// Changes the item that the path names; what stays as it was is not written.
///
/// # Errors
/// 404 where there is none, 422 naming what is wrong, 503 where others kept changing it.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: ItemChange = call.json()?;
    let asked = catalogue::ItemChange { name: change.name, unit_name: change.unit_name };
    let changed = catalogue::change_item(&deps.store, call.site()?, &call.param("id")?, asked, call.now).await?;
    Ok(documents::shown(&changed))
}

/// Lists items, a page at a time.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = catalogue::items(&deps.store, call.site()?, cursor, limit).await?;
    Ok(documents::listed(&page))
}

impl Shown for Item {
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
}

/// Describes the routes of items.
pub fn operations() -> [Operation; 4] {
    let words = Words {
        tag: "Items",
        paths: ["/v1/items", "/v1/items/{id}"],
        ids: ["createItem", "listItems", "getItem", "updateItem"],
        summaries: ["Create an item", "List items", "Read an item", "Change an item"],
        abouts: [
            CREATED_ONCE,
            "Lists items by id.",
            "Reads one item.",
            "Changes what is sent, and leaves the rest. A new name of the unit is that of prices made from then on.",
        ],
    };
    let examples = Examples {
        id: "storage",
        new: json!({ "id": "storage", "name": "Storage", "type": "plan", "unit_name": "GB" }),
        change: json!({ "unit_name": "GB" }),
        body: json!({
            "id": "storage",
            "name": "Storage",
            "type": "plan",
            "unit_name": "GB",
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    documents::operations::<ItemId, NewItem, ItemChange, ItemBody<'static>>(&words, examples)
}
