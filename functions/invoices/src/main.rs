//! The Lambda binary of the invoices.

use lambda_http::{Error, Request, run, service_fn};
use store::Store;
use tracing_subscriber::EnvFilter;

use invoices::{Deps, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let table = std::env::var("TABLE_NAME").map_err(|_| "the environment variable TABLE_NAME is not set")?;
    let deps = &Deps::new(Store::new(store::client::connect(None), table));
    run(service_fn(async |event: Request| Ok::<_, Error>(handle(deps, api::clock::now(), event).await))).await
}
