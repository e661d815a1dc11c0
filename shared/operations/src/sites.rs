//! Sites: their settings, and the clock of a test site.

use billing::field;
use billing::id::SiteId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::{TimeText, Timestamp, Zone};
use billing::usage::{LateUsage, UsageLimit};
use invoice_queue::{DueMessage, InvoiceQueue};
use rating::{Rounding, TaxRounding};
use store::{Store, Stored};

use crate::document::{self, ATTEMPTS, Created, Creation, Revised, contended, not_found};
use crate::error::failed;

/// What a site is called in messages.
pub const NOUN: &str = "site";

/// A site that is asked for.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// Its id.
    pub id: SiteId,
    /// Where days and months begin.
    pub time_zone: Zone,
    /// How a line is rounded to the currency's minor unit.
    pub rounding: Rounding,
    /// Whether a tax is rounded on each line, or once for all lines of an invoice.
    pub tax_rounding: TaxRounding,
    /// Seconds between a period's end and the close of its invoice.
    pub grace_seconds: u32,
    /// What becomes of usage that comes after its period was closed.
    pub late_usage: LateUsage,
    /// How many usages of a subscription may stand; any number where absent.
    pub usage_limit: Option<UsageLimit>,
    /// Makes it a test site for good, whose clock stands there until it is moved.
    pub test_clock: Option<Timestamp>,
}

/// A change of a site; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SiteChange {
    /// Where days and months begin, for subscriptions made from then on.
    pub time_zone: Option<Zone>,
    /// How a line is rounded to the currency's minor unit.
    pub rounding: Option<Rounding>,
    /// Whether a tax is rounded on each line, or once for all lines of an invoice.
    pub tax_rounding: Option<TaxRounding>,
    /// Seconds between a period's end and the close of its invoice, for invoices generated from then on.
    pub grace_seconds: Option<u32>,
    /// What becomes of usage that comes after its period was closed.
    pub late_usage: Option<LateUsage>,
    /// How many usages of a subscription may stand, for subscriptions made from then on; `Some(None)` removes the limit.
    pub usage_limit: Option<Option<UsageLimit>>,
    /// The new time of a test site, never an earlier one; a local time in the zone that the site had before.
    pub test_clock: Option<TimeText>,
}

/// Creates a site; a test clock makes it a test site for good.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn create(store: &Store, new: NewSite, creation: &Creation) -> Result<Created<Site>, Refusal> {
    let site = Site {
        id: new.id,
        time_zone: new.time_zone,
        rounding: new.rounding,
        tax_rounding: new.tax_rounding,
        grace_seconds: field::grace(new.grace_seconds)?,
        late_usage: new.late_usage,
        usage_limit: new.usage_limit,
        test_clock: new.test_clock,
        created_at: creation.real_now,
    };
    document::create(store, &site.clone(), store.changes(), site, creation).await
}

/// Reads a site as it is, for settings that are copied for good: what a caller's key opened may be up to a minute old.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn current(store: &Store, id: &SiteId) -> Result<Site, Refusal> {
    load(store, id).await.map(|stored| stored.value)
}

/// Reads the caller's own site.
///
/// # Errors
/// `NotFound` where there is none, and for the site of somebody else: of other sites a caller learns nothing.
pub async fn read(store: &Store, own: &Site, id: &SiteId) -> Result<Site, Refusal> {
    load_own(store, own, id).await.map(|stored| stored.value)
}

/// Changes the settings of the caller's own site, and moves its clock: what became due by that is sent to be worked on.
///
/// # Errors
/// As [`read`]; `Invalid` for a clock that would go backwards, the clock of a live site, and any other field that is against
/// a rule; `Unavailable` where others kept changing it.
pub async fn change(
    store: &Store,
    queue: &InvoiceQueue,
    own: &Site,
    id: &SiteId,
    asked: SiteChange,
    real_now: Timestamp,
) -> Result<Site, Refusal> {
    let grace_seconds = asked.grace_seconds.map(field::grace).transpose()?;
    for _ in 0..ATTEMPTS {
        let before = load_own(store, own, id).await?;
        let after = changed(&before.value, &SiteChange { grace_seconds, ..asked.clone() })?;
        if after != before.value {
            match document::revise(&after, store.changes(), &before, &after).await? {
                Revised::Done => {}
                Revised::Lost => continue,
            }
        }
        // Also where the clock stands there already: the request that moved it may have been cut off right here.
        if asked.test_clock.is_some() {
            send_due(store, queue, &after, real_now).await?;
        }
        return Ok(after);
    }
    Err(contended())
}

/// The site after a change.
fn changed(site: &Site, asked: &SiteChange) -> Result<Site, Refusal> {
    let clock = asked.test_clock.as_ref().map(|clock| field::time(clock, "test_clock", site.time_zone)).transpose()?;
    if let Some(to) = clock {
        site.check_clock_move(to)?;
    }
    Ok(Site {
        time_zone: asked.time_zone.unwrap_or(site.time_zone),
        rounding: asked.rounding.unwrap_or(site.rounding),
        tax_rounding: asked.tax_rounding.unwrap_or(site.tax_rounding),
        grace_seconds: asked.grace_seconds.unwrap_or(site.grace_seconds),
        late_usage: asked.late_usage.unwrap_or(site.late_usage),
        usage_limit: asked.usage_limit.unwrap_or(site.usage_limit),
        test_clock: clock.or(site.test_clock),
        ..site.clone()
    })
}

async fn send_due(store: &Store, queue: &InvoiceQueue, site: &Site, real_now: Timestamp) -> Result<(), Refusal> {
    let due = store.due_in_site(site, site.now(real_now)).await.map_err(failed)?;
    let message = |subscription_id| DueMessage { site_id: site.id.clone(), subscription_id };
    let messages: Vec<DueMessage> = due.into_iter().map(message).collect();
    queue.send(&messages).await.map_err(failed)
}

async fn load_own(store: &Store, own: &Site, id: &SiteId) -> Result<Stored<Site>, Refusal> {
    if own.id != *id {
        return Err(not_found(NOUN, id));
    }
    load(store, id).await
}

async fn load(store: &Store, id: &SiteId) -> Result<Stored<Site>, Refusal> {
    let stored = store.site(id).await.map_err(failed)?;
    stored.ok_or_else(|| not_found(NOUN, id))
}
