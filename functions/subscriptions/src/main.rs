//! The function on Lambda: `subscriptions` over the table that the environment names.

use lambda_http::{Error, run, service_fn};
use store::Store;
use subscriptions::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let store = Store::new(store::client::connect(None), api::variable("TABLE_NAME")?);
    store.warm().await;
    let deps = &Deps::new(store);
    let answer = async |event| api::metrics::answered(event, |now, event| handle(deps, now, event)).await;
    run(service_fn(async |event| Ok::<_, Error>(answer(event).await))).await
}
