//! Features.

use serde::{Deserialize, Serialize};

use crate::id::FeatureId;
use crate::time::Timestamp;

/// What usage is counted against for entitlements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The feature's id.
    pub id: FeatureId,
    /// Its name.
    pub name: String,
    /// When the feature was made.
    pub created_at: Timestamp,
    /// When the feature was last changed.
    pub updated_at: Timestamp,
}
