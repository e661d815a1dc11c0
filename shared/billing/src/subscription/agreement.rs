//! A subscription: a customer's standing agreement, with the histories that decide which usage is billed.

use rating::{Currency, Discounts, Quantity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::{Billed, ItemPrice, OwnTerms, PeriodLength, RecordRules};
use crate::id::{CustomerId, FeatureId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use crate::site::Site;
use crate::time::{BillingPeriod, CadenceHistory, TimeError, Timestamp, Zone};
use crate::usage::{LateUsage, UsageLimit, UsageRecord};

/// Where a subscription stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not started: it waits for its start date, or for activation.
    Future,
    /// In force, and renewing.
    Active,
    /// In force until a known end.
    NonRenewing,
    /// Over.
    Cancelled,
}

impl Status {
    /// Whether usage dated under this status is billed.
    pub fn is_billable(self) -> bool {
        matches!(self, Status::Active | Status::NonRenewing)
    }
}

/// From when on a status holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// From when on, inclusive.
    pub at: Timestamp,
    /// What holds from then on.
    pub status: Status,
}

/// A stretch of time `[from, to)`; open where `to` is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where it begins, inclusive.
    pub from: Timestamp,
    /// Where it ends, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl Span {
    /// Whether the instant lies in the span.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Whether the span shares an instant with the period; an empty one shares none, and neither does an empty period.
    pub fn overlaps(&self, period: BillingPeriod) -> bool {
        !period.is_empty() && self.from < period.end && self.to.is_none_or(|to| period.start < to && self.from < to)
    }
}

/// One item price on a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionItem {
    /// The item's id, unique in the site.
    pub id: SubscriptionItemId,
    /// The price.
    pub item_price_id: ItemPriceId,
    /// The price's version in the period that runs: a change of the price counts from the next period on.
    pub version: u32,
    /// Whether the price is billed by recorded usage.
    pub metered: bool,
    /// What its usage is counted against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_id: Option<FeatureId>,
    /// With the period that begins or the one that ended.
    pub billed: Billed,
    /// How many, where the price is not metered.
    pub quantity: Quantity,
    /// Usage that costs nothing, each period; the price's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_usage: Option<Quantity>,
    /// What is taken off, each period.
    #[serde(default, skip_serializing_if = "Discounts::is_empty")]
    pub discounts: Discounts,
    /// What the price asks of each usage record; an item that was made before prices could ask says nothing, as do those
    /// of prices that ask for nothing.
    #[serde(default, skip_serializing_if = "RecordRules::are_plain")]
    pub record_rules: RecordRules,
    /// When it was on the subscription, in order of time.
    pub on: Vec<Span>,
}

impl SubscriptionItem {
    /// Whether the price was on the subscription at the instant.
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.on.iter().any(|span| span.contains(at))
    }

    /// Whether the price was on the subscription at any instant of the period.
    pub fn was_on(&self, period: BillingPeriod) -> bool {
        self.on.iter().any(|span| span.overlaps(period))
    }

    /// Whether usage may be recorded for it.
    pub fn takes_usage(&self) -> bool {
        self.metered || self.feature_id.is_some()
    }

    /// What it says beside its price.
    pub fn own_terms(&self) -> OwnTerms<'_> {
        OwnTerms { included_usage: self.included_usage, discounts: &self.discounts }
    }

    /// The usage that costs nothing each period: its own, or the price's.
    pub fn included(&self, price: &ItemPrice) -> Quantity {
        self.included_usage.unwrap_or(price.included_usage)
    }
}

/// Why a usage is stored and shown, but not billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBillable {
    /// It came after its period was closed.
    Late,
    /// The subscription was neither active nor non-renewing then.
    SubscriptionInactive,
    /// The price was not on the subscription then.
    PriceNotOnSubscription,
}

impl NotBillable {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            NotBillable::Late => "late",
            NotBillable::SubscriptionInactive => "subscription_inactive",
            NotBillable::PriceNotOnSubscription => "price_not_on_subscription",
        }
    }
}

/// The billing period that runs, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CurrentPeriod {
    /// 0 for the first, one more with each.
    pub number: u32,
    /// From when to when.
    #[serde(flatten)]
    pub period: BillingPeriod,
}

/// A customer's standing agreement over one or more item prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The subscription's id.
    pub id: SubscriptionId,
    /// Who is invoiced.
    pub customer_id: CustomerId,
    /// The one currency of its prices.
    pub currency_code: Currency,
    /// The rule of its periods; absent until a start date is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<CadenceHistory>,
    /// How many units of what one period is long, for a start date that is not known yet.
    pub period_length: PeriodLength,
    /// The status changes, in order of time.
    pub statuses: Vec<StatusChange>,
    /// Every price that is or was on it.
    pub items: Vec<SubscriptionItem>,
    /// The period that runs; absent before the activation was generated and after the last boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentPeriod>,
    /// Whether the last boundary has been generated: nothing becomes due any more.
    #[serde(default)]
    pub ended: bool,
    /// Seconds between a period's end and the close of its invoice; the site's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
    /// What becomes of late usage; the site's rule where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_usage: Option<LateUsage>,
    /// How many usages it may have, counted from its first one on; a subscription made without a limit never has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_limit: Option<UsageLimit>,
    /// When the newest invoice closes by itself: no later one closes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_close: Option<Timestamp>,
    /// When the subscription was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The next boundary of a subscription: where one period ends and the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// 0 is the activation; boundary n lies between periods n - 1 and n.
    pub number: u32,
    /// When it is.
    pub at: Timestamp,
}

impl Subscription {
    /// The status at an instant.
    pub fn status_at(&self, at: Timestamp) -> Status {
        self.statuses.iter().rev().find(|change| change.at <= at).map_or(Status::Future, |change| change.status)
    }

    /// When the subscription starts or started; absent while it waits for activation.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.statuses.first().map(|change| change.at)
    }

    /// When the subscription ends or ended, where that is known.
    pub fn cancelled_at(&self) -> Option<Timestamp> {
        self.statuses.iter().find(|change| change.status == Status::Cancelled).map(|change| change.at)
    }

    /// The item that bills the price, whether it is still on the subscription or not.
    pub fn item(&self, item_price_id: &ItemPriceId) -> Option<&SubscriptionItem> {
        self.items.iter().find(|item| item.item_price_id == *item_price_id)
    }

    /// The zone in which local times of the subscription are read: the one that its periods follow, or else the site's.
    pub fn local_zone(&self, site: &Site) -> Zone {
        self.cadence.as_ref().map_or(site.time_zone, CadenceHistory::zone)
    }

    /// The boundary that has to be generated next; absent while the subscription waits for activation and once it has
    /// ended.
    pub fn next_boundary(&self) -> Option<Boundary> {
        if self.ended {
            return None;
        }
        match self.current {
            Some(current) => Some(Boundary { number: current.number.checked_add(1)?, at: current.period.end }),
            None => self.started_at().map(|at| Boundary { number: 0, at }),
        }
    }

    /// Why usage of the price dated so would not be billed; `None` where it would be.
    ///
    /// Lateness is not looked at: only the page that holds the record knows it.
    pub fn not_billable(&self, item: &SubscriptionItem, date: Timestamp) -> Option<NotBillable> {
        if !self.status_at(date).is_billable() {
            return Some(NotBillable::SubscriptionInactive);
        }
        (!item.is_on(date)).then_some(NotBillable::PriceNotOnSubscription)
    }

    /// Returns why a usage is not billed; `None` where it is. `late` says whether it came after its period was closed.
    pub fn why_not_billed(&self, record: &UsageRecord, late: bool) -> Option<NotBillable> {
        if late {
            return Some(NotBillable::Late);
        }
        match self.item(&record.item_price_id) {
            Some(item) => self.not_billable(item, record.key.date),
            None => Some(NotBillable::PriceNotOnSubscription),
        }
    }

    /// The period that contains the date, with its number: 0 is the period that begins at the start date, and the
    /// cadence is extended both ways, so that numbers before it are negative. `None` while no start date is known.
    ///
    /// # Errors
    /// `TimeError` where the period leaves the range of instants.
    pub fn period_at(&self, date: Timestamp) -> Result<Option<(i64, BillingPeriod)>, TimeError> {
        self.cadence.as_ref().map(|cadence| cadence.period_at(date)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    #[test]
    fn a_span_includes_its_start_and_not_its_end() {
        let span = Span { from: at("2026-01-01T00:00:00Z"), to: Some(at("2026-02-01T00:00:00Z")) };

        assert!(span.contains(at("2026-01-01T00:00:00Z")));
        assert!(span.contains(at("2026-01-31T23:59:59.999Z")));
        assert!(!span.contains(at("2026-02-01T00:00:00Z")));
        assert!(!span.contains(at("2025-12-31T23:59:59.999Z")));
    }

    #[test]
    fn a_span_that_was_closed_as_it_opened_overlaps_nothing() {
        let period = BillingPeriod::new(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")).unwrap();
        let instant = at("2026-01-10T00:00:00Z");
        let after = Timestamp::from_millis(instant.millis() + 1).unwrap();

        assert!(!Span { from: instant, to: Some(instant) }.overlaps(period));
        assert!(Span { from: instant, to: Some(after) }.overlaps(period));
        assert!(!Span { from: period.end, to: None }.overlaps(period));
        assert!(!Span { from: Timestamp::MIN, to: Some(period.start) }.overlaps(period));
        assert!(Span { from: Timestamp::MIN, to: Some(period.start.plus_millis(1)) }.overlaps(period));
        assert!(!Span { from: period.start, to: None }.overlaps(BillingPeriod::new(instant, instant).unwrap()));
    }

    #[test]
    fn an_item_was_on_in_a_period_that_any_of_its_stretches_overlaps() {
        let mut item = crate::fixtures::subscription().items.remove(0);
        let days = |from: &str, to: &str| BillingPeriod::new(at(from), at(to)).unwrap();
        let stretch = |from, to| Span { from: at(from), to: Some(at(to)) };
        item.on = vec![
            stretch("2026-01-01T00:00:00Z", "2026-01-10T00:00:00Z"),
            stretch("2026-01-20T00:00:00Z", "2026-01-30T00:00:00Z"),
        ];

        assert!(item.was_on(days("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")));
        assert!(item.was_on(days("2026-01-29T00:00:00Z", "2026-02-01T00:00:00Z")));
        assert!(!item.was_on(days("2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z")));
        assert!(!item.was_on(days("2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z")));
    }

    #[test]
    fn the_status_is_the_last_change_that_has_come() {
        let subscription = crate::fixtures::subscription();
        let mut cancelled = subscription.clone();
        cancelled.statuses.push(StatusChange { at: at("2026-03-10T12:00:00Z"), status: Status::Cancelled });

        assert_eq!(subscription.status_at(at("2025-12-31T23:59:59Z")), Status::Future);
        assert_eq!(subscription.status_at(at("2026-01-31T00:00:00Z")), Status::Active);
        assert_eq!(cancelled.status_at(at("2026-03-10T11:59:59.999Z")), Status::Active);
        assert_eq!(cancelled.status_at(at("2026-03-10T12:00:00Z")), Status::Cancelled);
    }

    #[test]
    fn usage_is_billed_while_the_subscription_is_in_force_and_has_the_price() {
        use NotBillable::{PriceNotOnSubscription, SubscriptionInactive};
        let mut subscription = crate::fixtures::subscription();
        let change = |text, status| StatusChange { at: at(text), status };
        subscription.statuses.push(change("2026-03-01T00:00:00Z", Status::NonRenewing));
        subscription.statuses.push(change("2026-04-01T00:00:00Z", Status::Cancelled));
        subscription.items[1].on = vec![Span { from: at("2026-02-01T00:00:00Z"), to: None }];
        for (date, reason) in [
            ("2026-01-30T23:59:59.999Z", Some(SubscriptionInactive)),
            ("2026-01-31T00:00:00Z", Some(PriceNotOnSubscription)),
            ("2026-02-01T00:00:00Z", None),
            ("2026-03-01T00:00:00Z", None),
            ("2026-03-31T23:59:59.999Z", None),
            ("2026-04-01T00:00:00Z", Some(SubscriptionInactive)),
        ] {
            assert_eq!(subscription.not_billable(&subscription.items[1], at(date)), reason, "{date}");
        }
        let words = [NotBillable::Late, SubscriptionInactive, PriceNotOnSubscription].map(NotBillable::as_str);
        assert_eq!(words, ["late", "subscription_inactive", "price_not_on_subscription"]);
    }

    #[test]
    fn a_date_before_the_start_lies_in_a_period_of_a_negative_number() {
        let mut subscription = crate::fixtures::subscription();

        for (date, number, start) in [
            ("2026-01-30T23:59:59.999Z", -1, "2025-12-31T00:00:00Z"),
            ("2026-01-31T00:00:00Z", 0, "2026-01-31T00:00:00Z"),
            ("2026-02-28T00:00:00Z", 1, "2026-02-28T00:00:00Z"),
        ] {
            let (found, period) = subscription.period_at(at(date)).unwrap().unwrap();
            assert_eq!((found, period.start), (number, at(start)), "{date}");
        }
        subscription.cadence = None;
        assert_eq!(subscription.period_at(at("2026-02-28T00:00:00Z")), Ok(None));
    }

    #[test]
    fn what_an_item_says_itself_goes_before_what_its_price_says() {
        let mut item = crate::fixtures::subscription().items.remove(1);
        let price = ItemPrice { included_usage: "100".parse().unwrap(), ..crate::fixtures::price("minutes", 1).1 };
        assert_eq!((item.included(&price).to_string().as_str(), item.own_terms().included_usage), ("100", None));

        item.included_usage = Some("0".parse().unwrap());

        assert!(item.included(&price).is_zero());
        assert_eq!(item.own_terms().included_usage, item.included_usage);
    }

    #[test]
    fn usage_is_taken_for_an_item_that_is_billed_by_it_or_counts_it_against_a_feature() {
        let mut item = crate::fixtures::subscription().items.remove(0);
        assert!(!item.takes_usage());
        item.feature_id = Some("users".parse().unwrap());
        assert!(item.takes_usage());
        (item.feature_id, item.metered) = (None, true);
        assert!(item.takes_usage());
    }

    #[test]
    fn an_item_that_was_stored_before_prices_asked_for_anything_is_plain_and_stays_as_it_was() {
        let stored = concat!(
            r#"{"id":"si-minutes","item_price_id":"minutes","version":1,"metered":true,"billed":"in_arrears","#,
            r#""quantity":"1","on":[{"from":"2026-01-31T00:00:00Z"}]}"#,
        );

        let mut item: SubscriptionItem = serde_json::from_str(stored).unwrap();

        assert!(item.record_rules.are_plain());
        assert_eq!(serde_json::to_string(&item).unwrap(), stored);
        item.record_rules.held = true;
        let asking = stored.replace(r#""on""#, r#""record_rules":{"held":true},"on""#);
        assert_eq!(serde_json::to_string(&item).unwrap(), asking);
    }
}
