//! DELETE: one usage, by the version that is meant.

use api::openapi::{Operation, TimeInput};
use api::usage_id::{SystemUsageId, UsageName};
use api::usage_place::UsagePlace;
use api::{Call, Kind, Problem, no_content};
use billing::id::{ItemPriceId, SubscriptionId};
use billing::time::Timestamp;
use lambda_http::{Body, Response};
use operations::recorded_usage;
use operations::usage::{self, Deleted, UsageVersion};

use crate::post::shown_value;
use crate::{Deps, Route, TAG};

/// Deletes the usage that the path names.
pub async fn delete(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&UsagePlace::PARAMETERS)?;
    let name: UsageName = call.param("usage_id")?;
    let site = call.site()?;
    let updated_at = match &name {
        UsageName::System(id) => id.updated_at,
        UsageName::Own(_) => if_match(call)?,
    };
    let subscription = recorded_usage::subscription(&deps.store, site, &call.param("subscription_id")?).await?;
    let version = match name {
        UsageName::System(SystemUsageId { item_price_id, date, .. }) => {
            UsageVersion::System { item_price_id, date, updated_at }
        }
        UsageName::Own(id) => {
            let UsagePlace { item_price_id, date } = UsagePlace::read(call.query(), subscription.local_zone(site))?;
            UsageVersion::Own { id, item_price_id, date, updated_at }
        }
    };
    match usage::delete(&deps.store, site, subscription, version).await? {
        Deleted::Gone => Ok(no_content()),
        Deleted::Changed(existing) => {
            let detail = "another version of the usage stands; If-Match names its resource_version";
            Err(Problem::new(Kind::PreconditionFailed, detail).with("existing", shown_value(&existing)))
        }
        Deleted::Ambiguous(usages) => {
            let detail = "the id stands for several usages; say which by item_price_id and usage_date in the query";
            let usages = usages.iter().map(shown_value).collect();
            Err(Problem::new(Kind::Ambiguous, detail).with("usages", usages))
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

/// Describes deleting a usage.
pub fn operation() -> Operation {
    Operation::new(
        ("DELETE", "/v1/subscriptions/{subscription_id}/usages/{usage_id}"),
        "deleteUsage",
        TAG,
        "Delete a usage",
        "Deletes one version of a usage; also when it is sent again (204). A retry that brings the deleted content back is \
         refused. The id of the system names a version by itself; for an id of your own, `If-Match` does.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .path::<String>(
        "usage_id",
        "The id of the usage: your own, or the one that the system made.",
        "usg_voip-minutes-usd-monthly.if7hj680.if7ilr40",
    )
    .query::<ItemPriceId>("item_price_id", "Where an id of your own stands for several usages: the price.")
    .query::<TimeInput>("usage_date", "Where an id of your own stands for several usages: the date.")
    .header::<String>("If-Match", "The resource_version of a usage with an id of your own, in quotes or without.")
    .empty_answer(204, "It is deleted.")
    .problems(&[Kind::NotFound, Kind::Ambiguous, Kind::LateUsage, Kind::PreconditionFailed, Kind::PreconditionRequired])
}
