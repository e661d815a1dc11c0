//! Creating a subscription.

use billing::catalog::{Customer, PeriodLength};
use billing::field;
use billing::id::{CustomerId, SubscriptionId};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::items::{self, NewSubscriptionItem};
use billing::subscription::{Subscription, lifecycle};
use billing::time::{TimeText, Timestamp};
use billing::usage::{LateUsage, UsageLimit};
use store::Store;

use super::caught_up;
use super::listed::listed;
use crate::document::{self, Created, Creation};
use crate::error::failed;
use crate::name::id_or_new;
use crate::sites;

/// A subscription that is asked for.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Its id; made by the system where absent.
    pub id: Option<SubscriptionId>,
    /// Who is invoiced.
    pub customer_id: CustomerId,
    /// What is subscribed to.
    pub items: Vec<NewSubscriptionItem>,
    /// When it starts, in the past or ahead; it waits for its activation where absent.
    pub start_date: Option<TimeText>,
    /// The period length of its prices, to be sure; it follows from them.
    pub cadence: Option<PeriodLength>,
    /// Seconds between a period's end and the close of its invoice; the site's where absent.
    pub grace_seconds: Option<u32>,
    /// What becomes of late usage; the site's rule where absent.
    pub late_usage: Option<LateUsage>,
    /// How many usages it may have, or that there is no limit; the site's where absent.
    pub usage_limit: Option<Option<UsageLimit>>,
}

/// Creates a subscription; one that starts at once gets its activation invoice with it.
///
/// # Errors
/// `Invalid` and `UnknownItemPrice`, naming what is wrong; `Conflict` where the id of an item belongs to something else.
pub async fn create(
    store: &Store,
    site: &Site,
    new: NewSubscription,
    creation: &Creation,
    now: Timestamp,
) -> Result<Created<Subscription>, Refusal> {
    // What is copied for good is read: the caller's site may be as it was up to a minute ago.
    let site = &sites::current(store, &site.id).await?;
    let subscription = draft(store, site, new, now).await?;
    let created = document::create(store, site, store.changes(), subscription, creation).await?;
    // Also after a repetition: the first request may have been cut off right here.
    Ok(match created {
        Created::New(subscription) => Created::New(caught_up(store, site, subscription, now).await?),
        Created::Same(first) => Created::Same(caught_up(store, site, first, now).await?),
        different => different,
    })
}

async fn draft(store: &Store, site: &Site, new: NewSubscription, now: Timestamp) -> Result<Subscription, Refusal> {
    let grace_seconds = new.grace_seconds.map(field::grace).transpose()?;
    let start = new.start_date.map(|start| field::time(&start, "start_date", site.time_zone)).transpose()?;
    let customer = store.get::<Customer>(&site.id, new.customer_id.as_str()).await.map_err(failed)?;
    customer.ok_or_else(|| Refusal::invalid("customer_id", format!("there is no customer {}", new.customer_id)))?;
    let listed = listed(store, site, new.items).await?;
    let price = listed.first().ok_or_else(|| Refusal::invalid("items", "a subscription has an item"))?.price();
    let (currency_code, period_length) = (price.currency_code, price.period);
    if new.cadence.is_some_and(|cadence| cadence != period_length) {
        return Err(Refusal::invalid("cadence", "the cadence is the period length of the prices"));
    }
    let subscription = Subscription {
        id: id_or_new(new.id, "sub_").map_err(failed)?,
        customer_id: new.customer_id,
        currency_code,
        cadence: None,
        period_length,
        statuses: Vec::new(),
        items: items::first(listed),
        current: None,
        ended: false,
        grace_seconds,
        late_usage: new.late_usage,
        usage_limit: new.usage_limit.unwrap_or(site.usage_limit),
        last_close: None,
        created_at: now,
        updated_at: now,
    };
    match start {
        Some(start) => lifecycle::start(&subscription, start, site.time_zone)
            .map_err(|_| Refusal::invalid("start_date", "the first period ends too far in the future")),
        None => Ok(subscription),
    }
}
