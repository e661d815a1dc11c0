//! The function on Lambda: `docs`, which needs nothing of its environment.

use docs::{Deps, handle};
use lambda_http::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let deps = &Deps::new();
    let answer = async |event| api::metrics::answered(event, |now, event| handle(deps, now, event)).await;
    run(service_fn(async |event| Ok::<_, Error>(answer(event).await))).await
}
