//! The Lambda binary of the catalogue.

use invoice_queue::InvoiceQueue;
use lambda_http::{Error, Request, run, service_fn};
use store::Store;
use tracing_subscriber::EnvFilter;

use catalog::{Deps, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let store = Store::new(store::client::connect(None), variable("TABLE_NAME")?);
    let queue = InvoiceQueue::new(invoice_queue::client::connect(None), variable("INVOICE_QUEUE_URL")?);
    let root_key_sha256 = std::env::var("ROOT_KEY_SHA256").ok().filter(|digest| !digest.is_empty());
    let deps = &Deps::new(store, queue, root_key_sha256);
    run(service_fn(async |event: Request| Ok::<_, Error>(handle(deps, api::clock::now(), event).await))).await
}

fn variable(name: &str) -> Result<String, Error> {
    std::env::var(name).map_err(|_| format!("the environment variable {name} is not set").into())
}
