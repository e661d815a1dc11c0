//! Answers what usage was recorded, and what it costs so far.
//!
//! **Owns** how a question about usage is read, and how its answer looks.
//!
//! **Does not own** which period and which usages are meant (`operations`), how an amount comes about (`rating`), or which
//! usage is billed (`billing`).
//!
//! # Layout
//!
//! * `charges`: GET usage charges, one for each item price that takes usage
//! * `charge`: one of them on the wire
//! * `preview`: POST preview, what usage would cost by another price; `preview/body`: the answer on the wire
//! * `usages`: GET usages, a list over all item prices
//! * `usage`: GET one usage
#![warn(missing_docs)]

mod charge;
mod charges;
mod preview;
mod usage;
mod usages;

use api::openapi::Description;
use api::{Access, Call, Edge, Problem};
use billing::site::Scope;
use billing::time::Timestamp;
use lambda_http::{Body, Request, Response};
use store::Store;

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

const CHARGES_TAG: &str = "Usage charges";
const USAGE_TAG: &str = "Usage";

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
pub fn openapi() -> Description {
    Description::of(ROUTES).with_all([
        charges::of_subscription_operation(),
        charges::of_site_operation(),
        preview::operation(),
        usages::operation(),
        usage::operation(),
    ])
}

/// Answers one request; `now` is the real time.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let lookup = async |digest: String| deps.store.authenticate(&digest).await;
    let response = api::serve(&deps.edge, event, now, None, lookup, |call| answer(deps, call)).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
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
