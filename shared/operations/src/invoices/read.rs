//! Reading invoices: one, or a list of them, each with what it says.

use billing::id::{CustomerId, InvoiceId, SubscriptionId};
use billing::invoice::{Invoice, InvoiceStatus, Rated};
use billing::refusal::Refusal;
use billing::site::Site;
use futures_util::future::try_join_all;
use store::{Page, Store};

use super::rate::rated;
use crate::document::not_found;
use crate::error::{Error, failed, unrated_reason};

/// How many pages a list by status looks through for one answer; what is left is reached by the cursor.
const MOST_PAGES: usize = 20;

/// An invoice with what it says: what it would say if it were closed now, or what was frozen.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The invoice.
    pub invoice: Invoice,
    /// Its lines and amounts, or why it cannot be rated: such an invoice hides no other one of a list.
    pub rated: Result<Rated, String>,
}

/// Which invoices are asked for.
#[derive(Clone, Debug, Default)]
pub struct InvoiceFilter {
    /// Those of a customer.
    pub customer: Option<CustomerId>,
    /// Those of a subscription.
    pub subscription: Option<SubscriptionId>,
    /// Those that stand there.
    pub status: Option<InvoiceStatus>,
}

/// Reads an invoice, also an empty one.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn invoice(store: &Store, site: &Site, id: &InvoiceId) -> Result<Shown, Refusal> {
    let stored = store.invoice(&site.id, id).await.map_err(failed)?;
    shown(store, site, stored.ok_or_else(|| not_found("invoice", id))?.value).await
}

/// A part of the invoices that are asked for, empty ones left out.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn invoices(
    store: &Store,
    site: &Site,
    filter: &InvoiceFilter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Shown>, Refusal> {
    let (customer, subscription) = (filter.customer.as_ref(), filter.subscription.as_ref());
    let mut next = cursor.map(str::to_owned);
    let mut found: Vec<Invoice> = Vec::new();
    for _ in 0..MOST_PAGES {
        // Never more than there is room for: a cursor lies behind a whole page.
        let room = limit.saturating_sub(found.len());
        let page = store.invoices(&site.id, customer, subscription, next.as_deref(), room).await.map_err(failed)?;
        let wanted = |invoice: &Invoice| filter.status.is_none_or(|status| invoice.status == status);
        found.extend(page.items.into_iter().filter(wanted));
        next = page.next;
        if next.is_none() || found.len() >= limit {
            break;
        }
    }
    let items = try_join_all(found.into_iter().map(|invoice| shown(store, site, invoice))).await?;
    Ok(Page { items, next })
}

/// The invoice with what it says.
///
/// # Errors
/// `Unavailable` where the storage is busy.
pub async fn shown(store: &Store, site: &Site, invoice: Invoice) -> Result<Shown, Refusal> {
    let rated = match rated(store, site, &invoice).await {
        Ok(rated) => Ok(rated),
        Err(Error::Billing(error)) => Err(unrated_reason(&error)),
        Err(error) => return Err(error.into()),
    };
    Ok(Shown { invoice, rated })
}
