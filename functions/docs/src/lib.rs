//! Serves the API's description: the OpenAPI document, and the page that shows it to people.
//!
//! **Owns** the API's description as it is published: the written document, the page, and how both are served.
//!
//! **Does not own** what the document says (each function describes its own routes, `api` puts them together), or the
//! viewer, which is a package that is taken apart when this function is built.
//!
//! # Layout
//!
//! * `openapi.json` (beside `src`): the document, written by `cargo run -p local -- openapi`
//! * `page` (beside `src`): the page, and the script that starts the viewer
//! * `files`: what is served, how it is packed, and the answers
//! * `openapi`: these routes in words and schemas
//!
//! # Invariants
//!
//! * It reads nothing but the request: no table, no key, no clock.
//! * The page loads nothing from anywhere else, and the browser is told to let it load nothing else.
#![warn(missing_docs)]

mod files;
mod openapi;

use std::convert::Infallible;

use api::{Access, Call, Edge, Kind, Problem};
use billing::site::{ApiKey, Site};
use billing::time::Timestamp;
use lambda_http::{Body, Request, Response};

/// What the function keeps between invocations.
#[derive(Clone, Debug)]
pub struct Deps {
    edge: Edge<Route>,
}

impl Deps {
    /// Wires the function.
    pub fn new() -> Deps {
        Deps { edge: Edge::new(ROUTES) }
    }
}

impl Default for Deps {
    fn default() -> Deps {
        Deps::new()
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
enum Route {
    Document,
    Page,
    File,
}

const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("GET", "/openapi.json", Access::Anyone, Route::Document),
    ("GET", "/docs", Access::Anyone, Route::Page),
    ("GET", "/docs/{file}", Access::Anyone, Route::File),
];

/// Returns the description of the routes.
pub fn openapi() -> api::openapi::Description {
    openapi::openapi()
}

/// Returns the document as it is published.
pub fn document() -> String {
    files::text(files::DOCUMENT)
}

/// Answers one request.
pub async fn handle(deps: &Deps, now: Timestamp, event: Request) -> Response<Body> {
    let nobody = async |_: String| Ok::<Option<(ApiKey, Site)>, Infallible>(None);
    api::serve(&deps.edge, event, now, None, nobody, async |call: Call<Route>| answer(&call)).await
}

fn answer(call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&[])?;
    let name = match call.route {
        Route::Document => files::DOCUMENT.to_owned(),
        Route::Page => files::PAGE.to_owned(),
        Route::File => call.param::<String>("file").unwrap_or_default(),
    };
    let missing = || Problem::new(Kind::NotFound, "there is no such file").field("file");
    let beside_the_page = |name: &str| name != files::DOCUMENT && name != files::PAGE;
    if matches!(call.route, Route::File) && !beside_the_page(&name) {
        return Err(missing());
    }
    files::answer(call, &name).ok_or_else(missing)
}
