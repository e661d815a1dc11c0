//! Closing a pending invoice on request, before its grace has run out.

use lambda_http::{Body, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use api::openapi::Operation;
use api::{Call, Kind, Problem, json_response};
use billing::id::InvoiceId;
use operations::invoices::{self, Close};

use crate::view::{InvoiceBody, example, invoice_body};
use crate::{Deps, Route, TAG};

/// A body that has nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Closes the invoice that the path names; one that is closed already is answered as it stands.
///
/// # Errors
/// 404, 409 with the earlier invoice of the subscription that has to be closed first, 422 where it cannot be rated.
pub async fn close(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: InvoiceId = call.param("id")?;
    if !call.body_text()?.trim().is_empty() {
        let Nothing {} = call.json()?;
    }
    match invoices::close_invoice(&deps.store, call.site()?, &id, call.now).await? {
        Close::Closed(shown) => Ok(json_response(200, &invoice_body(*shown))),
        Close::EarlierPending(earlier) => {
            let detail = format!("invoices of a subscription are closed in order, and {earlier} is still pending");
            let problem = Problem::new(Kind::EarlierInvoicePending, detail);
            Err(problem.with("invoice_id", earlier.as_str().into()))
        }
    }
}

/// Describes the close.
pub fn close_operation() -> Operation {
    Operation::new(
        ("POST", "/v1/invoices/{id}/close"),
        "closeInvoice",
        TAG,
        "Close a pending invoice",
        "Numbers and freezes a pending invoice before its grace has run out. One that is closed already is answered as it \
         stands. Invoices of a subscription are closed in order.",
    )
    .path::<InvoiceId>("id", "The invoice.", "inv_voip-acme_1")
    .body::<Nothing>(json!({}))
    .optional_body()
    .answer::<InvoiceBody>(200, "The closed invoice.", example())
    .problems(&[Kind::NotFound, Kind::EarlierInvoicePending, Kind::Invalid])
}
