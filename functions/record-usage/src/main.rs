//! The function on Lambda: `record_usage` over the table that the environment names.

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use record_usage::{Deps, handle};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let store = Store::new(store::client::connect(None), api::variable("TABLE_NAME")?);
    store.warm().await;
    let deps = &Deps::new(store);
    run(service_fn(async |event| Ok::<_, Error>(answer(deps, event).await))).await
}

async fn answer(deps: &Deps, event: Request) -> Response<Body> {
    let (now, invocation_id) = (api::clock::now(), api::metrics::invocation_id(&event));
    api::metrics::reported(now, &invocation_id, handle(deps, now, event)).await
}
