//! Records usage, one or in batches, and deletes it.
//!
//! **Owns** how a usage is read from a request, and how each is answered.
//!
//! **Does not own** which usages are refused (`operations`), when a record is the same, late or conflicting (`store`), or
//! whether it is billed (`billing`).
//!
//! | file | holds |
//! |---|---|
//! | `record` | POST: usages, as JSON or as a table |
//! | `json` | POST: one usage, or a batch of them |
//! | `csv` | POST: a table of usages |
//! | `usage` | one usage as it is sent, read field by field |
//! | `post` | any number of usages to be recorded, and their answers |
//! | `delete` | DELETE: one usage |

mod csv;
mod delete;
mod json;
mod post;
mod record;
mod usage;

use api::openapi::Description;
use api::{Access, Call, Edge, Problem};
use billing::site::{ApiKey, Scope, Site};
use billing::time::Timestamp;
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
const TAG: &str = "Usage";

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
pub fn openapi() -> Description {
    Description::of(ROUTES).with_all([
        record::of_subscription_operation(),
        record::of_several_operation(),
        delete::operation(),
    ])
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
