//! The decisions of closing periods, as data: what becomes due when, and what a boundary leaves behind.
//!
//! Carrying them out (sealing pages, writing transactions) is the store's business.

use std::collections::BTreeMap;

use super::document::{Invoice, InvoiceItem};
use super::owner::InvoiceOwner;
use super::status::InvoiceStatus;
use crate::catalog::{Billed, ItemPrice};
use crate::error::BillingError;
use crate::id::ItemPriceId;
use crate::subscription::{Boundary, CurrentPeriod, Subscription, SubscriptionItem};
use crate::time::{BillingPeriod, Timestamp};

/// What generating a boundary writes: the head that stands in the next period, and the invoice where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The subscription after the boundary.
    pub subscription: Subscription,
    /// The pending invoice; absent where the boundary has nothing to bill and nothing to seal.
    pub invoice: Option<Invoice>,
}

/// The boundary that is due at `now`, if one is.
pub fn due_boundary(subscription: &Subscription, now: Timestamp) -> Option<Boundary> {
    subscription.next_boundary().filter(|boundary| boundary.at <= now)
}

/// Decides what a boundary leaves behind.
///
/// The invoice carries the in-arrears items of the period that ended, at the versions that the period ran with, and the
/// in-advance items of the period that begins, at the current versions, which the new period is pinned to. It closes
/// when the grace has run out; at the activation, with no metered line in it, at once.
///
/// `current` holds the current version of every item price of the subscription; `site_grace_seconds` counts where the
/// subscription has no grace of its own.
///
/// # Errors
/// `MissingPrice` where `current` lacks a price, `Time` where the next period is out of range.
pub fn generate(
    subscription: &Subscription,
    boundary: Boundary,
    current: &BTreeMap<ItemPriceId, ItemPrice>,
    site_grace_seconds: u32,
    now: Timestamp,
) -> Result<Generated, BillingError> {
    // A period can be empty: cancelled in the instant that it begins, or a local day that a zone skipped.
    let ended = subscription.current.map(|current| current.period).filter(|period| !period.is_empty());
    let next_period = next_period(subscription, boundary)?;
    let begun = next_period.filter(|period| !period.is_empty());
    let mut next = subscription.clone();
    // Whoever changes it next by a clock that is behind goes by this instant.
    next.updated_at = subscription.updated_at.max(now);
    next.ended = next_period.is_none();
    next.current = next_period.map(|period| CurrentPeriod { number: boundary.number, period });
    let mut items = Vec::new();
    for item in &mut next.items {
        let price = current.get(&item.item_price_id).ok_or_else(|| BillingError::MissingPrice {
            item_price_id: item.item_price_id.clone(),
            version: item.version,
        })?;
        let pinned = item.version;
        item.version = price.version;
        let version = match item.billed {
            Billed::InArrears => pinned,
            Billed::InAdvance => price.version,
        };
        let billed = is_billed(item, ended, begun);
        let sealed = item.takes_usage() && ended.is_some_and(|period| item.was_on(period));
        if billed || sealed {
            items.push(snapshot(item, version, !billed));
        }
    }
    // Invoices are closed in order, so one whose grace was made shorter waits for the one before it.
    let closes_at = closes_at(subscription, boundary, site_grace_seconds);
    let closes_at = subscription.last_close.map_or(closes_at, |last| last.max(closes_at));
    if !items.is_empty() {
        next.last_close = Some(closes_at);
    }
    let invoice = (!items.is_empty()).then(|| Invoice {
        owner: InvoiceOwner::boundary(subscription.id.clone(), boundary.number),
        customer_id: subscription.customer_id.clone(),
        currency_code: subscription.currency_code,
        status: InvoiceStatus::Pending,
        ended,
        begun,
        items,
        generated_at: now,
        closes_at,
        closing: None,
    });
    Ok(Generated { subscription: next, invoice })
}

/// The period after the boundary; `None` where the subscription is over by then.
fn next_period(subscription: &Subscription, boundary: Boundary) -> Result<Option<BillingPeriod>, BillingError> {
    if !subscription.status_at(boundary.at).is_billable() {
        return Ok(None);
    }
    let Some(cadence) = &subscription.cadence else { return Ok(None) };
    Ok(Some(cadence.period(i64::from(boundary.number))?))
}

/// Whether the boundary bills the item.
fn is_billed(item: &SubscriptionItem, ended: Option<BillingPeriod>, begun: Option<BillingPeriod>) -> bool {
    match item.billed {
        Billed::InArrears => ended.is_some_and(|period| item.was_on(period)),
        Billed::InAdvance => begun.is_some_and(|period| item.is_on(period.start)),
    }
}

fn snapshot(item: &SubscriptionItem, version: u32, only_sealed: bool) -> InvoiceItem {
    InvoiceItem {
        subscription_item_id: item.id.clone(),
        item_price_id: item.item_price_id.clone(),
        version,
        metered: item.metered,
        takes_usage: item.takes_usage(),
        billed: item.billed,
        only_sealed,
        quantity: item.quantity,
        included_usage: item.included_usage,
        discounts: item.discounts.clone(),
    }
}

fn closes_at(subscription: &Subscription, boundary: Boundary, site_grace_seconds: u32) -> Timestamp {
    if boundary.number == 0 {
        return boundary.at;
    }
    let grace = subscription.grace_seconds.unwrap_or(site_grace_seconds);
    boundary.at.plus_millis(i64::from(grace).saturating_mul(1_000))
}

/// How long a subscription that keeps failing is left alone before it is tried again, in milliseconds: five minutes,
/// doubled with each failure, at most a day.
pub fn retry_after_millis(failures: u32) -> i64 {
    const FIRST: i64 = 5 * 60 * 1_000;
    const LONGEST: i64 = 24 * 60 * 60 * 1_000;
    let doublings = failures.saturating_sub(1).min(16);
    FIRST.saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, prices, subscription};
    use crate::subscription::{Status, StatusChange};

    fn ids(invoice: &Invoice) -> Vec<(&str, u32)> {
        invoice.items.iter().map(|item| (item.item_price_id.as_str(), item.version)).collect()
    }

    #[test]
    fn activation_bills_what_is_billed_in_advance_and_closes_at_once() {
        let head = subscription();
        let boundary = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();

        let generated = generate(&head, boundary, &prices(1), 3_600, boundary.at).unwrap();

        let invoice = generated.invoice.unwrap();
        assert_eq!(ids(&invoice), [("seat", 1)]);
        assert_eq!(invoice.closes_at, boundary.at);
        assert_eq!(generated.subscription.current.unwrap().period.end, at("2026-02-28T00:00:00Z"));
    }

    #[test]
    fn a_later_boundary_bills_the_ended_period_at_its_versions_and_the_begun_one_at_the_new_ones() {
        let head = subscription();
        let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
        let head = generate(&head, first, &prices(1), 3_600, first.at).unwrap().subscription;
        assert_eq!(due_boundary(&head, at("2026-02-27T23:59:59.999Z")), None);
        let second = due_boundary(&head, at("2026-02-28T00:00:00Z")).unwrap();

        let generated = generate(&head, second, &prices(2), 3_600, second.at).unwrap();

        let invoice = generated.invoice.unwrap();
        assert_eq!(ids(&invoice), [("seat", 2), ("minutes", 1), ("support", 1)]);
        assert_eq!(invoice.closes_at, at("2026-02-28T01:00:00Z"));
        assert_eq!(generated.subscription.current.unwrap().period.end, at("2026-03-31T00:00:00Z"));
        assert!(generated.subscription.items.iter().all(|item| item.version == 2));
    }

    #[test]
    fn the_last_boundary_bills_in_arrears_only_and_ends_the_subscription() {
        let head = subscription();
        let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
        let mut head = generate(&head, first, &prices(1), 3_600, first.at).unwrap().subscription;
        head.statuses.push(StatusChange { at: at("2026-02-28T00:00:00Z"), status: Status::Cancelled });
        let last = due_boundary(&head, at("2026-03-01T00:00:00Z")).unwrap();

        let generated = generate(&head, last, &prices(1), 3_600, last.at).unwrap();

        assert_eq!(ids(&generated.invoice.unwrap()), [("minutes", 1), ("support", 1)]);
        assert_eq!(generated.subscription.next_boundary(), None);
    }

    #[test]
    fn an_empty_period_bills_nothing_in_arrears() {
        let head = subscription();
        let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
        let mut head = generate(&head, first, &prices(1), 3_600, first.at).unwrap().subscription;
        head.statuses.push(StatusChange { at: first.at, status: Status::Cancelled });
        head.current.as_mut().unwrap().period.end = first.at;
        let last = due_boundary(&head, first.at).unwrap();

        let generated = generate(&head, last, &prices(1), 3_600, first.at).unwrap();

        assert_eq!(generated.invoice, None);
        assert_eq!(generated.subscription.next_boundary(), None);
    }

    #[test]
    fn an_invoice_does_not_close_before_the_one_before_it() {
        let head = subscription();
        let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
        let head = generate(&head, first, &prices(1), 0, first.at).unwrap().subscription;
        let second = due_boundary(&head, at("2026-02-28T00:00:00Z")).unwrap();
        let mut head = generate(&head, second, &prices(1), 40 * 86_400, second.at).unwrap().subscription;
        let third = due_boundary(&head, at("2026-03-31T00:00:00Z")).unwrap();

        let invoice = generate(&head, third, &prices(1), 0, third.at).unwrap().invoice.unwrap();

        assert_eq!(invoice.closes_at, at("2026-04-09T00:00:00Z"));
        head.items.clear();
        let without = generate(&head, third, &prices(1), 3_600, third.at).unwrap();
        assert_eq!((without.invoice, without.subscription.last_close), (None, head.last_close));
    }

    #[test]
    fn a_price_in_advance_that_left_has_its_usage_sealed_and_is_not_billed_again() {
        let head = subscription();
        let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
        let mut head = generate(&head, first, &prices(1), 3_600, first.at).unwrap().subscription;
        head.items[0].feature_id = Some("seats".parse().unwrap());
        head.items[0].on[0].to = Some(at("2026-02-10T00:00:00Z"));
        let second = due_boundary(&head, at("2026-02-28T00:00:00Z")).unwrap();

        let invoice = generate(&head, second, &prices(1), 3_600, second.at).unwrap().invoice.unwrap();

        let seat = &invoice.items[0];
        assert!(seat.only_sealed && seat.takes_usage, "{seat:?}");
        assert!(invoice.items[1..].iter().all(|item| !item.only_sealed));
    }

    #[test]
    fn a_subscription_without_a_start_date_has_nothing_due() {
        let mut head = subscription();
        head.statuses.clear();

        assert_eq!(due_boundary(&head, Timestamp::MAX), None);
    }

    #[test]
    fn the_wait_after_failures_doubles_up_to_a_day() {
        let waits: Vec<i64> = [1, 2, 3, 9, 10, 40].into_iter().map(retry_after_millis).collect();

        assert_eq!(waits, [300_000, 600_000, 1_200_000, 76_800_000, 86_400_000, 86_400_000]);
    }
}
