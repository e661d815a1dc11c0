//! GET usage charges: one for each item price that takes usage and was on the subscription in the period.

use api::{Call, Kind, Problem, fault, list_response};
use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lambda_http::{Body, Response};
use store::StoreError;

use crate::charge::{Asked, UsageCharge, unrateable};
use crate::period::{self, Basis};
use crate::{Deps, Route, subscription};

/// How many item prices are read at a time.
const AT_A_TIME: usize = 8;

/// Answers for the subscription that the path names.
pub async fn of_subscription(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&["feature_id", "item_price_id", "period"])?;
    charges(deps, call, &call.param("subscription_id")?).await
}

/// Answers for the subscription that the query names.
pub async fn of_site(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&["subscription_id", "feature_id", "item_price_id", "period"])?;
    let id = call.query().parse("subscription_id")?;
    let missing = || Problem::new(Kind::Unreadable, "say which subscription").field("subscription_id");
    charges(deps, call, &id.ok_or_else(missing)?).await
}

async fn charges(deps: &Deps, call: &Call<Route>, id: &SubscriptionId) -> Result<Response<Body>, Problem> {
    let (site, query) = (call.site()?, call.query());
    let feature: Option<FeatureId> = query.parse("feature_id")?;
    let price: Option<ItemPriceId> = query.parse("item_price_id")?;
    let number = query.get("period").map(period_number).transpose()?;
    let subscription = subscription(deps, site, id).await?;
    let Some(basis) = period::find(deps, site, &subscription, number, call.now).await? else {
        return Ok(list_response::<UsageCharge>(&[], None));
    };
    let lines = match &basis {
        Basis::Running(_) => None,
        Basis::Invoiced(invoice, _) => Some(deps.store.rated(site, invoice).await.map_err(unrated)?.lines),
    };
    let asked =
        Asked { deps, site, subscription: &subscription, basis: &basis, lines: lines.as_deref(), now: call.now };
    let subjects = asked.subjects().into_iter().filter(|subject| {
        feature.as_ref().is_none_or(|id| subject.item.feature_id.as_ref() == Some(id))
            && price.as_ref().is_none_or(|id| subject.item.item_price_id == *id)
    });
    let answers: Vec<_> = subjects.map(|subject| asked.charge(subject)).collect();
    let list: Vec<UsageCharge> = stream::iter(answers).buffered(AT_A_TIME).try_collect().await?;
    Ok(list_response(&list, None))
}

fn period_number(text: &str) -> Result<u32, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Problem::new(Kind::Unreadable, "a period is a number: 0, 1, 2 ...").field("period"))
}

/// Why a period cannot be rated.
pub fn unrated(error: StoreError) -> Problem {
    match error {
        StoreError::Billing(error) => unrateable(error),
        error => fault(error),
    }
}
