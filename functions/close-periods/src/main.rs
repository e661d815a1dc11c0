//! The function on Lambda: `close_periods` over the table and the queue that the environment names.

use close_periods::{Deps, handle};
use invoice_queue::InvoiceQueue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::Store;
use tracing_subscriber::EnvFilter;

#[tokio::main]
#[expect(clippy::expect_used, reason = "a function without its table must not start")]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let table = std::env::var("TABLE_NAME").expect("TABLE_NAME names the table");
    let url = std::env::var("INVOICE_QUEUE_URL").expect("INVOICE_QUEUE_URL is the queue's address");
    let store = Store::new(store::client::connect(None), table);
    let deps = &Deps::new(store, InvoiceQueue::new(invoice_queue::client::connect(None), url));
    run(service_fn(
        move |event: LambdaEvent<Value>| async move { handle(deps, api::clock::now(), event.payload).await },
    ))
    .await
}
