//! The function on Lambda: `close_periods` over the table and the queue that the environment names.

use close_periods::{Deps, handle};
use invoice_queue::InvoiceQueue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let store = Store::new(store::client::connect(None), api::variable("TABLE_NAME")?);
    store.warm().await;
    let queue = InvoiceQueue::new(invoice_queue::client::connect(None), api::variable("INVOICE_QUEUE_URL")?);
    let deps = &Deps::new(store, queue);
    run(service_fn(async |event: LambdaEvent<Value>| {
        let now = api::clock::now();
        api::metrics::reported(now, &event.context.request_id, handle(deps, now, event.payload)).await
    }))
    .await
}
