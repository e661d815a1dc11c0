//! The function on Lambda: `catalog` over the table and the queue that the environment names.

use catalog::{Deps, handle};
use invoice_queue::InvoiceQueue;
use lambda_http::{Error, run, service_fn};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let store = Store::new(store::client::connect(None), api::variable("TABLE_NAME")?);
    store.warm().await;
    let queue = InvoiceQueue::new(invoice_queue::client::connect(None), api::variable("INVOICE_QUEUE_URL")?);
    let root_key_sha256 = api::variable("ROOT_KEY_SHA256").ok();
    let deps = &Deps::new(store, queue, root_key_sha256);
    let answer = async |event| api::metrics::answered(event, |now, event| handle(deps, now, event)).await;
    run(service_fn(async |event| Ok::<_, Error>(answer(event).await))).await
}
