//! DELETE: one usage, by the version that is meant.

use api::usage_id::UsageName;
use api::usage_json::usage_json;
use api::usage_place::{UsagePlace, local_zone};
use api::{Call, Kind, Problem, fault, no_content};
use billing::id::{ItemPriceId, UsageId};
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::RecordKey;
use lambda_http::{Body, Response};
use serde_json::Value;
use store::{Deletion, Standing};

use crate::{Deps, Route, subscription};

/// Deletes the usage that the path names.
pub async fn delete(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&UsagePlace::PARAMETERS)?;
    let name: UsageName = call.param("usage_id")?;
    let site = call.site()?;
    let version = match &name {
        UsageName::System(id) => id.updated_at,
        UsageName::Own(_) => if_match(call)?,
    };
    let subscription = subscription(deps, &site.id, &call.param("subscription_id")?).await?;
    let (price, key) = match &name {
        UsageName::System(id) => (id.item_price_id.clone(), RecordKey { date: id.date, id: None }),
        UsageName::Own(id) => locate(deps, call, &subscription, id).await?,
    };
    let deletion = deps.store.delete_usage(site, &subscription, &price, &key, version).await.map_err(fault)?;
    match (deletion, name) {
        (Deletion::Deleted, _) => Ok(no_content()),
        (Deletion::TooLate, _) => Err(too_late()),
        (Deletion::Changed(standing), UsageName::Own(_)) => {
            let detail = "another version of the usage stands; If-Match names its resource_version";
            Err(Problem::new(Kind::PreconditionFailed, detail).with("existing", shown(&subscription, &standing)))
        }
        // A system id names its version: with another one, it is another usage.
        _ => Err(not_found()),
    }
}

/// Where the caller's own id stands. The query may say it, which a retry after a success needs: once deleted, the id
/// is found nowhere.
async fn locate(
    deps: &Deps,
    call: &Call<Route>,
    subscription: &Subscription,
    id: &UsageId,
) -> Result<(ItemPriceId, RecordKey), Problem> {
    let site = call.site()?;
    let place = UsagePlace::read(call.query(), local_zone(site, subscription))?;
    if let Some(exact) = place.exact(id) {
        return Ok(exact);
    }
    let mut found = deps.store.find_usage(&site.id, subscription, id).await.map_err(fault)?;
    found.retain(|standing| place.matches(&standing.record));
    match found.as_slice() {
        [] => Err(not_found()),
        [one] => Ok((one.record.item_price_id.clone(), one.record.key.clone())),
        several => {
            let detail = "the id stands for several usages; say which by item_price_id and usage_date in the query";
            let several = several.iter().map(|standing| shown(subscription, standing)).collect();
            Err(Problem::new(Kind::Ambiguous, detail).with("usages", several))
        }
    }
}

/// The version that `If-Match` names: a `resource_version`, in quotes or without.
fn if_match(call: &Call<Route>) -> Result<Timestamp, Problem> {
    let Some(text) = call.header("if-match") else {
        let detail = "a usage with an id of your own is deleted with If-Match: \"<resource_version>\"";
        return Err(Problem::new(Kind::PreconditionRequired, detail).field("If-Match"));
    };
    let text = text.trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let refuse = || Problem::new(Kind::Unreadable, "If-Match is one resource_version").field("If-Match");
    let millis = bare.parse().map_err(|_| refuse())?;
    // A version out of range stands nowhere, and neither does one of the latest instant.
    Ok(Timestamp::from_millis(millis).unwrap_or(Timestamp::MAX))
}

/// The period is closed, and the site or the subscription refuses what comes after that.
pub fn too_late() -> Problem {
    let detail = "the usage's period is closed, and late_usage is reject here";
    Problem::new(Kind::LateUsage, detail).field("usage_date")
}

fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "there is no such usage").field("usage_id")
}

/// A standing record as a member of a problem.
pub fn shown(subscription: &Subscription, standing: &Standing) -> Value {
    // A usage is made of strings and numbers, so writing it cannot fail.
    serde_json::to_value(usage_json(subscription, &standing.record, standing.late, None)).unwrap_or_default()
}
