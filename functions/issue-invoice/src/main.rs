//! The function on Lambda: `issue_invoice` over the table that the environment names.

use std::convert::Infallible;

use aws_lambda_events::event::sqs::SqsEvent;
use issue_invoice::{Deps, handle};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::Store;
use tracing_subscriber::EnvFilter;

#[tokio::main]
#[expect(clippy::expect_used, reason = "a function without its table must not start")]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    let table = std::env::var("TABLE_NAME").expect("TABLE_NAME names the table");
    let deps = &Deps::new(Store::new(store::client::connect(None), table));
    run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Infallible>(handle(deps, api::clock::now(), event.payload).await)
    }))
    .await
}
