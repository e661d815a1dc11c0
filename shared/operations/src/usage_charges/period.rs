//! Which period is asked for, and what its charges are computed from.

use billing::invoice::{Invoice, InvoiceOwner, LineItem};
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::{CurrentPeriod, Subscription};
use billing::time::{BillingPeriod, TimeError, Timestamp};
use store::Store;

use crate::error::{failed, unrated};
use crate::invoices::rated;

/// Where a period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodStatus {
    /// It runs.
    Open,
    /// It has ended, and its invoice is not closed yet.
    Pending,
    /// Its invoice is closed.
    Closed,
}

/// What a period's charges are computed from.
pub(super) enum Basis {
    /// The period has no invoice yet: the subscription's items at their present versions.
    Running(CurrentPeriod),
    /// The invoice that ended the period says which items and versions.
    Invoiced(Box<Invoice>, CurrentPeriod),
}

/// Finds the period by its number, or the one that runs; the last one where the subscription is over.
///
/// `None` is a subscription that has not started, or a period without anything that could have been used.
pub(super) async fn find(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    number: Option<u32>,
    now: Timestamp,
) -> Result<Option<Basis>, Refusal> {
    let newest = newest(subscription, now).map_err(out_of_range)?;
    let missing = || Refusal::new(Kind::NotFound, "the subscription did not have this period").field("period");
    let Some(newest) = newest else {
        // Only a number can be wrong about a subscription that has not started.
        return if number.is_none() { Ok(None) } else { Err(missing()) };
    };
    let number = number.unwrap_or(newest.number);
    if number > newest.number {
        return Err(missing());
    }
    if number == newest.number && !subscription.ended {
        return Ok(Some(Basis::Running(newest)));
    }
    let boundary = number.checked_add(1).ok_or_else(missing)?;
    let id = InvoiceOwner::boundary(subscription.id.clone(), boundary).id();
    let Some(invoice) = store.invoice(&site.id, &id).await.map_err(failed)? else { return Ok(None) };
    let Some(period) = invoice.value.ended else { return Ok(None) };
    Ok(Some(Basis::Invoiced(Box::new(invoice.value), CurrentPeriod { number, period })))
}

/// The period that runs, or the last one; `None` before the subscription starts.
fn newest(subscription: &Subscription, now: Timestamp) -> Result<Option<CurrentPeriod>, TimeError> {
    if let Some(current) = subscription.current {
        return Ok(Some(current));
    }
    let at = match (subscription.started_at(), subscription.cancelled_at()) {
        (Some(start), Some(end)) if subscription.ended && start < end => end.plus_millis(-1),
        // It has started, and its activation is on the way.
        (Some(start), _) if !subscription.ended && start <= now => start,
        _ => return Ok(None),
    };
    let found = subscription.period_at(at)?;
    Ok(found.and_then(|(number, period)| Some(CurrentPeriod { number: u32::try_from(number).ok()?, period })))
}

fn out_of_range(error: TimeError) -> Refusal {
    Refusal::invalid("period", error.to_string())
}

impl Basis {
    /// The number of the period and when it is.
    pub(super) fn period(&self) -> CurrentPeriod {
        match self {
            Basis::Running(period) | Basis::Invoiced(_, period) => *period,
        }
    }

    /// Where the period stands.
    pub(super) fn status(&self, now: Timestamp) -> PeriodStatus {
        match self {
            Basis::Running(CurrentPeriod { period: BillingPeriod { end, .. }, .. }) if now < *end => PeriodStatus::Open,
            Basis::Invoiced(invoice, _) if !invoice.status.is_pending() => PeriodStatus::Closed,
            _ => PeriodStatus::Pending,
        }
    }

    /// The lines of the period's invoice, where it has one.
    pub(super) async fn lines(&self, store: &Store, site: &Site) -> Result<Option<Vec<LineItem>>, Refusal> {
        match self {
            Basis::Running(_) => Ok(None),
            Basis::Invoiced(invoice, _) => Ok(Some(rated(store, site, invoice).await.map_err(unrated)?.lines)),
        }
    }
}
