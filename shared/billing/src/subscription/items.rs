//! The items of a subscription: what a caller lists, checked against the catalogue, and the lists that follow from it.

use std::collections::HashSet;

use rating::{Discounts, Quantity, Rounding, rate_quantity};

use super::agreement::{Span, Subscription, SubscriptionItem};
use crate::catalog::{ItemPrice, OwnTerms, charge_inputs};
use crate::field::not_negative;
use crate::id::{ItemPriceId, SubscriptionItemId};
use crate::refusal::{Kind, Refusal};
use crate::time::{BillingPeriod, Timestamp};

/// The most items that a subscription has at a time: one transaction, which holds 100 writes, makes it together with
/// the claims of its items' ids and an idempotency key.
pub const MOST_ITEMS: usize = 98;

/// The most items that a subscription ever has, those that left it included.
const MOST_ITEMS_EVER: usize = 300;

/// How often an item is put on a subscription at most.
const MOST_RETURNS: usize = 50;

/// One item as a caller lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubscriptionItem {
    /// Unique in the site; made by the system where absent.
    pub id: Option<SubscriptionItemId>,
    /// The price.
    pub item_price_id: ItemPriceId,
    /// How many; 1 where absent. Refused where usage is billed.
    pub quantity: Option<Quantity>,
    /// Usage that costs nothing, each period, instead of the price's.
    pub included_usage: Option<Quantity>,
    /// What is taken off each period; in a change, an empty list takes off nothing any more.
    pub discounts: Option<Discounts>,
}

/// One listed item with its price, checked by itself.
#[derive(Clone, Debug)]
pub struct ListedItem {
    id: Option<SubscriptionItemId>,
    fresh_id: SubscriptionItemId,
    price: ItemPrice,
    quantity: Option<Quantity>,
    included_usage: Option<Quantity>,
    discounts: Option<Discounts>,
}

impl ListedItem {
    /// The price's current version.
    pub fn price(&self) -> &ItemPrice {
        &self.price
    }
}

/// Checks a list before its prices are known: how many items it has, and no price and no id twice.
///
/// # Errors
/// `Invalid`, naming the item.
pub fn check_list(entries: &[NewSubscriptionItem]) -> Result<(), Refusal> {
    if !(1..=MOST_ITEMS).contains(&entries.len()) {
        return Err(Refusal::invalid("items", format!("a subscription has 1 to {MOST_ITEMS} items")));
    }
    check_repetitions(entries)
}

/// Checks each item of a list with its price: one currency, one period length, and numbers that its price can be rated
/// with.
///
/// Each entry comes with its current price, where there is one, and with an id for the case that the caller named none.
///
/// # Errors
/// `UnknownItemPrice` and `Invalid`, naming the item.
pub fn check_prices(
    entries: Vec<(NewSubscriptionItem, Option<ItemPrice>, SubscriptionItemId)>,
    rounding: Rounding,
) -> Result<Vec<ListedItem>, Refusal> {
    let mut listed: Vec<ListedItem> = Vec::with_capacity(entries.len());
    for (index, (entry, price, fresh_id)) in entries.into_iter().enumerate() {
        let price = price.ok_or_else(|| {
            let detail = format!("there is no item price {}", entry.item_price_id);
            Refusal::new(Kind::UnknownItemPrice, detail).field(field(index, "item_price_id"))
        })?;
        if let Some(first) = listed.first() {
            check_alike(index, &first.price, &price)?;
        }
        listed.push(check_entry(index, entry, price, fresh_id, rounding)?);
    }
    Ok(listed)
}

/// The items of a subscription that is new, without a time yet at which they are on it.
pub fn first(listed: Vec<ListedItem>) -> Vec<SubscriptionItem> {
    listed.into_iter().map(|listed| item(listed, Vec::new())).collect()
}

/// The items of a subscription whose list is replaced at `now`.
///
/// A price that is listed anew is on it from now, or from the start that lies ahead, at its current version; one that
/// is not listed any more was on it until now, and is forgotten if it never was. What an item of the list does not
/// say stays as it was.
///
/// # Errors
/// `Invalid`, naming the item: another currency or period length, an id that is another item's.
pub fn replace(
    subscription: &Subscription,
    listed: &[ListedItem],
    now: Timestamp,
) -> Result<Vec<SubscriptionItem>, Refusal> {
    check_against(subscription, listed)?;
    let span = subscription.started_at().map(|start| Span { from: start.max(now), to: None });
    let is_listed = |item: &&SubscriptionItem| listed.iter().any(|listed| listed.price.id == item.item_price_id);
    let kept = subscription.items.iter().filter_map(|item| match is_listed(&item) {
        true => Some(item.clone()),
        false => removed(item, span.is_some(), now),
    });
    let mut items: Vec<SubscriptionItem> = kept.collect();
    let running = subscription.current.map(|current| current.period);
    for listed in listed {
        match items.iter_mut().find(|item| item.item_price_id == listed.price.id) {
            Some(item) => keep(item, listed, span, running),
            None => items.push(self::item(listed.clone(), span.into_iter().collect())),
        }
    }
    // The histories are kept in one item of the table, and it has to take the next boundary too.
    if items.len() > MOST_ITEMS_EVER || items.iter().any(|item| item.on.len() > MOST_RETURNS) {
        let detail = format!(
            "a subscription has at most {MOST_ITEMS_EVER} items over its life, each put back at most {MOST_RETURNS} times"
        );
        return Err(Refusal::invalid("items", detail));
    }
    Ok(items)
}

/// The item without its price from now on; `None` where it was never on a subscription.
fn removed(item: &SubscriptionItem, start_is_known: bool, now: Timestamp) -> Option<SubscriptionItem> {
    let mut item = item.clone();
    item.on.retain(|span| span.from <= now);
    if let Some(span) = item.on.last_mut().filter(|span| span.to.is_none()) {
        span.to = Some(now);
    }
    (start_is_known && !item.on.is_empty()).then_some(item)
}

/// Changes an item as listed, and puts it back where it was removed. A period that it was on already keeps the version
/// that it started with.
fn keep(item: &mut SubscriptionItem, listed: &ListedItem, span: Option<Span>, running: Option<BillingPeriod>) {
    let returns = item.on.last().is_some_and(|last| last.to.is_some());
    if returns {
        if !running.is_some_and(|period| item.was_on(period)) {
            item.version = listed.price.version;
        }
        item.on.extend(span);
        item.quantity = listed.quantity.unwrap_or_else(one);
        item.included_usage = listed.included_usage;
        item.discounts = listed.discounts.clone().unwrap_or_default();
        return;
    }
    item.quantity = listed.quantity.unwrap_or(item.quantity);
    item.included_usage = listed.included_usage.or(item.included_usage);
    if let Some(discounts) = &listed.discounts {
        item.discounts = discounts.clone();
    }
}

fn item(listed: ListedItem, on: Vec<Span>) -> SubscriptionItem {
    SubscriptionItem {
        record_rules: listed.price.record_rules(),
        id: listed.id.unwrap_or(listed.fresh_id),
        item_price_id: listed.price.id,
        version: listed.price.version,
        metered: listed.price.metered,
        feature_id: listed.price.feature_id,
        billed: listed.price.billed,
        quantity: listed.quantity.unwrap_or_else(one),
        included_usage: listed.included_usage,
        discounts: listed.discounts.unwrap_or_default(),
        on,
    }
}

fn check_repetitions(entries: &[NewSubscriptionItem]) -> Result<(), Refusal> {
    let (mut prices, mut ids) = (HashSet::new(), HashSet::new());
    for (index, entry) in entries.iter().enumerate() {
        if !prices.insert(&entry.item_price_id) {
            return Err(Refusal::invalid(
                field(index, "item_price_id"),
                "each item price is on a subscription at most once",
            ));
        }
        if entry.id.as_ref().is_some_and(|id| !ids.insert(id)) {
            return Err(Refusal::invalid(field(index, "id"), "two items of a subscription have different ids"));
        }
    }
    Ok(())
}

fn check_alike(index: usize, first: &ItemPrice, price: &ItemPrice) -> Result<(), Refusal> {
    let refused = |detail: String| Err(Refusal::invalid(field(index, "item_price_id"), detail));
    if price.currency_code != first.currency_code {
        let (one, other) = (first.currency_code, price.currency_code);
        return refused(format!("the prices of a subscription have one currency; this one is in {other}, not {one}"));
    }
    if price.period != first.period {
        return refused("the prices of a subscription have one period length; this one has another".to_owned());
    }
    Ok(())
}

fn check_entry(
    index: usize,
    entry: NewSubscriptionItem,
    price: ItemPrice,
    fresh_id: SubscriptionItemId,
    rounding: Rounding,
) -> Result<ListedItem, Refusal> {
    let not_negative = |quantity: Option<Quantity>, name| {
        quantity.map(|quantity| not_negative(quantity, &field(index, name))).transpose()
    };
    let quantity = not_negative(entry.quantity, "quantity")?;
    let included_usage = not_negative(entry.included_usage, "included_usage")?;
    if price.metered && quantity.is_some() {
        return Err(Refusal::invalid(
            field(index, "quantity"),
            "a metered price is billed by its usage, so it has no quantity",
        ));
    }
    if !price.takes_usage() && included_usage.is_some() {
        return Err(Refusal::invalid(
            field(index, "included_usage"),
            "the price takes no usage, so none can be included",
        ));
    }
    // What cannot be rated now would keep its invoice from closing later.
    let none = Discounts::default();
    let own = OwnTerms { included_usage, discounts: &none };
    let inputs = charge_inputs(&price, own, rounding);
    inputs.check().map_err(|error| Refusal::invalid(field(index, "included_usage"), error.to_string()))?;
    if let Some(discounts) = &entry.discounts {
        let inputs = charge_inputs(&price, OwnTerms { discounts, ..own }, rounding);
        inputs.check().map_err(|error| Refusal::invalid(field(index, "discounts"), error.to_string()))?;
    }
    if !price.metered {
        rate_quantity(&inputs, quantity.unwrap_or_else(one))
            .map_err(|error| Refusal::invalid(field(index, "quantity"), error.to_string()))?;
    }
    Ok(ListedItem { id: entry.id, fresh_id, price, quantity, included_usage, discounts: entry.discounts })
}

/// Checks what a list has to agree with, beside itself.
fn check_against(subscription: &Subscription, listed: &[ListedItem]) -> Result<(), Refusal> {
    for (index, listed) in listed.iter().enumerate() {
        let price = &listed.price;
        if price.currency_code != subscription.currency_code || price.period != subscription.period_length {
            let detail = "the price has the currency and the period length of the subscription";
            return Err(Refusal::invalid(field(index, "item_price_id"), detail));
        }
        let Some(id) = &listed.id else { continue };
        let same_price = subscription.item(&price.id);
        let same_id = subscription.items.iter().find(|item| item.id == *id);
        if same_price.is_some_and(|item| item.id != *id) || same_id.is_some_and(|item| item.item_price_id != price.id) {
            return Err(Refusal::invalid(field(index, "id"), "an item keeps its id and its price"));
        }
    }
    Ok(())
}

fn field(index: usize, name: &str) -> String {
    format!("items[{index}].{name}")
}

/// How many there are of an item whose caller does not say.
fn one() -> Quantity {
    "1".parse().unwrap_or(Quantity::ZERO)
}

#[cfg(test)]
mod tests {
    use super::super::lifecycle;
    use super::*;
    use crate::catalog::Billed;
    use crate::fixtures::{self, at};
    use crate::time::{CadenceUnit, Zone};

    fn price(id: &str, version: u32) -> ItemPrice {
        ItemPrice { billed: Billed::InAdvance, ..fixtures::price(id, version).1 }
    }

    fn listed(id: &str, quantity: Option<&str>) -> ListedItem {
        let quantity = quantity.map(|quantity| quantity.parse().unwrap());
        ListedItem {
            id: None,
            fresh_id: format!("si_{id}").parse().unwrap(),
            price: price(id, 2),
            quantity,
            included_usage: None,
            discounts: None,
        }
    }

    /// Has a seat and a line, and waits for its activation.
    fn waiting() -> Subscription {
        let first = |id: &str| ListedItem { id: Some(format!("si-{id}").parse().unwrap()), ..listed(id, Some("5")) };
        Subscription { items: super::first(vec![first("seat"), first("line")]), ..fixtures::waiting() }
    }

    fn started() -> Subscription {
        lifecycle::start(&waiting(), at("2026-01-01T00:00:00Z"), Zone::UTC).unwrap()
    }

    #[test]
    fn what_is_listed_stays_and_keeps_what_is_not_said() {
        let items = replace(&started(), &[listed("seat", Some("7")), listed("line", None)], at("2026-01-10T00:00:00Z"));

        let items = items.unwrap();
        assert_eq!(items[0].quantity, "7".parse().unwrap());
        assert_eq!(items[1], started().items[1]);
        assert_eq!(items[0].on, started().items[0].on);
    }

    #[test]
    fn what_is_not_listed_was_on_it_until_now_and_may_come_back() {
        let now = at("2026-01-10T00:00:00Z");
        let mut subscription = started();

        subscription.items = replace(&subscription, &[listed("seat", None)], now).unwrap();
        let removed = Span { from: at("2026-01-01T00:00:00Z"), to: Some(now) };
        assert_eq!(subscription.items[1].on, [removed]);

        let later = at("2026-01-20T00:00:00Z");
        let mut again = listed("line", None);
        again.price.version = 3;
        let items = replace(&subscription, &[listed("seat", None), again], later).unwrap();
        assert_eq!(items[1].on, [removed, Span { from: later, to: None }]);
        assert_eq!((items[1].version, items[1].quantity), (3, one()));
        assert_eq!(items[1].id, subscription.items[1].id);
    }

    #[test]
    fn a_new_price_is_on_it_from_now_or_from_the_start_that_lies_ahead() {
        for (now, from) in
            [("2026-01-10T00:00:00Z", "2026-01-10T00:00:00Z"), ("2025-12-10T00:00:00Z", "2026-01-01T00:00:00Z")]
        {
            let list = [listed("seat", None), listed("line", None), listed("number", None)];
            let items = replace(&started(), &list, at(now)).unwrap();
            assert_eq!(items[2].on, [Span { from: at(from), to: None }]);
        }
    }

    #[test]
    fn what_never_was_on_it_is_forgotten() {
        for subscription in [waiting(), started()] {
            let items = replace(&subscription, &[listed("line", None)], at("2025-12-10T00:00:00Z")).unwrap();
            assert_eq!(items, [subscription.items[1].clone()]);
        }
    }

    #[test]
    fn another_currency_or_period_length_or_id_is_refused() {
        let now = at("2026-01-10T00:00:00Z");
        let mut euros = listed("seat", None);
        euros.price.currency_code = "EUR".parse().unwrap();
        let mut yearly = listed("seat", None);
        yearly.price.period.unit = CadenceUnit::Year;
        let another_id = ListedItem { id: Some("si-2".parse().unwrap()), ..listed("seat", None) };
        let the_others_id = ListedItem { id: Some("si-line".parse().unwrap()), ..listed("number", None) };

        for wrong in [euros, yearly, another_id, the_others_id] {
            assert!(replace(&started(), std::slice::from_ref(&wrong), now).is_err(), "{wrong:?}");
        }
    }
}
