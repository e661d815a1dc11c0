//! The function on Lambda: `issue_invoice` over the table that the environment names.

use aws_lambda_events::event::sqs::SqsEvent;
use issue_invoice::{Deps, handle};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let store = Store::new(store::client::connect(None), api::variable("TABLE_NAME")?);
    store.warm().await;
    let deps = &Deps::new(store);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let now = api::clock::now();
        let deps = deps.until(now, event.context.deadline);
        let work = handle(&deps, now, event.payload);
        Ok::<_, Error>(api::metrics::reported(now, &event.context.request_id, work).await)
    }))
    .await
}
