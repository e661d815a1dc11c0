//! Invoices: one item each, with its places in the due index and in the site's list.

use billing::id::{CustomerId, InvoiceId, SiteId, SubscriptionId};
use billing::invoice::{Invoice, InvoiceOwner};
use billing::site::Site;

use crate::Store;
use crate::document::{Document, Page, Stored, stored};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::subscription::due_at;
use crate::table::{Ask, Item, get_number, get_text, text};

/// The pending invoices of a subscription, as far as a query shows them: it may miss one that is just being generated.
#[derive(Clone, Debug)]
pub struct PendingInvoices {
    /// The oldest first. They are closed in order, so all of them are newer than any closed one.
    pub invoices: Vec<Stored<Invoice>>,
    /// The boundary of the newest closed one.
    pub newest_closed: Option<u32>,
}

impl Store {
    /// Reads an invoice, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn invoice(&self, site: &SiteId, id: &InvoiceId) -> Result<Option<Stored<Invoice>>, StoreError> {
        let Some(owner) = InvoiceOwner::of(id) else { return Ok(None) };
        let item = self.table.get(&key::invoice(site, &owner), true).await?;
        let found: Option<Stored<Invoice>> = item.map(|item| stored(&item, "invoice")).transpose()?;
        match (&owner, found) {
            // A boundary's current revision stands in its place, and has moved the ones before it aside.
            (InvoiceOwner::Boundary { .. }, Some(current)) if current.value.owner != owner => {
                let item = self.table.get(&key::earlier_revision(site, &owner), true).await?;
                item.map(|item| stored(&item, "invoice")).transpose()
            }
            (_, found) => Ok(found),
        }
    }

    /// A part of the invoices of a site, a customer or a subscription; empty ones are left out.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn invoices(
        &self,
        site: &SiteId,
        customer: Option<&CustomerId>,
        subscription: Option<&SubscriptionId>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Invoice>, StoreError> {
        let listed = match subscription {
            Some(subscription) => {
                let partition = key::subscription_partition(site, subscription);
                self.list_partition(&partition, key::INVOICE, cursor, limit).await?
            }
            None => {
                let prefix = customer.map_or_else(String::new, |customer| format!("{customer}#"));
                self.list_index(&key::invoices_list(site), &prefix, cursor, limit).await?
            }
        };
        let mut items = Vec::new();
        for item in &listed.items {
            let invoice: Invoice = stored(item, "invoice")?.value;
            let wanted = customer.is_none_or(|customer| invoice.customer_id == *customer);
            if wanted && invoice.status.standing().is_listed {
                items.push(invoice);
            }
        }
        Ok(Page { items, next: listed.next })
    }

    /// Reads an invoice of a subscription by its boundary, also where the transaction that put it is half visible.
    ///
    /// # Errors
    /// `Busy` where a transaction is about to write it.
    pub async fn settled_invoice(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        boundary: u32,
    ) -> Result<Option<Stored<Invoice>>, StoreError> {
        let item = self.table.get_settled(&key::boundary_invoice(site, subscription, boundary)).await?;
        item.map(|item| stored(&item, "invoice")).transpose()
    }

    /// The last number that an invoice with the prefix got; 0 before the first one.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn last_invoice_number(&self, site: &SiteId, prefix: &str) -> Result<u64, StoreError> {
        let count = self.table.get(&key::invoice_count(site, prefix), true).await?;
        Ok(count.and_then(|item| get_number(&item, "N")).unwrap_or(0))
    }

    /// The subscription's pending invoices.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn pending_invoices(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
    ) -> Result<PendingInvoices, StoreError> {
        const AT_A_TIME: usize = 10;
        let ask = Ask {
            partition: key::subscription_partition(site, subscription),
            from: key::INVOICE.to_owned(),
            to: key::BEHIND_INVOICES.to_owned(),
            backward: true,
            consistent: true,
            limit: Some(AT_A_TIME),
            ..Ask::default()
        };
        let (mut invoices, mut newest_closed) = (Vec::new(), None);
        let mut next = None;
        'newest_first: loop {
            let (items, after) = self.table.query_once(&ask, next).await?;
            for item in items.iter().filter(|item| !get_text(item, "SK").is_some_and(key::is_earlier_revision)) {
                let invoice: Stored<Invoice> = stored(item, "invoice")?;
                if !invoice.value.status.is_pending() {
                    newest_closed = invoice.value.boundary();
                    break 'newest_first;
                }
                invoices.push(invoice);
            }
            match after {
                Some(after) => next = Some(after),
                None => break,
            }
        }
        invoices.reverse();
        Ok(PendingInvoices { invoices, newest_closed })
    }
}

impl Document for Invoice {
    const NOUN: &'static str = "invoice";

    const INDEXED: &'static [&'static str] = &["due_shard", "due_at", "list_of", "list_key"];

    fn key(&self, site: &SiteId) -> Key {
        key::invoice(site, &self.owner)
    }

    /// A pending one is due when it closes by itself; what lists do not show is in none.
    fn indexes(&self, site: &Site) -> Item {
        let standing = self.status.standing();
        let mut item = Item::new();
        if let Some(subscription_id) = self.subscription_id().filter(|_| standing.is_rated_live) {
            item.extend(due_at(site, subscription_id, self.closes_at.millis()));
        }
        if standing.is_listed {
            let customer = self.customer_id.as_str();
            let place = key::invoice_list_key(customer, self.generated_at.millis(), &self.id());
            item.insert("list_of".into(), text(key::invoices_list(&site.id)));
            item.insert("list_key".into(), text(place));
        }
        item
    }
}
