//! Closing a pending invoice on request, before its grace has run out.

use lambda_http::{Body, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use api::{Call, Kind, Problem, fault, json_response};
use billing::id::InvoiceId;
use store::{Close, StoreError};

use crate::read::{not_found, rated, unrated_reason};
use crate::{Deps, Route};

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
    let site = call.site()?;
    match deps.store.close_invoice(site, &id, call.now).await.map_err(close_fault)? {
        Close::Closed(invoice) | Close::AlreadyClosed(invoice) => {
            Ok(json_response(200, &rated(deps, site, invoice).await?))
        }
        Close::EarlierPending(earlier) => {
            let detail = format!("invoices of a subscription are closed in order, and {earlier} is still pending");
            let problem = Problem::new(Kind::EarlierInvoicePending, detail);
            Err(problem.with("invoice_id", earlier.as_str().into()))
        }
        Close::NotFound => Err(not_found(&id)),
    }
}

/// A failure to close; usage that has no price is not the server's.
fn close_fault(error: StoreError) -> Problem {
    match error {
        StoreError::Billing(error) => Problem::new(Kind::Invalid, unrated_reason(&error)),
        error => fault(error),
    }
}
