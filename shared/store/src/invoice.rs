//! Invoices as they are kept, and as they are rated live while they are pending.

use std::collections::BTreeMap;

use billing::catalog::ItemPrice;
use billing::error::BillingError;
use billing::id::{CustomerId, InvoiceId, ItemPriceId, SiteId, SubscriptionId};
use billing::invoice::{Invoice, InvoiceStatus, Rated};
use billing::invoice_meter::{InvoiceMeter, Terms};
use billing::site::Site;
use billing::subscription::{CurrentPeriod, Subscription};
use rating::{Money, Number};

use crate::Store;
use crate::document::{Page, Stored, stored, to_json};
use crate::error::StoreError;
use crate::key;
use crate::subscription::due_at;
use crate::table::{Ask, DOCUMENT, Item, REVISION, keyed, number, text};
use crate::usage::Reading;

/// The pending invoices of a subscription, as far as a query shows them: it may miss one that is just being generated.
pub(crate) struct Pending {
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
        let Some((subscription, boundary)) = id.parts() else { return Ok(None) };
        let item = self.table.get(&key::invoice(site, &subscription, boundary), true).await?;
        item.map(|item| stored(&item, "invoice")).transpose()
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
            if wanted && invoice.status != InvoiceStatus::Empty {
                items.push(invoice);
            }
        }
        Ok(Page { items, next: listed.next })
    }

    /// What the invoice says: rated live from the pages while it is pending, as it was frozen afterwards.
    ///
    /// # Errors
    /// `Billing` where an amount is not representable.
    pub async fn rated(&self, site: &Site, invoice: &Invoice) -> Result<Rated, StoreError> {
        if let Some(closing) = &invoice.closing {
            let total = Money::parse(&closing.total, invoice.currency_code).map_err(BillingError::Total)?;
            return Ok(Rated { lines: closing.lines.clone(), tax: closing.tax.clone(), total });
        }
        let head = self.existing_subscription(site, &invoice.subscription_id).await?;
        self.rate(site, &head.value, invoice, Reading::default()).await
    }

    /// Rates an invoice by the usage of the ended period, which is read, and sealed where that is asked for, price by price.
    /// A record is taken as it comes and not kept.
    pub(crate) async fn rate(
        &self,
        site: &Site,
        head: &Subscription,
        invoice: &Invoice,
        reading: Reading,
    ) -> Result<Rated, StoreError> {
        let prices = self.invoice_prices(&site.id, invoice).await?;
        let carried_over = self.carried_over_to(site, head, invoice).await?;
        let terms = Terms { subscription: head, prices: &prices, carried_over: &carried_over, site };
        let mut meter = InvoiceMeter::new(invoice, terms)?;
        if let Some(period) = invoice.ended {
            let seals = reading.seals.is_some();
            for item in invoice.sealed_prices().filter(|item| item.metered || seals) {
                let pages = self.pages(&site.id, &invoice.subscription_id, &item.item_price_id);
                pages.each(period, reading, |record| meter.add(record)).await?;
            }
        }
        Ok(meter.rated()?)
    }

    /// What was held of its metered prices when the ended period began.
    async fn carried_over_to(
        &self,
        site: &Site,
        head: &Subscription,
        invoice: &Invoice,
    ) -> Result<BTreeMap<ItemPriceId, Number>, StoreError> {
        let Some((number, period)) = invoice.ended_number().zip(invoice.ended) else { return Ok(BTreeMap::new()) };
        let metered = invoice.items.iter().filter(|item| item.metered);
        let items = metered.filter_map(|item| head.item(&item.item_price_id));
        self.carried_over(site, head, CurrentPeriod { number, period }, items).await
    }

    async fn invoice_prices(
        &self,
        site: &SiteId,
        invoice: &Invoice,
    ) -> Result<BTreeMap<(ItemPriceId, u32), ItemPrice>, StoreError> {
        let mut prices = BTreeMap::new();
        for item in &invoice.items {
            let price = self.price_version(site, &item.item_price_id, item.version).await?;
            prices.insert((item.item_price_id.clone(), item.version), price);
        }
        Ok(prices)
    }

    /// The subscription's pending invoices.
    pub(crate) async fn pending_invoices(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
    ) -> Result<Pending, StoreError> {
        const AT_A_TIME: usize = 10;
        let ask = Ask {
            partition: key::subscription_partition(site, subscription),
            from: key::INVOICE.to_owned(),
            to: format!("{}\u{7f}", key::INVOICE),
            backward: true,
            consistent: true,
            limit: Some(AT_A_TIME),
            ..Ask::default()
        };
        let (mut invoices, mut newest_closed) = (Vec::new(), None);
        let mut next = None;
        'newest_first: loop {
            let (items, after) = self.table.query_once(&ask, next).await?;
            for item in &items {
                let invoice: Stored<Invoice> = stored(item, "invoice")?;
                if invoice.value.status != InvoiceStatus::Pending {
                    newest_closed = Some(invoice.value.boundary);
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
        Ok(Pending { invoices, newest_closed })
    }
}

/// The item of an invoice that was just generated.
pub(crate) fn pending_item(site: &Site, invoice: &Invoice) -> Result<Item, StoreError> {
    let mut item = keyed(&key::invoice(&site.id, &invoice.subscription_id, invoice.boundary));
    item.insert(DOCUMENT.into(), text(to_json(invoice)?));
    item.insert(REVISION.into(), number(1));
    item.extend(due_at(site, &invoice.subscription_id, invoice.closes_at.millis()));
    item.insert("list_of".into(), text(key::invoices_list(&site.id)));
    let customer = invoice.customer_id.as_str();
    item.insert("list_key".into(), text(key::invoice_list_key(customer, invoice.generated_at.millis(), &invoice.id())));
    Ok(item)
}
