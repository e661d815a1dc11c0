//! Sites: their settings, and the clock of a test site.

use api::canonical::add_given;
use api::creation::different;
use api::openapi::{Operation, TimeInput};
use api::{Call, Kind, NumberText, Problem, json_response, request_digest};
use billing::field;
use billing::id::SiteId;
use billing::site::{DEFAULT_GRACE_SECONDS, Site};
use billing::time::{TimeText, Timestamp, Zone};
use billing::usage::{LateUsage, UsageLimit};
use lambda_http::{Body, Response};
use operations::sites::{self, NOUN};
use operations::{Created, Creation};
use rating::{Rounding, TaxRounding};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::or_none::UsageLimitOrNone;
use crate::{Deps, Route};

const TAG: &str = "Sites";

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
    let read_clock = |clock: NumberText| field::time(&TimeText::from(clock.as_str()), "test_clock", time_zone);
    let asked = sites::NewSite {
        id: new.id,
        time_zone,
        rounding: new.rounding.unwrap_or_default(),
        tax_rounding: new.tax_rounding.unwrap_or_default(),
        grace_seconds: new.grace_seconds.unwrap_or(DEFAULT_GRACE_SECONDS),
        late_usage: new.late_usage.unwrap_or_default(),
        usage_limit: new.usage_limit,
        test_clock: new.test_clock.map(read_clock).transpose()?,
    };
    let creation = Creation { digest: digest(&asked), idempotency_key: None, real_now: call.real_now };
    match sites::create(&deps.store, asked, &creation).await? {
        Created::New(site) => Ok(json_response(201, &body(&site))),
        Created::Same(first) => Ok(json_response(200, &body(&first))),
        Created::Different(existing) => Err(different(NOUN, &existing.id, true, &body(&existing))),
    }
}

fn digest(asked: &sites::NewSite) -> String {
    let mut request = json!({
        "id": asked.id,
        "time_zone": asked.time_zone,
        "rounding": asked.rounding,
        "grace_seconds": asked.grace_seconds,
        "late_usage": asked.late_usage,
        "usage_limit": asked.usage_limit,
        "test_clock": asked.test_clock,
    });
    let tax_rounding = Some(asked.tax_rounding).filter(|rounding| *rounding != TaxRounding::default());
    add_given(&mut request, "tax_rounding", &tax_rounding);
    request_digest(&request)
}

/// Reads the site that the path names: the key's own.
///
/// # Errors
/// 404 for any other.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let site = sites::read(&deps.store, call.site()?, &call.param("id")?).await?;
    Ok(json_response(200, &body(&site)))
}

/// Changes the settings of the key's own site, and moves its clock.
///
/// A zone and a usage limit count for subscriptions made from then on, a grace for invoices generated from then on.
///
/// # Errors
/// 404 for another site, 422 for a clock that would go backwards, or the clock of a live site.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: SiteChange = call.json()?;
    let asked = sites::SiteChange {
        time_zone: change.time_zone,
        rounding: change.rounding,
        tax_rounding: change.tax_rounding,
        grace_seconds: change.grace_seconds,
        late_usage: change.late_usage,
        usage_limit: change.usage_limit,
        test_clock: change.test_clock.map(|clock| TimeText::from(clock.as_str())),
    };
    let (own, id) = (call.site()?, call.param("id")?);
    let site = sites::change(&deps.store, &deps.queue, own, &id, asked, call.real_now).await?;
    Ok(json_response(200, &body(&site)))
}

/// Describes the routes of sites.
pub fn operations() -> [Operation; 3] {
    let create = Operation::new(
        ("POST", "/v1/sites"),
        "createSite",
        TAG,
        "Create a site",
        "Makes an isolated book of customers, prices and subscriptions, with the root key. With a `test_clock` it is a test \
         site for good: its clock stands there until it is moved.",
    )
    .body::<NewSite>(json!({ "id": "live", "time_zone": "Europe/Paris" }))
    .answer::<SiteBody<'static>>(200, "It was created before, by the same request.", live())
    .answer::<SiteBody<'static>>(201, "It is created.", live())
    .problems(&[Kind::Conflict, Kind::Invalid]);
    let read = Operation::new(
        ("GET", "/v1/sites/{id}"),
        "getSite",
        TAG,
        "Read a site",
        "Reads the site that the key opens; there is no other one for its holder.",
    )
    .path::<SiteId>("id", "The key's own site.", "demo")
    .answer::<SiteBody<'static>>(200, "The site.", demo())
    .problems(&[Kind::NotFound]);
    let change = Operation::new(
        ("PATCH", "/v1/sites/{id}"),
        "updateSite",
        TAG,
        "Change a site",
        "Changes what is sent, and leaves the rest. Moving the clock of a test site lets everything happen that became due \
         until then; it never moves back.",
    )
    .path::<SiteId>("id", "The key's own site.", "demo")
    .change::<SiteChange>(json!({ "grace_seconds": 3_600 }))
    .answer::<SiteBody<'static>>(200, "The site as it stands now.", demo())
    .problems(&[Kind::NotFound, Kind::Invalid]);
    [create, read, change]
}

fn live() -> Value {
    json!({
        "id": "live",
        "time_zone": "Europe/Paris",
        "rounding": "half_away_from_zero",
        "tax_rounding": "per_line",
        "grace_seconds": 3_600,
        "late_usage": "hold",
        "created_at": "2015-10-01T01:00:00Z",
    })
}

fn demo() -> Value {
    json!({
        "id": "demo",
        "time_zone": "UTC",
        "rounding": "half_away_from_zero",
        "tax_rounding": "per_line",
        "grace_seconds": 3_600,
        "late_usage": "hold",
        "test_clock": "2015-10-01T01:00:00Z",
        "created_at": "2015-09-01T00:00:00Z",
    })
}
