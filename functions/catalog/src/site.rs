//! Sites: their settings, and the clock of a test site.

use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use api::openapi::TimeInput;
use api::{Call, NumberText, Problem, fault, json_response, request_digest};
use billing::id::SiteId;
use billing::site::{DEFAULT_GRACE_SECONDS, Site};
use billing::timestamp::Timestamp;
use billing::usage_rules::{LateUsage, UsageLimit};
use billing::zone::Zone;
use invoice_queue::DueMessage;
use rating::{Rounding, TaxRounding};
use store::{Created, Creation, Stored, Updated};

use crate::document::{ATTEMPTS, contended, different, not_found, taken};
use crate::openapi::UsageLimitOrNone;
use crate::text::invalid;
use crate::{Deps, Route, text};

/// What a site is called in messages.
pub const NOUN: &str = "site";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    id: SiteId,
    /// Where days and months begin; UTC, where it is left out.
    time_zone: Option<Zone>,
    /// How a line is rounded to the minor unit; half_away_from_zero, where it is left out.
    rounding: Option<Rounding>,
    /// Whether a tax is rounded on each line, or once for all lines of an invoice; per_line, where it is left out.
    tax_rounding: Option<TaxRounding>,
    /// Seconds between the end of a period and the close of its invoice: 3,600, where it is left out.
    #[schema(maximum = 4_320_000)]
    grace_seconds: Option<u32>,
    /// What becomes of usage that comes after its period was closed; hold, where it is left out.
    late_usage: Option<LateUsage>,
    /// How many usages of a subscription may stand; any number, where it is left out.
    usage_limit: Option<UsageLimit>,
    /// Makes it a test site for good, whose clock stands there until it is moved.
    #[schema(value_type = Option<TimeInput>)]
    test_clock: Option<NumberText>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteChange {
    /// Counts for subscriptions made from now on.
    #[serde(default, deserialize_with = "api::optional::present")]
    time_zone: Option<Zone>,
    #[serde(default, deserialize_with = "api::optional::present")]
    rounding: Option<Rounding>,
    #[serde(default, deserialize_with = "api::optional::present")]
    tax_rounding: Option<TaxRounding>,
    /// Counts for invoices generated from now on.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(maximum = 4_320_000)]
    grace_seconds: Option<u32>,
    /// What becomes of usage that comes after its period was closed.
    #[serde(default, deserialize_with = "api::optional::present")]
    late_usage: Option<LateUsage>,
    /// Counts for subscriptions made from now on; null for none.
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<UsageLimitOrNone>)]
    usage_limit: Option<Option<UsageLimit>>,
    /// The new time of a test site; never an earlier one.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(value_type = Option<TimeInput>)]
    test_clock: Option<NumberText>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Site)]
pub struct SiteBody<'a> {
    id: &'a SiteId,
    time_zone: Zone,
    rounding: Rounding,
    tax_rounding: TaxRounding,
    grace_seconds: u32,
    late_usage: LateUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_limit: Option<UsageLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_clock: Option<Timestamp>,
    created_at: Timestamp,
}

fn body(site: &Site) -> impl Serialize {
    SiteBody {
        id: &site.id,
        time_zone: site.time_zone,
        rounding: site.rounding,
        tax_rounding: site.tax_rounding,
        grace_seconds: site.grace_seconds,
        late_usage: site.late_usage,
        usage_limit: site.usage_limit,
        test_clock: site.test_clock,
        created_at: site.created_at,
    }
}

/// Creates a site; a test clock makes it a test site for good.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id stands for another content.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewSite = call.json()?;
    let time_zone = new.time_zone.unwrap_or(Zone::UTC);
    let grace_seconds = text::grace(new.grace_seconds.unwrap_or(DEFAULT_GRACE_SECONDS))?;
    let rounding = new.rounding.unwrap_or_default();
    let late_usage = new.late_usage.unwrap_or_default();
    let test_clock = new.test_clock.map(|clock| text::time(&clock, "test_clock", time_zone)).transpose()?;
    let mut request = json!({
        "id": new.id,
        "time_zone": time_zone,
        "rounding": rounding,
        "grace_seconds": grace_seconds,
        "late_usage": late_usage,
        "usage_limit": new.usage_limit,
        "test_clock": test_clock,
    });
    let tax_rounding = new.tax_rounding.filter(|rounding| *rounding != TaxRounding::default());
    text::add_given(&mut request, "tax_rounding", &tax_rounding);
    let digest = request_digest(&request);
    let site = Site {
        id: new.id,
        time_zone,
        rounding,
        tax_rounding: new.tax_rounding.unwrap_or_default(),
        grace_seconds,
        late_usage,
        usage_limit: new.usage_limit,
        test_clock,
        created_at: call.real_now,
    };
    let creation = Creation { digest, idempotency_key: None, now: call.real_now };
    match deps.store.create_site(&site, &creation).await.map_err(fault)? {
        Created::New => Ok(json_response(201, &body(&site))),
        Created::Same(first) => Ok(json_response(200, &body(&first))),
        Created::Different(existing) => Err(different(NOUN, &existing.id, true, &body(&existing))),
        Created::Taken(what) => Err(taken(what)),
    }
}

/// Reads the site that the path names: the key's own.
///
/// # Errors
/// 404 for any other.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let stored = own(deps, call).await?;
    Ok(json_response(200, &body(&stored.value)))
}

/// Changes the settings of the key's own site, and moves its clock.
///
/// A zone and a usage limit count for subscriptions made from then on, a grace for invoices generated from then on.
///
/// # Errors
/// 404 for another site, 422 for a clock that would go backwards, or the clock of a live site.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: SiteChange = call.json()?;
    let grace_seconds = change.grace_seconds.map(text::grace).transpose()?;
    for _ in 0..ATTEMPTS {
        let mut stored = own(deps, call).await?;
        let before = stored.value.clone();
        let site = &mut stored.value;
        site.time_zone = change.time_zone.unwrap_or(site.time_zone);
        site.rounding = change.rounding.unwrap_or(site.rounding);
        site.tax_rounding = change.tax_rounding.unwrap_or(site.tax_rounding);
        site.grace_seconds = grace_seconds.unwrap_or(site.grace_seconds);
        site.late_usage = change.late_usage.unwrap_or(site.late_usage);
        site.usage_limit = change.usage_limit.unwrap_or(site.usage_limit);
        if let Some(clock) = &change.test_clock {
            site.test_clock = Some(moved(site, text::time(clock, "test_clock", before.time_zone)?)?);
        }
        if stored.value != before {
            match deps.store.update_site(&stored).await.map_err(fault)? {
                Updated::Done => {}
                Updated::Lost => continue,
                Updated::Taken(what) => return Err(taken(what)),
            }
        }
        // Also where the clock stands there already: the request that moved it may have been cut off right here.
        if change.test_clock.is_some() {
            send_due(deps, &stored.value, call.real_now).await?;
        }
        return Ok(json_response(200, &body(&stored.value)));
    }
    Err(contended())
}

/// The clock's new time, which is never an earlier one.
fn moved(site: &Site, to: Timestamp) -> Result<Timestamp, Problem> {
    match site.test_clock {
        None => Err(invalid("test_clock", "the site is live: its clock is the real one")),
        Some(at) if to < at => {
            Err(invalid("test_clock", format!("a test clock only moves forward; it stands at {at}")))
        }
        Some(_) => Ok(to),
    }
}

/// Sends what became due to be worked on.
async fn send_due(deps: &Deps, site: &Site, real_now: Timestamp) -> Result<(), Problem> {
    let due = deps.store.due_in_site(site, site.now(real_now)).await.map_err(fault)?;
    let message = |subscription_id| DueMessage { site_id: site.id.clone(), subscription_id };
    let messages: Vec<DueMessage> = due.into_iter().map(message).collect();
    deps.queue.send(&messages).await.map_err(fault)
}

/// The key's site as it is, for settings that are copied for good: the call's may be up to a minute old.
///
/// # Errors
/// 404 where there is none.
pub async fn current(deps: &Deps, call: &Call<Route>) -> Result<Site, Problem> {
    let id = &call.site()?.id;
    let stored = deps.store.site(id).await.map_err(fault)?;
    stored.map(|stored| stored.value).ok_or_else(|| not_found(NOUN, id))
}

/// The site that the path names, if the key opens it; of other sites a caller learns nothing.
async fn own(deps: &Deps, call: &Call<Route>) -> Result<Stored<Site>, Problem> {
    let id: SiteId = call.param("id")?;
    if call.site()?.id != id {
        return Err(not_found(NOUN, &id));
    }
    let stored = deps.store.site(&id).await.map_err(fault)?;
    stored.ok_or_else(|| not_found(NOUN, &id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(test_clock: Option<&str>) -> Site {
        Site {
            id: "demo".parse().unwrap(),
            time_zone: Zone::UTC,
            rounding: Rounding::default(),
            tax_rounding: TaxRounding::default(),
            grace_seconds: DEFAULT_GRACE_SECONDS,
            late_usage: LateUsage::default(),
            usage_limit: None,
            test_clock: test_clock.map(|clock| clock.parse().unwrap()),
            created_at: Timestamp::MIN,
        }
    }

    #[test]
    fn a_test_clock_stands_or_moves_forward() {
        let test = site(Some("2015-09-01T00:00:00Z"));
        for (to, accepted) in
            [("2015-08-31T23:59:59.999Z", false), ("2015-09-01T00:00:00Z", true), ("2015-10-01T01:00:00Z", true)]
        {
            assert_eq!(moved(&test, to.parse().unwrap()).is_ok(), accepted, "{to}");
        }
    }

    #[test]
    fn a_live_site_has_no_clock_to_move() {
        assert!(moved(&site(None), Timestamp::MAX).is_err());
    }
}
