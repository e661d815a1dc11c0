//! Invoices: listed, read, closed on request; and what is stuck on the way there.
//!
//! **Owns** how an invoice looks on the wire.
//!
//! **Does not own** what an invoice says (`billing`), how it is rated and closed (`operations`), or how a request is routed
//! and authorized (`api`).
//!
//! # Layout
//!
//! * `read`: one invoice, or a list of them
//! * `close`: closing before the grace has run out
//! * `stuck`: what keeps failing
//! * `view`: the shape of an invoice
//!
//! # Invariants
//!
//! * A pending invoice is rated whenever it is read; a closed one says what was frozen.
#![warn(missing_docs)]

mod close;
mod read;
mod stuck;
mod view;

use lambda_http::{Body, Request, Response};

use api::{Access, Call, Edge, Problem};
use billing::site::Scope;
use billing::time::Timestamp;
use store::Store;

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

const TAG: &str = "Invoices";

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
enum Route {
    List,
    Read,
    Close,
    Stuck,
}

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("GET", "/v1/invoices", Access::Scope(Scope::Read), Route::List),
    ("GET", "/v1/invoices/{id}", Access::Scope(Scope::Read), Route::Read),
    ("POST", "/v1/invoices/{id}/close", Access::Scope(Scope::Admin), Route::Close),
    ("GET", "/v1/stuck", Access::Scope(Scope::Read), Route::Stuck),
];

/// Returns the description of the routes.
pub fn openapi() -> api::openapi::Description {
    api::openapi::Description::of(ROUTES)
        .with(read::list_operation())
        .with(read::read_operation())
        .with(close::close_operation())
        .with(stuck::list_operation())
}

/// Answers one request.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let lookup = async |digest: String| deps.store.authenticate(&digest).await;
    let answer = async |call: Call<Route>| answer(deps, &call).await;
    let response = api::serve(&deps.edge, event, now, None, lookup, answer).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
}

async fn answer(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let parameters = match call.route {
        Route::List => read::PARAMETERS,
        Route::Stuck => stuck::PARAMETERS,
        Route::Read | Route::Close => &[],
    };
    call.query().only(parameters)?;
    match call.route {
        Route::List => read::list(deps, call).await,
        Route::Read => read::one(deps, call).await,
        Route::Close => close::close(deps, call).await,
        Route::Stuck => stuck::list(deps, call).await,
    }
}
