//! The lines of an invoice: rated live from the pages while it is pending, as they were frozen afterwards.

use std::collections::BTreeMap;

use billing::catalog::ItemPrice;
use billing::error::BillingError;
use billing::id::{ItemPriceId, SiteId};
use billing::invoice::{Invoice, InvoiceMeter, Rated, Terms};
use billing::site::Site;
use billing::subscription::{CurrentPeriod, Subscription};
use rating::{Money, Number};
use store::{Reading, Store};

use super::existing_subscription;
use super::held::carried_over;
use crate::error::Error;

/// What the invoice says: rated live from the pages while it is pending, as it was frozen afterwards.
///
/// # Errors
/// `Billing` where an amount is not representable.
pub async fn rated(store: &Store, site: &Site, invoice: &Invoice) -> Result<Rated, Error> {
    if let Some(closing) = &invoice.closing {
        let total = Money::parse(&closing.total, invoice.currency_code).map_err(BillingError::Total)?;
        return Ok(Rated { lines: closing.lines.clone(), tax: closing.tax.clone(), total });
    }
    let Some(subscription_id) = invoice.subscription_id() else {
        // An invoice of a customer bills no usage.
        return Ok(Rated::of(Vec::new(), invoice.currency_code, site)?);
    };
    let head = existing_subscription(store, site, subscription_id).await?;
    rate(store, site, &head.value, invoice, Reading::default()).await
}

/// Rates an invoice by the usage of the ended period, which is read, and sealed where that is asked for, price by price.
/// A record is taken as it comes and not kept.
pub(super) async fn rate(
    store: &Store,
    site: &Site,
    head: &Subscription,
    invoice: &Invoice,
    reading: Reading,
) -> Result<Rated, Error> {
    let prices = invoice_prices(store, &site.id, invoice).await?;
    let carried_over = carried_over_to(store, site, head, invoice).await?;
    let terms = Terms { subscription: head, prices: &prices, carried_over: &carried_over, site };
    let mut meter = InvoiceMeter::new(invoice, terms)?;
    if let Some((period, subscription_id)) = invoice.ended.zip(invoice.subscription_id()) {
        let seals = reading.seals.is_some();
        for item in invoice.sealed_prices().filter(|item| item.metered || seals) {
            let price = &item.item_price_id;
            store.each_usage(&site.id, subscription_id, price, period, reading, |record| meter.add(record)).await?;
        }
    }
    Ok(meter.rated()?)
}

/// What was held of its metered prices when the ended period began.
async fn carried_over_to(
    store: &Store,
    site: &Site,
    head: &Subscription,
    invoice: &Invoice,
) -> Result<BTreeMap<ItemPriceId, Number>, Error> {
    let Some((number, period)) = invoice.ended_number().zip(invoice.ended) else { return Ok(BTreeMap::new()) };
    let metered = invoice.items.iter().filter(|item| item.metered);
    let items = metered.filter_map(|item| head.item(&item.item_price_id));
    carried_over(store, site, head, CurrentPeriod { number, period }, items).await
}

async fn invoice_prices(
    store: &Store,
    site: &SiteId,
    invoice: &Invoice,
) -> Result<BTreeMap<(ItemPriceId, u32), ItemPrice>, Error> {
    let mut prices = BTreeMap::new();
    for item in &invoice.items {
        let price = store.price_version(site, &item.item_price_id, item.version).await?;
        prices.insert((item.item_price_id.clone(), item.version), price);
    }
    Ok(prices)
}
