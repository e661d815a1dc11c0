//! The period that is asked about: its item prices, at the versions and with the usage that the period has.

use billing::catalog::{ItemPrice, OwnTerms};
use billing::invoice::{InvoiceItem, LineItem, inputs_in_period, is_billable};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::{Subscription, SubscriptionItem, held};
use billing::usage::UsageRecord;
use rating::{ChargeInputs, Window};
use store::{Reading, Store};

use super::period::Basis;
use crate::error::{failed, unrated};
use crate::invoices::carried_over;

/// One item price of the period, at the version and with the included usage that the period has.
pub(super) struct Subject<'a> {
    pub item: &'a SubscriptionItem,
    version: u32,
    pub own: OwnTerms<'a>,
}

/// The period that is asked about; `lines` are its invoice's, where it has one.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub store: &'a Store,
    pub site: &'a Site,
    pub subscription: &'a Subscription,
    pub basis: &'a Basis,
    pub lines: Option<&'a [LineItem]>,
}

impl<'a> Asked<'a> {
    /// The item prices that take usage and were on the subscription in the period.
    pub(super) fn subjects(self) -> Vec<Subject<'a>> {
        let period = self.basis.period().period;
        match self.basis {
            Basis::Running(_) => {
                let items = self.subscription.items.iter().filter(|item| item.takes_usage() && item.was_on(period));
                items.map(|item| Subject { item, version: item.version, own: item.own_terms() }).collect()
            }
            Basis::Invoiced(invoice, _) => {
                let subject = |billed: &'a InvoiceItem| {
                    let item = self.subscription.item(&billed.item_price_id)?;
                    // The invoice may also list a price that begins where this period ends.
                    item.was_on(period).then_some(Subject { item, version: billed.version, own: billed.own_terms() })
                };
                invoice.sealed_prices().filter_map(subject).collect()
            }
        }
    }

    /// The line of the price on the period's invoice, where usage was billed on it.
    pub(super) fn line(self, subject: &Subject) -> Option<&'a LineItem> {
        let price = &subject.item.item_price_id;
        self.lines.into_iter().flatten().find(|line| line.bills_usage_of(price))
    }

    /// The price at the version that the period has.
    pub(super) async fn version(self, subject: &Subject<'a>) -> Result<ItemPrice, Refusal> {
        let price = &subject.item.item_price_id;
        self.store.price_version(&self.site.id, price, subject.version).await.map_err(failed)
    }

    /// Gives the usage of the period that is charged for and did not come late, by date and id.
    pub(super) async fn each_billable(
        self,
        subject: &Subject<'a>,
        mut give: impl FnMut(&UsageRecord),
    ) -> Result<(), Refusal> {
        let (site, id, period) = (&self.site.id, &self.subscription.id, self.basis.period().period);
        let billable = |record: &UsageRecord| {
            if is_billable(self.subscription, subject.item, period, record) {
                give(record);
            }
        };
        let price = &subject.item.item_price_id;
        self.store.each_usage(site, id, price, period, Reading::default(), billable).await.map_err(failed)
    }

    /// What the charge of a metered price is computed from, beside the usage.
    pub(super) async fn inputs<'p>(
        self,
        subject: &Subject<'p>,
        version: &'p ItemPrice,
    ) -> Result<ChargeInputs<'p>, Refusal> {
        let number = self.basis.period().number;
        let inputs = inputs_in_period(version, subject.own, self.site.rounding, self.subscription, number);
        let window = self.window(subject.item).await?;
        Ok(ChargeInputs { window, ..inputs.map_err(|error| unrated(error.into()))? })
    }

    /// The time over which what is held counts, with what was held when the period began; nothing where quantities are
    /// not held.
    pub(super) async fn window(self, item: &SubscriptionItem) -> Result<Option<Window>, Refusal> {
        if !item.record_rules.held {
            return Ok(None);
        }
        let current = self.basis.period();
        let carried_over = carried_over(self.store, self.site, self.subscription, current, [item]).await;
        let carried_over = carried_over.map_err(failed)?.remove(&item.item_price_id).unwrap_or_default();
        let window = held::window(self.subscription, item, current.period, carried_over);
        window.map(Some).map_err(|error| unrated(error.into()))
    }
}
