//! Closing carried out: generate at a boundary, seal, rate, freeze. Every step finds its own traces and goes on, so a
//! message that comes twice, late or out of order changes nothing.

use std::collections::BTreeMap;

use billing::catalog::{Customer, ItemPrice};
use billing::closing::{due_boundary, generate};
use billing::id::{InvoiceId, ItemPriceId, SubscriptionId};
use billing::invoice::{Closing, Invoice, InvoiceStatus, Rated};
use billing::site::Site;
use billing::subscription::{Boundary, Subscription};
use billing::timestamp::Timestamp;

use crate::Store;
use crate::document::{Stored, revision_values, stored, to_json};
use crate::error::StoreError;
use crate::invoice::{Pending, pending_item};
use crate::key;
use crate::retry::Attempts;
use crate::table::{Item, Transacted, get_number, number};
use crate::usage::Reading;

/// How many boundaries one call generates at most, and how many invoices it closes; the rest stays due. It bounds what a
/// caller waits for, and what one message takes of its batch's time.
const AT_ONCE: u32 = 60;

/// The most bytes that an invoice may take as JSON, with its items, lines and taxes: an item of the table has 400 KB, and
/// what else stands in it needs some too.
const LARGEST_INVOICE: usize = 350_000;

/// What one call did for a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Boundaries generated.
    pub generated: u32,
    /// Invoices closed, empty ones included.
    pub closed: u32,
}

/// What became of a request to close an invoice.
#[derive(Clone, Debug)]
pub enum Close {
    /// It is closed now.
    Closed(Invoice),
    /// It was closed before.
    AlreadyClosed(Invoice),
    /// An earlier invoice of the subscription has to be closed first.
    EarlierPending(InvoiceId),
    /// There is no such invoice.
    NotFound,
}

impl Store {
    /// Does everything that is due for a subscription at `now`, in order: generates the boundaries that have come, then
    /// closes the invoices whose grace has run out.
    ///
    /// # Errors
    /// As every call of the store; what was done before stays done.
    pub async fn advance(
        &self,
        site: &Site,
        subscription: &SubscriptionId,
        now: Timestamp,
    ) -> Result<Advanced, StoreError> {
        let mut advanced = Advanced::default();
        let Some(mut head) = self.subscription(&site.id, subscription).await? else {
            self.forget_trouble(&site.id, subscription).await?;
            return Ok(advanced);
        };
        let mut attempts = Attempts::default();
        while advanced.generated < AT_ONCE
            && let Some(boundary) = due_boundary(&head.value, now)
        {
            match self.generate(site, &head, boundary, now).await {
                Ok(Some(next)) => {
                    head = next;
                    advanced.generated += 1;
                    continue;
                }
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
            head = self.existing_subscription(site, subscription).await?;
        }
        let Subscription { ended, current, .. } = &head.value;
        let Pending { invoices, mut newest_closed } = self.pending_invoices(&site.id, subscription).await?;
        for pending in invoices {
            // One that was generated after the head was read is left to a call that reads the head as it is then.
            let is_known = *ended || current.is_some_and(|current| pending.value.boundary <= current.number);
            if !is_known || pending.value.closes_at > now || advanced.closed == AT_ONCE {
                break;
            }
            self.check_order(site, &pending.value, newest_closed).await?;
            newest_closed = Some(self.close(site, &head.value, pending, now).await?.boundary);
            advanced.closed += 1;
        }
        self.forget_trouble(&site.id, subscription).await?;
        Ok(advanced)
    }

    /// Closes a pending invoice now; the earlier ones of its subscription have to be closed before.
    ///
    /// # Errors
    /// As every call of the store; a second call goes on where the first one stopped.
    pub async fn close_invoice(&self, site: &Site, id: &InvoiceId, now: Timestamp) -> Result<Close, StoreError> {
        let Some(invoice) = self.invoice(&site.id, id).await? else { return Ok(Close::NotFound) };
        if invoice.value.status != InvoiceStatus::Pending {
            return Ok(Close::AlreadyClosed(invoice.value));
        }
        let Pending { invoices, newest_closed } =
            self.pending_invoices(&site.id, &invoice.value.subscription_id).await?;
        if let Some(earlier) = invoices.first().filter(|first| first.value.boundary < invoice.value.boundary) {
            return Ok(Close::EarlierPending(earlier.value.id()));
        }
        self.check_order(site, &invoice.value, newest_closed).await?;
        let head = self.existing_subscription(site, &invoice.value.subscription_id).await?;
        let closed = self.close(site, &head.value, invoice, now).await?;
        self.forget_trouble(&site.id, &closed.subscription_id).await?;
        Ok(Close::Closed(closed))
    }

    /// Puts the pending invoice and moves the head on, in one transaction on condition that the head is as read; gives the
    /// head as it is then, or `None` where it was changed meanwhile.
    async fn generate(
        &self,
        site: &Site,
        head: &Stored<Subscription>,
        boundary: Boundary,
        now: Timestamp,
    ) -> Result<Option<Stored<Subscription>>, StoreError> {
        let current = self.current_prices(site, &head.value).await?;
        let generated = generate(&head.value, boundary, &current, site.grace_seconds, now)?;
        let mut writes = vec![self.revise_head(site, head, &generated.subscription)?];
        if let Some(invoice) = &generated.invoice {
            writes.push(self.table.put_new(pending_item(site, invoice)?)?);
        }
        let next = Stored { value: generated.subscription, revision: head.revision.saturating_add(1) };
        Ok(matches!(self.table.transact(writes).await?, Transacted::Done).then_some(next))
    }

    async fn current_prices(
        &self,
        site: &Site,
        subscription: &Subscription,
    ) -> Result<BTreeMap<ItemPriceId, ItemPrice>, StoreError> {
        let mut prices = BTreeMap::new();
        for item in &subscription.items {
            let price = self.get::<ItemPrice>(&site.id, item.item_price_id.as_str()).await?;
            let price = price.ok_or(StoreError::Missing { what: "item price" })?;
            prices.insert(item.item_price_id.clone(), price.value);
        }
        Ok(prices)
    }

    /// Seals, rates and freezes an invoice; one that somebody else closed meanwhile is given as it stands.
    ///
    /// The head has to say what it said when the invoice was generated: later ones say the same of periods that have ended,
    /// and what is billed in advance does not depend on it.
    async fn close(
        &self,
        site: &Site,
        head: &Subscription,
        invoice: Stored<Invoice>,
        now: Timestamp,
    ) -> Result<Invoice, StoreError> {
        // Sealing cannot be undone: what cannot be rated stays open, so that its cause can be corrected.
        let trial = self.rate_for_good(site, head, &invoice.value, Reading::default()).await?;
        let parts = [to_json(&invoice.value)?, to_json(&trial.lines)?, to_json(&trial.tax)?];
        if parts.iter().map(String::len).sum::<usize>() > LARGEST_INVOICE {
            return Err(StoreError::TooLarge { what: "invoice" });
        }
        let sealing = Reading { seals: invoice.value.ended_number(), ..Reading::default() };
        let rated = self.rate_for_good(site, head, &invoice.value, sealing).await?;
        let customer = self
            .get::<Customer>(&site.id, invoice.value.customer_id.as_str())
            .await?
            .ok_or(StoreError::Missing { what: "customer" })?
            .value;
        let mut attempts = Attempts::default();
        loop {
            match self.freeze(site, &invoice, &rated, &customer, now).await {
                Ok(Some(closed)) => return Ok(closed),
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
            let stands = self.invoice(&site.id, &invoice.value.id()).await?;
            if let Some(stands) = stands.filter(|stands| stands.value.status != InvoiceStatus::Pending) {
                return Ok(stands.value);
            }
        }
    }

    /// Invoices are closed in order. The list of pending ones comes from a query, which may miss one whose transaction is half
    /// visible; this read does not, and is not needed where the one before is the newest closed one.
    async fn check_order(&self, site: &Site, invoice: &Invoice, newest_closed: Option<u32>) -> Result<(), StoreError> {
        let before = invoice.boundary.checked_sub(1).filter(|before| newest_closed != Some(*before));
        let Some(before) = before else { return Ok(()) };
        let key = key::invoice(&site.id, &invoice.subscription_id, before);
        let Some(item) = self.table.get_settled(&key).await? else { return Ok(()) };
        match stored::<Invoice>(&item, "invoice")?.value.status {
            InvoiceStatus::Pending => Err(StoreError::Contended),
            _ => Ok(()),
        }
    }

    /// Rates the usage that is to be billed. Where a record that slipped in before the seal has no price, only its deletion
    /// or correction can get the invoice closed, and that comes late by now: here, and only here, it counts.
    async fn rate_for_good(
        &self,
        site: &Site,
        head: &Subscription,
        invoice: &Invoice,
        reading: Reading,
    ) -> Result<Rated, StoreError> {
        match self.rate(site, head, invoice, reading).await {
            Err(StoreError::Billing(_)) if invoice.ended.is_some() => {
                self.rate(site, head, invoice, Reading { without_late: true, ..reading }).await
            }
            rated => rated,
        }
    }

    /// Gives the invoice its number and freezes it, in one transaction; `None` where somebody else took the number or
    /// changed the invoice.
    async fn freeze(
        &self,
        site: &Site,
        invoice: &Stored<Invoice>,
        rated: &Rated,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Option<Invoice>, StoreError> {
        let mut closed = invoice.value.clone();
        let mut number_of_customer = None;
        let mut writes = Vec::new();
        if !rated.lines.is_empty() {
            let prefix = customer.invoice_prefix();
            let count_key = key::invoice_count(&site.id, prefix);
            let last: u64 =
                self.table.get(&count_key, true).await?.and_then(|item| get_number(&item, "N")).unwrap_or(0);
            let next = last.saturating_add(1);
            number_of_customer = Some(format!("{prefix}-{next}"));
            let mut values = Item::from([(":next".to_owned(), number(next))]);
            let condition = if last == 0 {
                "attribute_not_exists(N)"
            } else {
                values.insert(":last".to_owned(), number(last));
                "N = :last"
            };
            writes.push(self.table.update(&count_key, "SET N = :next", condition, values)?);
        }
        closed.status = match (rated.lines.is_empty(), rated.total.is_zero()) {
            (true, _) => InvoiceStatus::Empty,
            (false, true) => InvoiceStatus::Paid,
            (false, false) => InvoiceStatus::PaymentDue,
        };
        closed.closing = Some(Closing {
            closed_at: now,
            number: number_of_customer,
            due_date: customer.payment_terms.due_date(now, site.time_zone),
            lines: rated.lines.clone(),
            tax: rated.tax.clone(),
            total: rated.total.to_string(),
        });
        let update = match closed.status {
            InvoiceStatus::Empty => "SET D = :document, R = :next REMOVE due_shard, due_at, list_of, list_key",
            _ => "SET D = :document, R = :next REMOVE due_shard, due_at",
        };
        let key = key::invoice(&site.id, &closed.subscription_id, closed.boundary);
        let values = revision_values(&closed, invoice.revision)?;
        writes.push(self.table.update(&key, update, "R = :revision", values)?);
        Ok(matches!(self.table.transact(writes).await?, Transacted::Done).then_some(closed))
    }
}
