//! Subscriptions: created, read, changed, started and ended.
//!
//! **Owns** how a subscription is asked for, and how it looks on the wire.
//!
//! **Does not own** what may be done with one (`operations` and `billing`), or how a request is routed and authorized
//! (`api`).
//!
//! # Layout
//!
//! * `create`, `read`, `change`: what a request asks for, its answer, and its description
//! * `items`: the items that a caller lists
//! * `body`: a subscription on the wire
#![warn(missing_docs)]

mod body;
mod change;
mod create;
mod items;
mod read;

use api::openapi::{Description, Operation};
use api::{Access, Call, Edge, Kind, Problem};
use billing::id::SubscriptionId;
use billing::site::Scope;
use billing::time::Timestamp;
use lambda_http::{Body, Request, Response};
use store::Store;

use crate::body::SubscriptionBody;

/// What the function keeps between invocations.
#[derive(Clone, Debug)]
pub struct Deps {
    store: Store,
    edge: Edge<Route>,
}

impl Deps {
    /// Wires the function.
    pub fn new(store: Store) -> Deps {
        Deps { store, edge: Edge::new(ROUTES) }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Create,
    List,
    Read,
    Change,
    Activate,
    ScheduleCancel,
    Cancel,
    MovePeriodEnd,
}

const WRITE: Access = Access::Scope(Scope::Admin);
const READ: Access = Access::Scope(Scope::Read);
const TAG: &str = "Subscriptions";
const ONE: &str = "/v1/subscriptions/{id}";

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("POST", "/v1/subscriptions", WRITE, Route::Create),
    ("GET", "/v1/subscriptions", READ, Route::List),
    ("GET", ONE, READ, Route::Read),
    ("PATCH", ONE, WRITE, Route::Change),
    ("POST", "/v1/subscriptions/{id}/activate", WRITE, Route::Activate),
    ("POST", "/v1/subscriptions/{id}/schedule-cancel", WRITE, Route::ScheduleCancel),
    ("POST", "/v1/subscriptions/{id}/cancel", WRITE, Route::Cancel),
    ("POST", "/v1/subscriptions/{id}/move-period-end", WRITE, Route::MovePeriodEnd),
];

/// Returns the description of the routes.
pub fn openapi() -> Description {
    Description::of(ROUTES).with_all([
        create::create_operation(),
        read::list_operation(),
        read::read_operation(),
        change::change_operation(),
        change::activate_operation(),
        change::schedule_cancel_operation(),
        change::cancel_operation(),
        change::move_period_end_operation(),
    ])
}

/// Answers one request; `now` is the real time.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let lookup = async |digest: String| deps.store.authenticate(&digest).await;
    let answer = async |call: Call<Route>| answer(deps, &call).await;
    let response = api::serve(&deps.edge, event, now, None, lookup, answer).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
}

async fn answer(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(if call.route == Route::List { &["limit", "cursor", "customer_id"] } else { &[] })?;
    match call.route {
        Route::Create => create::create(deps, call).await,
        Route::List => read::list(deps, call).await,
        Route::Read => read::read(deps, call).await,
        Route::Change => change::change(deps, call).await,
        Route::Activate => change::activate(deps, call).await,
        Route::ScheduleCancel => change::schedule_cancel(deps, call).await,
        Route::Cancel => change::cancel(deps, call).await,
        Route::MovePeriodEnd => change::move_period_end(deps, call).await,
    }
}

/// What names one subscription, and answers with it.
fn of_one(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    about: &'static str,
) -> Operation {
    Operation::new((method, path), id, TAG, summary, about)
        .path::<SubscriptionId>("id", "The subscription.", "voip-acme")
        .answer::<SubscriptionBody<'static>>(200, "The subscription as it stands now.", body::example())
        .problems(&[Kind::NotFound])
}
