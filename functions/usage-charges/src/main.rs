//! The function on Lambda: `usage_charges` over the table that the environment names.

use std::convert::Infallible;

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use store::Store;
use tracing_subscriber::EnvFilter;
use usage_charges::{Deps, handle};

#[tokio::main]
#[expect(clippy::expect_used, reason = "a function without its table must not start")]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let table = std::env::var("TABLE_NAME").expect("TABLE_NAME names the table");
    let deps = &Deps::new(Store::new(store::client::connect(None), table));
    run(service_fn(|event| answer(deps, event))).await
}

async fn answer(deps: &Deps, event: Request) -> Result<Response<Body>, Infallible> {
    Ok(handle(deps, api::clock::now(), event).await)
}
