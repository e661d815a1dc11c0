//! What keeps failing to be generated or closed, and why.

use lambda_http::{Body, Response};

use api::{Call, Problem, list_response};

use crate::read::list_fault;
use crate::{Deps, Route};

/// The query parameters of the list.
pub const PARAMETERS: &[&str] = &["limit", "cursor"];

/// Lists the subscriptions that are stuck.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = deps.store.stuck(&call.site()?.id, cursor, limit).await.map_err(list_fault)?;
    Ok(list_response(&page.items, page.next.as_deref()))
}
