//! The invoice and line that a usage was billed on: derived from its date, never written on the record.

use std::collections::BTreeMap;

use api::usage_json::{BilledOn, UsageJson, not_billable, usage_json};
use api::{Problem, fault};
use billing::id::InvoiceId;
use billing::invoice::{Invoice, InvoiceStatus};
use billing::site::Site;
use billing::subscription::Subscription;
use store::Standing;

use crate::Deps;

/// Shows usages with where they were billed; reads each invoice once.
pub struct Shower<'a> {
    deps: &'a Deps,
    site: &'a Site,
    subscription: &'a Subscription,
    invoices: BTreeMap<InvoiceId, Option<Invoice>>,
}

impl<'a> Shower<'a> {
    /// For the usages of one subscription.
    pub fn new(deps: &'a Deps, site: &'a Site, subscription: &'a Subscription) -> Shower<'a> {
        Shower { deps, site, subscription, invoices: BTreeMap::new() }
    }

    /// The usage as callers see it.
    pub async fn show(&mut self, standing: &Standing) -> Result<UsageJson, Problem> {
        let billed_on = self.billed_on(standing).await?;
        Ok(usage_json(self.subscription, &standing.record, standing.late, billed_on))
    }

    /// The closed invoice and the line that counted the usage, if one did.
    pub async fn billed_on(&mut self, standing: &Standing) -> Result<Option<BilledOn>, Problem> {
        let record = &standing.record;
        let Some(item) = self.subscription.item(&record.item_price_id) else { return Ok(None) };
        if !item.metered || not_billable(self.subscription, record, standing.late).is_some() {
            return Ok(None);
        }
        // A date that has no period has no invoice either.
        let number = self.subscription.period_at(record.key.date).ok().flatten().map(|(number, _)| number);
        let boundary = number.and_then(|number| number.checked_add(1)).and_then(|number| u32::try_from(number).ok());
        let Some(boundary) = boundary.filter(|boundary| *boundary > 0) else { return Ok(None) };
        let id = InvoiceId::of(&self.subscription.id, boundary);
        let Some(invoice) = self.closed_invoice(&id).await? else { return Ok(None) };
        let counted = invoice.ended.is_some_and(|period| period.contains(record.key.date))
            && invoice
                .closing
                .iter()
                .flat_map(|closing| &closing.lines)
                .any(|line| line.subscription_item_id == item.id && line.usage_count.is_some());
        Ok(counted.then(|| BilledOn { line_item_id: invoice.line_id(&item.id), invoice_id: id }))
    }

    /// The invoice, where it is closed and numbered.
    pub async fn closed_invoice(&mut self, id: &InvoiceId) -> Result<Option<&Invoice>, Problem> {
        if !self.invoices.contains_key(id) {
            let found = self.deps.store.invoice(&self.site.id, id).await.map_err(fault)?;
            let closed = found.map(|stored| stored.value);
            let closed = closed.filter(|i| matches!(i.status, InvoiceStatus::PaymentDue | InvoiceStatus::Paid));
            self.invoices.insert(id.clone(), closed);
        }
        Ok(self.invoices.get(id).and_then(Option::as_ref))
    }
}
