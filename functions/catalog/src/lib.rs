//! The catalogue: sites and their keys, customers, features, items, item prices, subscriptions.
//!
//! **Owns** what may be created and changed, and how it looks on the wire.
//!
//! **Does not own** what a boundary bills (`billing`), where anything is kept (`store`), or how a request is routed and
//! authorized (`api`).
//!
//! # Layout
//!
//! * `document`: creating, reading, changing and listing, shared by the documents of the catalogue
//! * `customer`, `feature`, `item`, `item_price`: what each of them asks for, allows to change, and shows
//! * `price_options`: which options of a price go together
//! * `subscription`, `subscription_items`, `subscription_change`: the standing agreement
//! * [`lifecycle`]: when a subscription starts and ends, without I/O
//! * [`period_end`]: where the period that runs ends, without I/O
//! * `site`, `api_key`: what the root key makes
//! * `text`: fields, checked
//! * `openapi`: the routes in words and schemas
//!
//! # Invariants
//!
//! * What was created under a name is judged against the first request for ever, also after changes.
//! * A change is written on condition that what it was decided on still stands.
#![warn(missing_docs)]

mod api_key;
mod customer;
mod document;
mod feature;
mod item;
mod item_price;
pub mod lifecycle;
mod openapi;
pub mod period_end;
mod price_options;
mod site;
mod subscription;
mod subscription_change;
mod subscription_items;
mod text;

use lambda_http::{Body, Request, Response};

use api::{Access, Call, Edge, Problem};
use billing::catalog::{Customer, Feature, Item, ItemPrice};
use billing::site::Scope;
use billing::timestamp::Timestamp;
use invoice_queue::InvoiceQueue;
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
    Subscriptions(Verb),
    Activate,
    ScheduleCancel,
    Cancel,
    MovePeriodEnd,
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
    ("POST", "/v1/subscriptions", WRITE, Route::Subscriptions(Verb::Create)),
    ("GET", "/v1/subscriptions", READ, Route::Subscriptions(Verb::List)),
    ("GET", "/v1/subscriptions/{id}", READ, Route::Subscriptions(Verb::Read)),
    ("PATCH", "/v1/subscriptions/{id}", WRITE, Route::Subscriptions(Verb::Change)),
    ("POST", "/v1/subscriptions/{id}/activate", WRITE, Route::Activate),
    ("POST", "/v1/subscriptions/{id}/schedule-cancel", WRITE, Route::ScheduleCancel),
    ("POST", "/v1/subscriptions/{id}/cancel", WRITE, Route::Cancel),
    ("POST", "/v1/subscriptions/{id}/move-period-end", WRITE, Route::MovePeriodEnd),
    ("POST", "/v1/sites", Access::Root, Route::CreateSite),
    ("GET", "/v1/sites/{id}", READ, Route::ReadSite),
    ("PATCH", "/v1/sites/{id}", WRITE, Route::ChangeSite),
    ("POST", "/v1/api-keys", Access::Root, Route::CreateApiKey),
    ("GET", "/v1/api-keys", Access::Root, Route::ListApiKeys),
    ("DELETE", "/v1/api-keys/{id}", Access::Root, Route::DeleteApiKey),
];

/// Returns the description of the routes.
pub fn openapi() -> api::openapi::Description {
    openapi::openapi()
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
        Route::Customers(Verb::Create) => document::create(deps, call, customer::draft(call)?).await,
        Route::Customers(Verb::Read) => document::read::<Customer>(deps, call).await,
        Route::Customers(Verb::Change) => document::change(deps, call, customer::change(call)?).await,
        Route::Customers(Verb::List) => document::list::<Customer>(deps, call).await,
        Route::Features(Verb::Create) => document::create(deps, call, feature::draft(call)?).await,
        Route::Features(Verb::Read) => document::read::<Feature>(deps, call).await,
        Route::Features(Verb::Change) => document::change(deps, call, feature::change(call)?).await,
        Route::Features(Verb::List) => document::list::<Feature>(deps, call).await,
        Route::Items(Verb::Create) => document::create(deps, call, item::draft(call)?).await,
        Route::Items(Verb::Read) => document::read::<Item>(deps, call).await,
        Route::Items(Verb::Change) => document::change(deps, call, item::change(call)?).await,
        Route::Items(Verb::List) => document::list::<Item>(deps, call).await,
        Route::ItemPrices(Verb::Create) => document::create(deps, call, item_price::draft(deps, call).await?).await,
        Route::ItemPrices(Verb::Read) => document::read::<ItemPrice>(deps, call).await,
        Route::ItemPrices(Verb::Change) => document::change(deps, call, item_price::change(call)?).await,
        Route::ItemPrices(Verb::List) => item_price::list(deps, call).await,
        Route::Subscriptions(Verb::Create) => subscription::create(deps, call).await,
        Route::Subscriptions(Verb::Read) => subscription::read(deps, call).await,
        Route::Subscriptions(Verb::Change) => subscription_change::change(deps, call).await,
        Route::Subscriptions(Verb::List) => subscription::list(deps, call).await,
        Route::Activate => subscription_change::activate(deps, call).await,
        Route::ScheduleCancel => subscription_change::schedule_cancel(deps, call).await,
        Route::Cancel => subscription_change::cancel(deps, call).await,
        Route::MovePeriodEnd => subscription_change::move_period_end(deps, call).await,
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
        Route::Subscriptions(Verb::List) => &["limit", "cursor", "customer_id"],
        Route::ListApiKeys => &["limit", "cursor", "site_id"],
        _ => &[],
    }
}
