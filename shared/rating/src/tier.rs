//! One tier of a tiered, volume or stairstep price, as it is written.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::quantity::Quantity;

/// The most tiers that a price may have.
pub const MOST_TIERS: usize = 100;

/// One band of a price; it begins behind the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Where the tier ends, inclusive; absent where it is open.
    #[serde(default)]
    pub up_to: Option<Quantity>,
    /// The price of one unit, or of one package where there is a package size; 0 if not said.
    #[serde(default)]
    pub unit_amount: Amount,
    /// What is added once; 0 if not said.
    #[serde(default)]
    pub flat_amount: Amount,
    /// How many units are sold together; the last package is charged whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_size: Option<Quantity>,
}
