//! Answers what usage was recorded, and what it costs so far.
//!
//! **Owns** which period and which usages a question is about, and how the answer looks.
//!
//! **Does not own** how an amount comes about (`rating`), or which usage is billed (`billing`).
//!
//! | file | holds |
//! |---|---|
//! | `charges` | GET usage charges: one for each item price that takes usage |
//! | `charge` | how one of them is computed |
//! | `period` | which period is asked for, and where its numbers come from |
//! | `preview`, `preview/*` | POST preview: what usage would cost by another price, with nothing stored |
//! | `usages` | GET usages: a list over all item prices |
//! | `cursor` | where the next page of such a list begins |
//! | `usage` | GET one usage |
//! | `billed` | the invoice and line that a usage was billed on |
//! | `openapi` | the routes in words and schemas |

mod billed;
mod charge;
mod charges;
mod cursor;
mod openapi;
mod period;
mod preview;
mod usage;
mod usages;

use api::{Access, Call, Edge, Kind, Problem, fault};
use billing::id::SubscriptionId;
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
    ChargesOfSubscription,
    Charges,
    Preview,
    Usages,
    Usage,
}

const READ: Access = Access::Scope(Scope::Read);

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("GET", "/v1/subscriptions/{subscription_id}/usage-charges", READ, Route::ChargesOfSubscription),
    ("GET", "/v1/usage-charges", READ, Route::Charges),
    ("POST", "/v1/usage-charges/preview", READ, Route::Preview),
    ("GET", "/v1/subscriptions/{subscription_id}/usages", READ, Route::Usages),
    ("GET", "/v1/subscriptions/{subscription_id}/usages/{usage_id}", READ, Route::Usage),
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
        Route::ChargesOfSubscription => charges::of_subscription(deps, &call).await,
        Route::Charges => charges::of_site(deps, &call).await,
        Route::Preview => preview::preview(deps, &call).await,
        Route::Usages => usages::list(deps, &call).await,
        Route::Usage => usage::get(deps, &call).await,
    }
}

/// Reads a subscription; one that is not there is the caller's problem.
async fn subscription(deps: &Deps, site: &Site, id: &SubscriptionId) -> Result<Subscription, Problem> {
    let found = deps.store.subscription(&site.id, id).await.map_err(fault)?;
    let missing = || Problem::new(Kind::NotFound, "there is no such subscription").field("subscription_id");
    found.map(|stored| stored.value).ok_or_else(missing)
}
