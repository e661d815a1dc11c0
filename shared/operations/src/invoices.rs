//! Invoices: generated at a boundary, rated, closed, read.

mod advance;
mod close;
mod held;
mod rate;
mod read;

pub use advance::{Advanced, advance};
pub use close::{Close, close_invoice};
pub(crate) use held::carried_over;
pub use rate::rated;
pub use read::{InvoiceFilter, Shown, invoice, invoices, shown};

use billing::id::SubscriptionId;
use billing::site::Site;
use billing::subscription::Subscription;
use store::{Store, StoreError, Stored};

/// Reads, strongly, a subscription that something else names.
async fn existing_subscription(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
) -> Result<Stored<Subscription>, StoreError> {
    store.subscription(&site.id, id).await?.ok_or(StoreError::Missing { what: "subscription" })
}
