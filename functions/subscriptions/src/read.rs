//! GET: one subscription, or a list of them.

use api::openapi::Operation;
use api::{Call, Problem, json_response, list_response};
use billing::id::{CustomerId, SubscriptionId};
use lambda_http::{Body, Response};
use operations::subscriptions;

use crate::body::{SubscriptionBody, body, example};
use crate::{Deps, ONE, Route, TAG, of_one};

/// Reads the subscription that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: SubscriptionId = call.param("id")?;
    let found = subscriptions::subscription(&deps.store, call.site()?, &id).await?;
    Ok(json_response(200, &body(&found, call.now)))
}

/// Lists subscriptions, of one customer where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or the filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let customer: Option<CustomerId> = call.query().parse("customer_id")?;
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = subscriptions::subscriptions(&deps.store, call.site()?, customer.as_ref(), cursor, limit).await?;
    let bodies: Vec<_> = page.items.iter().map(|subscription| body(subscription, call.now)).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Describes the list of subscriptions.
pub fn list_operation() -> Operation {
    Operation::new(
        ("GET", "/v1/subscriptions"),
        "listSubscriptions",
        TAG,
        "List subscriptions",
        "Lists subscriptions by customer and id.",
    )
    .query::<CustomerId>("customer_id", "Only subscriptions of this customer.")
    .paged()
    .list::<SubscriptionBody<'static>>("A page of subscriptions.", example())
}

/// Describes reading one subscription.
pub fn read_operation() -> Operation {
    of_one("GET", ONE, "getSubscription", "Read a subscription", "Reads one subscription.")
}
