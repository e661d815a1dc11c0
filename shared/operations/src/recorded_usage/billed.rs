//! Where usages were billed.

use std::collections::BTreeMap;

use billing::id::InvoiceId;
use billing::invoice::{BilledOn, Invoice, due_on};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::Subscription;
use store::{Standing, Store};

use super::RecordedUsage;
use crate::error::failed;

/// Finds where the usages of one subscription were billed; reads each invoice once.
pub(super) struct ClosedInvoices<'a> {
    store: &'a Store,
    site: &'a Site,
    subscription: &'a Subscription,
    invoices: BTreeMap<InvoiceId, Option<Invoice>>,
}

impl<'a> ClosedInvoices<'a> {
    /// Those of a subscription, none of them read yet.
    pub(super) fn new(store: &'a Store, site: &'a Site, subscription: &'a Subscription) -> ClosedInvoices<'a> {
        ClosedInvoices { store, site, subscription, invoices: BTreeMap::new() }
    }

    /// The usages with where they were billed.
    pub(super) async fn show(&mut self, usages: Vec<Standing>) -> Result<Vec<RecordedUsage>, Refusal> {
        let mut shown = Vec::with_capacity(usages.len());
        for standing in usages {
            let billed_on = self.billed_on(&standing).await?;
            shown.push(RecordedUsage { standing, billed_on });
        }
        Ok(shown)
    }

    /// The closed invoice and the line that counted the usage, if one did.
    pub(super) async fn billed_on(&mut self, standing: &Standing) -> Result<Option<BilledOn>, Refusal> {
        let Standing { record, late } = standing;
        let Some((id, item)) = due_on(self.subscription, record, *late) else { return Ok(None) };
        let invoice = self.closed_invoice(&id).await?;
        Ok(invoice.and_then(|invoice| invoice.billed(item, record.key.date)))
    }

    /// The invoice, where it is closed and numbered.
    pub(super) async fn closed_invoice(&mut self, id: &InvoiceId) -> Result<Option<&Invoice>, Refusal> {
        if !self.invoices.contains_key(id) {
            let found = self.store.invoice(&self.site.id, id).await.map_err(failed)?;
            let closed = found.map(|stored| stored.value);
            let closed = closed.filter(|i| i.status.standing().bills);
            self.invoices.insert(id.clone(), closed);
        }
        Ok(self.invoices.get(id).and_then(Option::as_ref))
    }
}
