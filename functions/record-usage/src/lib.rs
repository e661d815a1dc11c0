//! Records usage, one or in batches, and deletes it.
//!
//! **Owns** how a usage is read from a request, which ones are refused, and how each is answered.
//!
//! **Does not own** when a record is the same, late or conflicting (`store`), or whether it is billed (`billing`).
//!
//! | file | holds |
//! |---|---|
//! | `usage` | one usage as it is sent, read field by field |
//! | `admit` | which usages are taken, given the subscription |
//! | `record` | POST: one usage, or a batch of them |
//! | `csv` | POST: a table of usages |
//! | `post` | any number of usages to the store |
//! | `delete` | DELETE: one usage |
//! | `openapi` | the routes in words and schemas |

mod admit;
mod csv;
mod delete;
mod openapi;
mod post;
mod record;
mod usage;

use api::{Access, Call, Edge, Kind, Problem, fault};
use billing::id::{SiteId, SubscriptionId};
use billing::site::{ApiKey, Scope, Site};
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use lambda_http::{Body, Request, Response};
use store::{Store, StoreError};

/// What the function works with; made once, used by every invocation.
pub struct Deps {
    store: Store,
    edge: Edge<Route>,
}

#[derive(Clone, Copy)]
enum Route {
    RecordOfSubscription,
    Record,
    Delete,
}

const WRITE: Access = Access::Scope(Scope::UsageWrite);

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("POST", "/v1/subscriptions/{subscription_id}/usages", WRITE, Route::RecordOfSubscription),
    ("POST", "/v1/usages", WRITE, Route::Record),
    ("DELETE", "/v1/subscriptions/{subscription_id}/usages/{usage_id}", WRITE, Route::Delete),
];

impl Deps {
    /// The function over a store.
    pub fn new(store: Store) -> Deps {
        Deps { store, edge: Edge::new(ROUTES) }
    }
}

/// Returns the description of the routes.
pub fn openapi() -> api::openapi::Description {
    openapi::openapi()
}

/// Answers one request; `now` is the real time.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let lookup = |digest| authenticate(deps, digest);
    let response = api::serve(&deps.edge, event, now, None, lookup, |call| answer(deps, call)).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
}

async fn authenticate(deps: &Deps, digest: String) -> Result<Option<(ApiKey, Site)>, StoreError> {
    deps.store.authenticate(&digest).await
}

async fn answer(deps: &Deps, call: Call<Route>) -> Result<Response<Body>, Problem> {
    match call.route {
        Route::RecordOfSubscription => record::record(deps, &call, Some(call.param("subscription_id")?)).await,
        Route::Record => record::record(deps, &call, None).await,
        Route::Delete => delete::delete(deps, &call).await,
    }
}

/// Reads a subscription; one that is not there is the caller's problem.
async fn subscription(deps: &Deps, site: &SiteId, id: &SubscriptionId) -> Result<Subscription, Problem> {
    let found = deps.store.subscription(site, id).await.map_err(fault)?;
    found.map(|stored| stored.value).ok_or_else(no_subscription)
}

fn no_subscription() -> Problem {
    Problem::new(Kind::NotFound, "there is no such subscription").field("subscription_id")
}
