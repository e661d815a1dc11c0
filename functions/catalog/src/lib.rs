//! The catalogue: sites and their keys, customers, features, items, item prices.
//!
//! **Owns** the routes, and how each document looks on the wire.
//!
//! **Does not own** what may be created and changed (`billing`, `operations`), where anything is kept (`store`), or how a
//! request is routed and authorized (`api`).
//!
//! # Layout
//!
//! * `customer`, `feature`, `item`, `item_price`: what each of them asks for and shows, and its routes in words
//! * `site`, `api_key`: the same of what the root key makes
//! * `documents`: what the four documents have in common
//! * `or_none`: schemas of options that a change removes by null
//!
//! # Invariants
//!
//! * What was created under a name is judged against the first request for ever, also after changes.
//! * What the digest of a request is made of never changes: an old request that is repeated is still the same.
#![warn(missing_docs)]

mod api_key;
mod customer;
mod documents;
mod feature;
mod item;
mod item_price;
mod or_none;
mod site;

use api::openapi::Description;
use api::{Access, Call, Edge, Problem};
use billing::site::Scope;
use billing::time::Timestamp;
use invoice_queue::InvoiceQueue;
use lambda_http::{Body, Request, Response};
use store::Store;

/// What the function keeps between invocations.
#[derive(Clone, Debug)]
pub struct Deps {
    store: Store,
    queue: InvoiceQueue,
    root_key_sha256: Option<String>,
    edge: Edge<Route>,
}

impl Deps {
    /// Wires the function; without the digest of a root key there is no way to make sites and keys.
    pub fn new(store: Store, queue: InvoiceQueue, root_key_sha256: Option<String>) -> Deps {
        Deps { store, queue, root_key_sha256, edge: Edge::new(ROUTES) }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
enum Route {
    Customers(Verb),
    Features(Verb),
    Items(Verb),
    ItemPrices(Verb),
    CreateSite,
    ReadSite,
    ChangeSite,
    CreateApiKey,
    ListApiKeys,
    DeleteApiKey,
}

/// What is done with one kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Read,
    Change,
    List,
}

const WRITE: Access = Access::Scope(Scope::Admin);
const READ: Access = Access::Scope(Scope::Read);

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("POST", "/v1/customers", WRITE, Route::Customers(Verb::Create)),
    ("GET", "/v1/customers", READ, Route::Customers(Verb::List)),
    ("GET", "/v1/customers/{id}", READ, Route::Customers(Verb::Read)),
    ("PATCH", "/v1/customers/{id}", WRITE, Route::Customers(Verb::Change)),
    ("POST", "/v1/features", WRITE, Route::Features(Verb::Create)),
    ("GET", "/v1/features", READ, Route::Features(Verb::List)),
    ("GET", "/v1/features/{id}", READ, Route::Features(Verb::Read)),
    ("PATCH", "/v1/features/{id}", WRITE, Route::Features(Verb::Change)),
    ("POST", "/v1/items", WRITE, Route::Items(Verb::Create)),
    ("GET", "/v1/items", READ, Route::Items(Verb::List)),
    ("GET", "/v1/items/{id}", READ, Route::Items(Verb::Read)),
    ("PATCH", "/v1/items/{id}", WRITE, Route::Items(Verb::Change)),
    ("POST", "/v1/item-prices", WRITE, Route::ItemPrices(Verb::Create)),
    ("GET", "/v1/item-prices", READ, Route::ItemPrices(Verb::List)),
    ("GET", "/v1/item-prices/{id}", READ, Route::ItemPrices(Verb::Read)),
    ("PATCH", "/v1/item-prices/{id}", WRITE, Route::ItemPrices(Verb::Change)),
    ("POST", "/v1/sites", Access::Root, Route::CreateSite),
    ("GET", "/v1/sites/{id}", READ, Route::ReadSite),
    ("PATCH", "/v1/sites/{id}", WRITE, Route::ChangeSite),
    ("POST", "/v1/api-keys", Access::Root, Route::CreateApiKey),
    ("GET", "/v1/api-keys", Access::Root, Route::ListApiKeys),
    ("DELETE", "/v1/api-keys/{id}", Access::Root, Route::DeleteApiKey),
];

/// Returns the description of the routes.
pub fn openapi() -> Description {
    Description::of(ROUTES)
        .with_all(customer::operations())
        .with_all(feature::operations())
        .with_all(item::operations())
        .with_all(item_price::operations())
        .with_all(site::operations())
        .with_all(api_key::operations())
}

/// Answers one request.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let lookup = async |digest: String| deps.store.authenticate(&digest).await;
    let answer = async |call: Call<Route>| answer(deps, &call).await;
    let response = api::serve(&deps.edge, event, now, deps.root_key_sha256.as_deref(), lookup, answer).await;
    let used = deps.store.take_consumed();
    api::metrics::capacity(used.read_milliunits, used.write_milliunits, used.refused_writes);
    response
}

async fn answer(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(parameters(call.route))?;
    match call.route {
        Route::Customers(Verb::Create) => customer::create(deps, call).await,
        Route::Customers(Verb::Read) => customer::read(deps, call).await,
        Route::Customers(Verb::Change) => customer::change(deps, call).await,
        Route::Customers(Verb::List) => customer::list(deps, call).await,
        Route::Features(Verb::Create) => feature::create(deps, call).await,
        Route::Features(Verb::Read) => feature::read(deps, call).await,
        Route::Features(Verb::Change) => feature::change(deps, call).await,
        Route::Features(Verb::List) => feature::list(deps, call).await,
        Route::Items(Verb::Create) => item::create(deps, call).await,
        Route::Items(Verb::Read) => item::read(deps, call).await,
        Route::Items(Verb::Change) => item::change(deps, call).await,
        Route::Items(Verb::List) => item::list(deps, call).await,
        Route::ItemPrices(Verb::Create) => item_price::create(deps, call).await,
        Route::ItemPrices(Verb::Read) => item_price::read(deps, call).await,
        Route::ItemPrices(Verb::Change) => item_price::change(deps, call).await,
        Route::ItemPrices(Verb::List) => item_price::list(deps, call).await,
        Route::CreateSite => site::create(deps, call).await,
        Route::ReadSite => site::read(deps, call).await,
        Route::ChangeSite => site::change(deps, call).await,
        Route::CreateApiKey => api_key::create(deps, call).await,
        Route::ListApiKeys => api_key::list(deps, call).await,
        Route::DeleteApiKey => api_key::delete(deps, call).await,
    }
}

/// The query parameters that a route knows.
fn parameters(route: Route) -> &'static [&'static str] {
    match route {
        Route::Customers(Verb::List) | Route::Features(Verb::List) | Route::Items(Verb::List) => &["limit", "cursor"],
        Route::ItemPrices(Verb::List) => &["limit", "cursor", "item_id"],
        Route::ListApiKeys => &["limit", "cursor", "site_id"],
        _ => &[],
    }
}
