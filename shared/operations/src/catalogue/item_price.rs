//! Item prices: what an item costs in one currency for one period length, version by version.

use billing::catalog::{Billed, Feature, Item, ItemPrice, PeriodLength, price_rules};
use billing::field;
use billing::id::{FeatureId, ItemId, ItemPriceId};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use rating::{Aggregation, Amount, Currency, Price, ProrationBasis, Quantity, Tax, UnitRounding};
use store::{Page, Store};

use super::{Dated, change, list, load};
use crate::document::{self, Created, Creation};
use crate::error::failed;
use crate::name::id_or_new;

/// How many pages a filtered list looks through for one answer; what is left is reached by the cursor.
const MOST_PAGES: usize = 20;

/// An item price that is asked for.
#[derive(Clone, Debug)]
pub struct NewItemPrice {
    /// Its id; made by the system where absent.
    pub id: Option<ItemPriceId>,
    /// What it prices.
    pub item_id: ItemId,
    /// The name on invoice lines; the item's where absent.
    pub name: Option<String>,
    /// The currency of every amount in it.
    pub currency_code: Currency,
    /// How long a billing period is.
    pub period: PeriodLength,
    /// Whether it is billed by recorded usage.
    pub metered: bool,
    /// What its usage is counted against.
    pub feature_id: Option<FeatureId>,
    /// With the period that begins or the one that ended; metered prices always the latter.
    pub billed: Billed,
    /// How the usages of a period become one quantity.
    pub aggregation: Aggregation,
    /// Usage that costs nothing, in each period.
    pub included_usage: Quantity,
    /// Whether a period without usage is billed the first flat amount.
    pub bill_zero_usage: bool,
    /// The price model with its numbers.
    pub price: Price,
    /// How the quantity is rounded before it is priced.
    pub unit_rounding: Option<UnitRounding>,
    /// The least that a period is charged, with or without usage.
    pub minimum_amount: Option<Amount>,
    /// The most that a period is charged.
    pub maximum_amount: Option<Amount>,
    /// What a part of a period is counted in; amounts that stand for a period are charged whole where absent.
    pub proration: Option<ProrationBasis>,
    /// The taxes on or in its amounts.
    pub tax: Option<Tax>,
}

/// What a new version of an item price changes; what is absent stays as it is, and `Some(None)` removes an option.
#[derive(Clone, Debug, Default)]
pub struct ItemPriceChange {
    /// The name on invoice lines.
    pub name: Option<String>,
    /// How the usages of a period become one quantity.
    pub aggregation: Option<Aggregation>,
    /// Usage that costs nothing, in each period.
    pub included_usage: Option<Quantity>,
    /// Whether a period without usage is billed the first flat amount.
    pub bill_zero_usage: Option<bool>,
    /// The price model with its numbers.
    pub price: Option<Price>,
    /// How the quantity is rounded before it is priced.
    pub unit_rounding: Option<Option<UnitRounding>>,
    /// The least that a period is charged, with or without usage.
    pub minimum_amount: Option<Option<Amount>>,
    /// The most that a period is charged.
    pub maximum_amount: Option<Option<Amount>>,
    /// What a part of a period is counted in.
    pub proration: Option<Option<ProrationBasis>>,
    /// The taxes on or in its amounts.
    pub tax: Option<Option<Tax>>,
}

/// Creates an item price, of an item and a feature that there must be.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn create_item_price(
    store: &Store,
    site: &Site,
    new: NewItemPrice,
    creation: &Creation,
    now: Timestamp,
) -> Result<Created<ItemPrice>, Refusal> {
    price_rules::check_period(new.period)?;
    price_rules::check_billed(new.metered, new.billed)?;
    let item = store.get::<Item>(&site.id, new.item_id.as_str()).await.map_err(failed)?;
    let no_item = || Refusal::invalid("item_id", format!("there is no item {}", new.item_id));
    let item = item.ok_or_else(no_item)?.value;
    if let Some(feature) = &new.feature_id {
        let found = store.get::<Feature>(&site.id, feature.as_str()).await.map_err(failed)?;
        found.ok_or_else(|| Refusal::invalid("feature_id", format!("there is no feature {feature}")))?;
    }
    let price = ItemPrice {
        id: id_or_new(new.id, "itp_").map_err(failed)?,
        item_id: new.item_id,
        name: new.name.map_or(Ok(item.name), field::name)?,
        unit_name: item.unit_name,
        version: 1,
        currency_code: new.currency_code,
        period: new.period,
        metered: new.metered,
        feature_id: new.feature_id,
        billed: new.billed,
        aggregation: new.aggregation,
        included_usage: new.included_usage,
        bill_zero_usage: new.bill_zero_usage,
        price: new.price,
        unit_rounding: new.unit_rounding,
        minimum_amount: new.minimum_amount,
        maximum_amount: new.maximum_amount,
        proration: new.proration,
        tax: new.tax,
        created_at: now,
        updated_at: now,
    };
    price_rules::check(&price)?;
    document::create(store, site, store.changes(), price, creation).await
}

/// Reads the current version of an item price.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn item_price(store: &Store, site: &Site, id: &ItemPriceId) -> Result<ItemPrice, Refusal> {
    load(store, site, id.as_str()).await.map(|stored| stored.value)
}

/// Makes a new version of an item price; subscriptions keep the version that their period began with.
///
/// # Errors
/// `Invalid`, naming the field; `NotFound` where there is none; `Unavailable` where others kept changing it.
pub async fn change_item_price(
    store: &Store,
    site: &Site,
    id: &ItemPriceId,
    asked: ItemPriceChange,
    now: Timestamp,
) -> Result<ItemPrice, Refusal> {
    let name = asked.name.map(field::name).transpose()?;
    let apply = |price: &mut ItemPrice| {
        let before = price.clone();
        price.name = name.clone().unwrap_or_else(|| price.name.clone());
        price.aggregation = asked.aggregation.unwrap_or(price.aggregation);
        price.included_usage = asked.included_usage.unwrap_or(price.included_usage);
        price.bill_zero_usage = asked.bill_zero_usage.unwrap_or(price.bill_zero_usage);
        price.price = asked.price.clone().unwrap_or_else(|| price.price.clone());
        price.unit_rounding = asked.unit_rounding.unwrap_or(price.unit_rounding);
        price.minimum_amount = asked.minimum_amount.unwrap_or(price.minimum_amount);
        price.maximum_amount = asked.maximum_amount.unwrap_or(price.maximum_amount);
        price.proration = asked.proration.unwrap_or(price.proration);
        price.tax = asked.tax.clone().unwrap_or_else(|| price.tax.clone());
        price_rules::check_change(&before, price)
    };
    change(store, site, id.as_str(), now, apply).await
}

/// A part of the item prices of a site, or of one item, by id; each in its current version.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn item_prices(
    store: &Store,
    site: &Site,
    item: Option<&ItemId>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<ItemPrice>, Refusal> {
    let mut next = cursor.map(str::to_owned);
    let mut items: Vec<ItemPrice> = Vec::new();
    for _ in 0..MOST_PAGES {
        // Never more than there is room for: a cursor lies behind a whole page.
        let room = limit.saturating_sub(items.len());
        let page = list::<ItemPrice>(store, site, next.as_deref(), room).await?;
        items.extend(page.items.into_iter().filter(|price| item.is_none_or(|item| price.item_id == *item)));
        next = page.next;
        if next.is_none() || items.len() >= limit {
            break;
        }
    }
    Ok(Page { items, next })
}

impl Dated for ItemPrice {
    fn changed(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
    }
}
