//! Everything that is due for a subscription: the boundaries that have come are generated, then the invoices whose grace has
//! run out are closed.
//!
//! Every step finds its own traces and goes on, so that a message that comes twice, late or out of order changes nothing.

use std::collections::BTreeMap;

use billing::catalog::ItemPrice;
use billing::id::{ItemPriceId, SubscriptionId};
use billing::invoice::due_boundary;
use billing::site::Site;
use billing::subscription::{Boundary, Subscription};
use billing::time::Timestamp;
use store::{Attempts, PendingInvoices, Store, StoreError, Stored};

use super::close::{check_order, close};
use super::existing_subscription;
use crate::error::Error;

/// How many boundaries one call generates at most, and how many invoices it closes; the rest stays due. It bounds what a
/// caller waits for, and what one message takes of its batch's time.
const AT_ONCE: u32 = 60;

/// What one call did for a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Boundaries generated.
    pub generated: u32,
    /// Invoices closed, empty ones included.
    pub closed: u32,
}

/// Does everything that is due for a subscription at `now`, in order: generates the boundaries that have come, then
/// closes the invoices whose grace has run out.
///
/// # Errors
/// As every call of the store; what was done before stays done.
pub async fn advance(
    store: &Store,
    site: &Site,
    subscription: &SubscriptionId,
    now: Timestamp,
) -> Result<Advanced, Error> {
    let mut advanced = Advanced::default();
    let Some(mut head) = store.subscription(&site.id, subscription).await? else {
        store.forget_trouble(&site.id, subscription).await?;
        return Ok(advanced);
    };
    let mut attempts = Attempts::default();
    while advanced.generated < AT_ONCE
        && let Some(boundary) = due_boundary(&head.value, now)
    {
        match generate(store, site, &head, boundary, now).await {
            Ok(Some(next)) => {
                head = next;
                advanced.generated += 1;
                continue;
            }
            Ok(None) => attempts.again().await?,
            Err(Error::Store(error)) => attempts.after(error).await?,
            Err(error) => return Err(error),
        }
        head = existing_subscription(store, site, subscription).await?;
    }
    let Subscription { ended, current, .. } = &head.value;
    let PendingInvoices { invoices, mut newest_closed } = store.pending_invoices(&site.id, subscription).await?;
    for pending in invoices {
        // One that was generated after the head was read is left to a call that reads the head as it is then.
        let is_known = *ended || current.is_some_and(|current| pending.value.boundary() <= Some(current.number));
        if !is_known || pending.value.closes_at > now || advanced.closed == AT_ONCE {
            break;
        }
        check_order(store, site, &pending.value, newest_closed).await?;
        newest_closed = close(store, site, &head.value, pending, now).await?.boundary();
        advanced.closed += 1;
    }
    store.forget_trouble(&site.id, subscription).await?;
    Ok(advanced)
}

/// Puts the pending invoice and moves the head on, in one transaction on condition that the head is as read; gives the
/// head as it is then, or `None` where it was changed meanwhile.
async fn generate(
    store: &Store,
    site: &Site,
    head: &Stored<Subscription>,
    boundary: Boundary,
    now: Timestamp,
) -> Result<Option<Stored<Subscription>>, Error> {
    let current = current_prices(store, site, &head.value).await?;
    let generated = billing::invoice::generate(&head.value, boundary, &current, site.grace_seconds, now)?;
    let mut changes = store.changes();
    changes.revise(site, head, &generated.subscription)?;
    if let Some(invoice) = &generated.invoice {
        changes.create(site, invoice, None)?;
    }
    let done = changes.commit().await?.is_done();
    Ok(done.then(|| head.next(generated.subscription)))
}

async fn current_prices(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
) -> Result<BTreeMap<ItemPriceId, ItemPrice>, Error> {
    let mut prices = BTreeMap::new();
    for item in &subscription.items {
        let price = store.get::<ItemPrice>(&site.id, item.item_price_id.as_str()).await?;
        let price = price.ok_or(StoreError::Missing { what: "item price" })?;
        prices.insert(item.item_price_id.clone(), price.value);
    }
    Ok(prices)
}
