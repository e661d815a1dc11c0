//! Where a line of an invoice comes from.

use serde::{Deserialize, Serialize};

/// Where a line of an invoice comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineSource {
    /// Recorded usage of a metered price.
    Usage,
    /// A price that is not metered: what was agreed on.
    Agreed,
    /// A pending line item of the customer or the subscription.
    Pending,
    /// A charge that was posted as a price and a description.
    Posted,
    /// Late usage of a period that another invoice billed.
    Adjustment,
    /// A debt of another invoice.
    Carried,
    /// What is missing to a sum that was committed to.
    Commitment,
}
