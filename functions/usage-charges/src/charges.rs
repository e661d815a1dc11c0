//! GET usage charges: one for each item price that takes usage and was on the subscription in the period.

use api::openapi::Operation;
use api::{Call, Kind, Problem, list_response};
use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use lambda_http::{Body, Response};
use operations::usage_charges::{ChargeFilter, usage_charges};

use crate::charge::{UsageChargeBody, body, example};
use crate::{CHARGES_TAG, Deps, Route};

const CHARGES: &str = "What the usage of each item price costs in one period, as of now: one charge for each price that \
    takes usage and was on the subscription then. Amounts are exact until `amount`, which is rounded once; `steps` say how \
    it came about. A running period is computed anew each time, a closed one stays as its invoice froze it.";

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
    let filter = ChargeFilter {
        feature_id: query.parse("feature_id")?,
        item_price_id: query.parse("item_price_id")?,
        period: query.get("period").map(period_number).transpose()?,
    };
    let charges = usage_charges(&deps.store, site, id, &filter, call.now).await?;
    let bodies: Vec<UsageChargeBody> = charges.into_iter().map(body).collect();
    Ok(list_response(&bodies, None))
}

fn period_number(text: &str) -> Result<u32, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Problem::new(Kind::Unreadable, "a period is a number: 0, 1, 2 ...").field("period"))
}

/// Describes the charges of the subscription that the path names.
pub fn of_subscription_operation() -> Operation {
    let operation = Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usage-charges"),
        "listUsageChargesOfSubscription",
        CHARGES_TAG,
        "See what a subscription's usage costs",
        CHARGES,
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    described(operation)
}

/// Describes the charges of the subscription that the query names.
pub fn of_site_operation() -> Operation {
    let operation =
        Operation::new(("GET", "/v1/usage-charges"), "listUsageCharges", CHARGES_TAG, "See what usage costs", CHARGES)
            .required_query::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    described(operation)
}

fn described(operation: Operation) -> Operation {
    operation
        .query::<FeatureId>("feature_id", "Only prices that are counted against this feature.")
        .query::<ItemPriceId>("item_price_id", "Only this price.")
        .query::<u32>(
            "period",
            "The number of the period, from 0; the one that runs, or the last one, where it is left out.",
        )
        .list::<UsageChargeBody>("The charges, all of them.", example())
        .problems(&[Kind::NotFound, Kind::Invalid])
}
