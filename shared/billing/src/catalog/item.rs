//! Items.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ItemId;
use crate::time::Timestamp;

/// The kind of an item; only recurring ones (plans and addons) can be metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemType {
    /// The base of a subscription.
    Plan,
    /// What recurs beside a plan.
    Addon,
}

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The item's id.
    pub id: ItemId,
    /// The name that stands on invoice lines.
    pub name: String,
    /// Plan or addon.
    #[serde(rename = "type")]
    pub item_type: ItemType,
    /// What one unit is called: minute, GB, seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// When the item was made.
    pub created_at: Timestamp,
    /// When the item was last changed.
    pub updated_at: Timestamp,
}
