//! The lines of an invoice, computed while the usage of the ended period is read.

use std::collections::BTreeMap;

use rating::{Aggregation, Charge, ChargeInputs, Number};

use crate::catalog::{Billed, ItemPrice};
use crate::error::BillingError;
use crate::held;
use crate::id::ItemPriceId;
use crate::invoice::{Invoice, InvoiceItem, LineItem, Rated};
use crate::period::BillingPeriod;
use crate::site::Site;
use crate::subscription::{Subscription, SubscriptionItem};
use crate::usage::UsageRecord;
use crate::usage_charge::{UsageMeter, inputs_in_period, is_billable};

/// What the lines of an invoice depend on, beside the usage.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The subscription with its histories.
    pub subscription: &'a Subscription,
    /// The price of each item, at the item's version.
    pub prices: &'a BTreeMap<(ItemPriceId, u32), ItemPrice>,
    /// What was held of a price when the ended period began; 0 where it does not say.
    pub carried_over: &'a BTreeMap<ItemPriceId, Number>,
    /// The site with its rounding.
    pub site: &'a Site,
}

/// An invoice on its way: it takes the records of the ended period one by one, and keeps what its lines are computed from.
#[derive(Debug)]
pub struct InvoiceMeter<'a> {
    invoice: &'a Invoice,
    terms: Terms<'a>,
    lines: Vec<LineMeter<'a>>,
}

#[derive(Debug)]
struct LineMeter<'a> {
    item: &'a InvoiceItem,
    price: &'a ItemPrice,
    period: BillingPeriod,
    billed: Measured<'a>,
}

/// What a line bills.
#[derive(Debug)]
enum Measured<'a> {
    /// The usage of an item that is or was on the subscription.
    Usage(Option<&'a SubscriptionItem>, Box<UsageMeter<'a>>),
    /// How many were agreed on.
    Agreed(Box<ChargeInputs<'a>>),
}

impl<'a> InvoiceMeter<'a> {
    /// Returns the meter of an invoice before any usage.
    ///
    /// # Errors
    /// `MissingPrice` where a version is not in the terms; `Time` where a period is out of range.
    pub fn new(invoice: &'a Invoice, terms: Terms<'a>) -> Result<InvoiceMeter<'a>, BillingError> {
        let mut lines = Vec::new();
        for item in invoice.items.iter().filter(|item| !item.only_sealed) {
            lines.extend(LineMeter::new(invoice, item, terms)?);
        }
        Ok(InvoiceMeter { invoice, terms, lines })
    }

    /// Takes a record, billable or not; those of one price come by date and id.
    pub fn add(&mut self, record: &UsageRecord) {
        for line in self.lines.iter_mut().filter(|line| line.item.item_price_id == record.item_price_id) {
            if let Measured::Usage(Some(item), meter) = &mut line.billed
                && is_billable(self.terms.subscription, item, line.period, record)
            {
                meter.add(record);
            }
        }
    }

    /// Returns the lines of what was taken.
    ///
    /// # Errors
    /// `Rating` and `Total` where an amount is not representable.
    pub fn rated(self) -> Result<Rated, BillingError> {
        let lines: Result<Vec<_>, _> = self.lines.into_iter().map(|line| line.rated(self.invoice)).collect();
        Rated::of(lines?.into_iter().flatten().collect(), self.invoice.currency_code, self.terms.site)
    }
}

impl<'a> LineMeter<'a> {
    /// The meter of a line; `None` where the boundary has no such period.
    fn new(invoice: &'a Invoice, item: &'a InvoiceItem, terms: Terms<'a>) -> Result<Option<Self>, BillingError> {
        let Terms { subscription, prices, carried_over, site } = terms;
        let price = prices.get(&(item.item_price_id.clone(), item.version)).ok_or_else(|| {
            BillingError::MissingPrice { item_price_id: item.item_price_id.clone(), version: item.version }
        })?;
        let (Some(period), Some(number)) = (match item.billed {
            Billed::InAdvance => (invoice.begun, Some(invoice.boundary)),
            Billed::InArrears => (invoice.ended, invoice.ended_number()),
        }) else {
            return Ok(None);
        };
        let inputs = inputs_in_period(price, item.own_terms(), site.rounding, subscription, number)?;
        let billed = if item.metered {
            let on = subscription.item(&item.item_price_id);
            let carried_over = carried_over.get(&item.item_price_id).cloned().unwrap_or_default();
            let window = match on.filter(|_| price.aggregation == Aggregation::WeightedSum) {
                Some(on) => Some(held::window(subscription, on, period, carried_over)?),
                None => None,
            };
            let meter = UsageMeter::new(&price.id, ChargeInputs { window, ..inputs });
            Measured::Usage(on, Box::new(meter))
        } else {
            Measured::Agreed(Box::new(inputs))
        };
        Ok(Some(LineMeter { item, price, period, billed }))
    }

    fn rated(self, invoice: &Invoice) -> Result<Option<LineItem>, BillingError> {
        let LineMeter { item, price, period, billed } = self;
        let line = |charge: Charge, inputs: ChargeInputs| LineItem {
            id: invoice.line_id(&item.subscription_item_id),
            description: price.name.clone(),
            subscription_item_id: item.subscription_item_id.clone(),
            item_price_id: item.item_price_id.clone(),
            item_price_version: item.version,
            unit_name: price.unit_name.clone(),
            period,
            usage_count: None,
            usage_digest: None,
            inputs: Some(inputs.into_owned()),
            held_at_end: None,
            charge,
        };
        match billed {
            Measured::Usage(_, meter) => {
                let (rated, inputs) = meter.rated()?;
                Ok(rated.charge.map(|charge| LineItem {
                    usage_count: Some(rated.usage_count),
                    usage_digest: Some(rated.usage_digest),
                    held_at_end: rated.held_at_end,
                    ..line(charge, inputs)
                }))
            }
            Measured::Agreed(inputs) => {
                let charge = rating::rate_quantity(&inputs, item.quantity)
                    .map_err(|source| BillingError::Rating { item_price_id: price.id.clone(), source })?;
                Ok(Some(line(charge, *inputs)))
            }
        }
    }
}
