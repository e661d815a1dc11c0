//! What keeps failing to be generated or closed, and why.

use lambda_http::{Body, Response};
use serde_json::{Value, json};
use store::Stuck;

use api::openapi::Operation;
use api::{Call, Problem, list_response};

use crate::{Deps, Route, TAG};

/// The query parameters of the list.
pub const PARAMETERS: &[&str] = &["limit", "cursor"];

/// Lists the subscriptions that are stuck.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = operations::due::stuck(&deps.store, call.site()?, cursor, limit).await?;
    Ok(list_response(&page.items, page.next.as_deref()))
}

/// Describes the list.
pub fn list_operation() -> Operation {
    Operation::new(
        ("GET", "/v1/stuck"),
        "listStuck",
        TAG,
        "List what is stuck",
        "Lists subscriptions whose invoices keep failing to be generated or closed, with the reason. They are tried again by \
         themselves, with growing distance; once the cause is gone, they leave the list.",
    )
    .paged()
    .list::<Stuck>("A page of what is stuck.", example())
}

fn example() -> Value {
    json!({
        "subscription_id": "voip-acme",
        "reason": "the usage of voip-minutes-usd-monthly cannot be rated: the quantity 11 is beyond the last tier, which ends at 10",
        "failures": 3,
        "first_failed_at": "2015-10-01T01:00:00Z",
        "next_attempt_at": "2015-10-01T01:40:00Z",
    })
}
