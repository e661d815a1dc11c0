//! Closing an invoice: the pages of the ended period are sealed, the usage is rated, and what comes of it is frozen.

use billing::catalog::Customer;
use billing::id::InvoiceId;
use billing::invoice::{Closing, Invoice, InvoiceStatus, Rated};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use serde_json::to_string;
use store::{Attempts, PendingInvoices, Reading, Store, StoreError, Stored};

use super::existing_subscription;
use super::rate::rate;
use super::read::{Shown, shown};
use crate::document::not_found;
use crate::error::{Error, failed, unrated};

/// The most bytes that an invoice may take as JSON, with its items, lines and taxes: an item of the table has 400 KB, and
/// what else stands in it needs some too.
const LARGEST_INVOICE: usize = 350_000;

/// What became of a request to close an invoice.
#[derive(Clone, Debug)]
pub enum Close {
    /// It is closed, now or since before.
    Closed(Box<Shown>),
    /// An earlier invoice of the subscription has to be closed first.
    EarlierPending(InvoiceId),
}

/// Closes a pending invoice now; the earlier ones of its subscription have to be closed before.
///
/// # Errors
/// `NotFound` where there is none, `Invalid` where it cannot be rated; after `Unavailable`, a second call goes on where the
/// first one stopped.
pub async fn close_invoice(store: &Store, site: &Site, id: &InvoiceId, now: Timestamp) -> Result<Close, Refusal> {
    let invoice = store.invoice(&site.id, id).await.map_err(failed)?.ok_or_else(|| not_found("invoice", id))?;
    if !invoice.value.status.is_pending() {
        return shown(store, site, invoice.value).await.map(|shown| Close::Closed(Box::new(shown)));
    }
    match close_in_order(store, site, invoice, now).await.map_err(unrated)? {
        Ok(closed) => shown(store, site, closed).await.map(|shown| Close::Closed(Box::new(shown))),
        Err(earlier) => Ok(Close::EarlierPending(earlier)),
    }
}

/// Closes a pending invoice; the inner error is the earlier one that has to be closed first.
async fn close_in_order(
    store: &Store,
    site: &Site,
    invoice: Stored<Invoice>,
    now: Timestamp,
) -> Result<Result<Invoice, InvoiceId>, Error> {
    let Some(subscription_id) = invoice.value.subscription_id().cloned() else {
        return Err(StoreError::Missing { what: "subscription" }.into());
    };
    let PendingInvoices { invoices, newest_closed } = store.pending_invoices(&site.id, &subscription_id).await?;
    if let Some(earlier) = invoices.first().filter(|first| first.value.boundary() < invoice.value.boundary()) {
        return Ok(Err(earlier.value.id()));
    }
    check_order(store, site, &invoice.value, newest_closed).await?;
    let head = existing_subscription(store, site, &subscription_id).await?;
    let closed = close(store, site, &head.value, invoice, now).await?;
    store.forget_trouble(&site.id, &subscription_id).await?;
    Ok(Ok(closed))
}

/// Seals, rates and freezes an invoice; one that somebody else closed meanwhile is given as it stands.
///
/// The head has to say what it said when the invoice was generated: later ones say the same of periods that have ended,
/// and what is billed in advance does not depend on it.
pub(super) async fn close(
    store: &Store,
    site: &Site,
    head: &Subscription,
    invoice: Stored<Invoice>,
    now: Timestamp,
) -> Result<Invoice, Error> {
    // Sealing cannot be undone: what cannot be rated stays open, so that its cause can be corrected.
    let trial = rate_for_good(store, site, head, &invoice.value, Reading::default()).await?;
    let parts = [to_string(&invoice.value), to_string(&trial.lines), to_string(&trial.tax)];
    // What cannot be written would not be frozen either.
    let bytes = parts.iter().map(|part| part.as_ref().map_or(usize::MAX, String::len)).fold(0, usize::saturating_add);
    if bytes > LARGEST_INVOICE {
        return Err(Error::TooLarge { what: "invoice" });
    }
    let sealing = Reading { seals: invoice.value.ended_number(), ..Reading::default() };
    let rated = rate_for_good(store, site, head, &invoice.value, sealing).await?;
    let customer = store
        .get::<Customer>(&site.id, invoice.value.customer_id.as_str())
        .await?
        .ok_or(StoreError::Missing { what: "customer" })?
        .value;
    let mut attempts = Attempts::default();
    loop {
        match freeze(store, site, &invoice, &rated, &customer, now).await {
            Ok(Some(closed)) => return Ok(closed),
            Ok(None) => attempts.again().await?,
            Err(Error::Store(error)) => attempts.after(error).await?,
            Err(error) => return Err(error),
        }
        let stands = store.invoice(&site.id, &invoice.value.id()).await?;
        if let Some(stands) = stands.filter(|stands| !stands.value.status.is_pending()) {
            return Ok(stands.value);
        }
    }
}

/// Invoices are closed in order. The list of pending ones comes from a query, which may miss one whose transaction is half
/// visible; this read does not, and is not needed where the one before is the newest closed one.
pub(super) async fn check_order(
    store: &Store,
    site: &Site,
    invoice: &Invoice,
    newest_closed: Option<u32>,
) -> Result<(), Error> {
    let before = invoice.ended_number().filter(|before| newest_closed != Some(*before));
    let Some((subscription_id, before)) = invoice.subscription_id().zip(before) else { return Ok(()) };
    match store.settled_invoice(&site.id, subscription_id, before).await? {
        Some(stands) if stands.value.status.is_pending() => Err(StoreError::Contended.into()),
        _ => Ok(()),
    }
}

/// Rates the usage that is to be billed. Where a record that slipped in before the seal has no price, only its deletion
/// or correction can get the invoice closed, and that comes late by now: here, and only here, it counts.
async fn rate_for_good(
    store: &Store,
    site: &Site,
    head: &Subscription,
    invoice: &Invoice,
    reading: Reading,
) -> Result<Rated, Error> {
    match rate(store, site, head, invoice, reading).await {
        Err(Error::Billing(_)) if invoice.ended.is_some() => {
            rate(store, site, head, invoice, Reading { without_late: true, ..reading }).await
        }
        rated => rated,
    }
}

/// Gives the invoice its number and freezes it, in one transaction; `None` where somebody else took the number or
/// changed the invoice.
async fn freeze(
    store: &Store,
    site: &Site,
    invoice: &Stored<Invoice>,
    rated: &Rated,
    customer: &Customer,
    now: Timestamp,
) -> Result<Option<Invoice>, Error> {
    let mut closed = invoice.value.clone();
    let mut number_of_customer = None;
    let mut changes = store.changes();
    if !rated.lines.is_empty() {
        let prefix = customer.invoice_prefix();
        let last = store.last_invoice_number(&site.id, prefix).await?;
        changes.count_invoice(site, prefix, last)?;
        number_of_customer = Some(format!("{prefix}-{}", last.saturating_add(1)));
    }
    closed.status = InvoiceStatus::closed(!rated.lines.is_empty(), rated.total.is_zero());
    closed.closing = Some(Closing {
        closed_at: now,
        number: number_of_customer,
        due_date: customer.payment_terms.due_date(now, site.time_zone),
        lines: rated.lines.clone(),
        tax: rated.tax.clone(),
        total: rated.total.to_string(),
    });
    changes.revise(site, invoice, &closed)?;
    Ok(changes.commit().await?.is_done().then_some(closed))
}
