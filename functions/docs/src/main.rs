//! The function on Lambda: `docs`, which needs nothing of its environment.

use docs::{Deps, handle};
use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    api::log::start()?;
    let deps = &Deps::new();
    run(service_fn(async |event| Ok::<_, Error>(answer(deps, event).await))).await
}

async fn answer(deps: &Deps, event: Request) -> Response<Body> {
    let (now, invocation_id) = (api::clock::now(), api::metrics::invocation_id(&event));
    api::metrics::reported(now, &invocation_id, handle(deps, now, event)).await
}
