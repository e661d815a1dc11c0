//! The lines of an invoice, computed while the usage of the ended period is read.

use std::collections::BTreeMap;

use rating::{Aggregation, Charge, ChargeInputs, Number};

use super::document::{Invoice, InvoiceItem, LineItem, Rated};
use super::usage_charge::{UsageMeter, inputs_in_period, is_billable};
use crate::catalog::{Billed, ItemPrice};
use crate::error::BillingError;
use crate::id::ItemPriceId;
use crate::site::Site;
use crate::subscription::{Subscription, SubscriptionItem, held};
use crate::time::BillingPeriod;
use crate::usage::UsageRecord;

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
            Billed::InAdvance => (invoice.begun, invoice.boundary()),
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
            source: None,
            subscription_item_id: Some(item.subscription_item_id.clone()),
            item_price_id: Some(item.item_price_id.clone()),
            item_price_version: Some(item.version),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RecordRules;
    use crate::fixtures::{at, prices, subscription};
    use crate::invoice::{due_boundary, generate};
    use crate::usage::{Content, RecordKey, usage_digest};

    fn record(price: &str, date: &str, quantity: &str) -> UsageRecord {
        UsageRecord {
            item_price_id: price.parse().unwrap(),
            key: RecordKey { date: at(date), id: None },
            content: Content::new(quantity.parse().unwrap()),
            updated_at: at(date),
        }
    }

    #[test]
    fn a_line_bills_the_records_of_its_price_and_period_and_says_which_they_were() {
        let records = [
            record("minutes", "2026-01-30T23:59:59.999Z", "1000"),
            record("minutes", "2026-01-31T00:00:00Z", "1"),
            record("minutes", "2026-02-27T23:59:59.999Z", "10"),
            record("minutes", "2026-02-28T00:00:00Z", "100"),
            record("support", "2026-02-10T00:00:00Z", "10000"),
        ];
        let site = serde_json::from_str(
            r#"{"id":"main","time_zone":"UTC","rounding":"half_even","grace_seconds":0,"created_at":"2026-01-01T00:00:00Z"}"#,
        )
        .unwrap();
        // 5 were held at the start of 28 days, 6 as soon as the first record came, and 16 in the last millisecond.
        for (aggregation, amount, held_at_end) in
            [(Aggregation::Sum, "0.55", None), (Aggregation::WeightedSum, "0.30", Some("16"))]
        {
            let mut head = subscription();
            head.items[1].record_rules = RecordRules { held: held_at_end.is_some(), ..RecordRules::default() };
            let first = due_boundary(&head, at("2026-02-28T00:00:00Z")).unwrap();
            let head = generate(&head, first, &prices(1), 0, first.at).unwrap().subscription;
            let second = due_boundary(&head, at("2026-02-28T00:00:00Z")).unwrap();
            let generated = generate(&head, second, &prices(1), 0, second.at).unwrap();
            let invoice = generated.invoice.unwrap();
            let prices: BTreeMap<_, _> =
                prices(1).into_iter().map(|(id, price)| ((id, 1), ItemPrice { aggregation, ..price })).collect();
            let carried_over = BTreeMap::from([("minutes".parse().unwrap(), "5".parse().unwrap())]);
            let subscription = &generated.subscription;
            let terms = Terms { subscription, prices: &prices, carried_over: &carried_over, site: &site };

            let mut meter = InvoiceMeter::new(&invoice, terms).unwrap();
            records.iter().for_each(|record| meter.add(record));
            let rated = meter.rated().unwrap();

            let line = |id: &str| {
                rated
                    .lines
                    .iter()
                    .find(|line| line.item_price_id.as_ref().is_some_and(|price| price.as_str() == id))
                    .unwrap()
            };
            let minutes = line("minutes");
            assert_eq!(minutes.charge.amount.to_string(), amount);
            assert_eq!(minutes.usage_count, Some(2));
            assert_eq!(minutes.usage_digest, Some(usage_digest(records[1..3].iter())));
            assert_eq!(minutes.held_at_end, held_at_end.map(|held| held.parse().unwrap()));
            assert_eq!((line("support").usage_count, line("seat").charge.amount.to_string()), (None, "0.05".into()));
        }
    }
}
