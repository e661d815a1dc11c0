//! GET one usage, by its system id or by the caller's own.

use api::usage_id::UsageName;
use api::usage_place::{UsagePlace, local_zone};
use api::{Call, Kind, Problem, fault, json_response};
use billing::usage::RecordKey;
use lambda_http::{Body, Response};
use store::Standing;

use crate::billed::Shower;
use crate::{Deps, Route, subscription};

/// Answers with the usage that the path names.
pub async fn get(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&UsagePlace::PARAMETERS)?;
    let site = call.site()?;
    let name: UsageName = call.param("usage_id")?;
    let subscription = subscription(deps, site, &call.param("subscription_id")?).await?;
    let place = UsagePlace::read(call.query(), local_zone(site, &subscription))?;
    let mut shower = Shower::new(deps, site, &subscription);
    let found = match &name {
        UsageName::System(id) => {
            let key = RecordKey { date: id.date, id: None };
            let found = deps.store.usage(&site.id, &subscription.id, &id.item_price_id, &key).await.map_err(fault)?;
            // The id names a version: a correction is another usage.
            Vec::from_iter(found.filter(|standing| standing.record.updated_at == id.updated_at))
        }
        UsageName::Own(id) => match place.exact(id) {
            Some((price, key)) => {
                Vec::from_iter(deps.store.usage(&site.id, &subscription.id, &price, &key).await.map_err(fault)?)
            }
            None => deps.store.find_usage(&site.id, &subscription, id).await.map_err(fault)?,
        },
    };
    let found: Vec<Standing> = found.into_iter().filter(|standing| place.matches(&standing.record)).collect();
    match found.as_slice() {
        [] => Err(Problem::new(Kind::NotFound, "there is no such usage").field("usage_id")),
        [one] => Ok(json_response(200, &shower.show(one).await?)),
        several => Err(ambiguous(&mut shower, several).await?),
    }
}

async fn ambiguous(shower: &mut Shower<'_>, several: &[Standing]) -> Result<Problem, Problem> {
    let mut shown = Vec::new();
    for standing in several {
        // A usage is made of strings and numbers, so writing it cannot fail.
        shown.push(serde_json::to_value(shower.show(standing).await?).unwrap_or_default());
    }
    let detail = "the id stands for several usages; say which by item_price_id and usage_date in the query";
    Ok(Problem::new(Kind::Ambiguous, detail).with("usages", shown.into()))
}
