//! Reading invoices: one, or a list of them.

use lambda_http::{Body, Response};

use api::openapi::Operation;
use api::{Call, Kind, Problem, json_response, list_response};
use billing::id::{CustomerId, InvoiceId, SubscriptionId};
use billing::invoice::InvoiceStatus;
use operations::invoices::{self, InvoiceFilter};

use crate::view::{InvoiceBody, example, invoice_body};
use crate::{Deps, Route, TAG};

/// The query parameters of the list.
pub const PARAMETERS: &[&str] = &["limit", "cursor", "customer_id", "subscription_id", "status"];

/// Reads the invoice that the path names, also an empty one.
///
/// # Errors
/// 404 where there is none.
pub async fn one(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: InvoiceId = call.param("id")?;
    let shown = invoices::invoice(&deps.store, call.site()?, &id).await?;
    Ok(json_response(200, &invoice_body(shown)))
}

/// Lists invoices, of one customer, one subscription or one status where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or a filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let query = call.query();
    let filter = InvoiceFilter {
        customer: query.parse("customer_id")?,
        subscription: query.parse("subscription_id")?,
        status: query.get("status").map(read_status).transpose()?,
    };
    let (site, limit) = (call.site()?, query.limit()?);
    let page = invoices::invoices(&deps.store, site, &filter, query.get("cursor"), limit).await?;
    let bodies: Vec<InvoiceBody> = page.items.into_iter().map(invoice_body).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Empty invoices are left out of lists, so that there is no list of them.
fn read_status(text: &str) -> Result<InvoiceStatus, Problem> {
    match text {
        "pending" => Ok(InvoiceStatus::Pending),
        "payment_due" => Ok(InvoiceStatus::PaymentDue),
        "paid" => Ok(InvoiceStatus::Paid),
        _ => Err(Problem::new(Kind::Unreadable, "status is pending, payment_due or paid").field("status")),
    }
}

/// Describes the list.
pub fn list_operation() -> Operation {
    Operation::new(
        ("GET", "/v1/invoices"),
        "listInvoices",
        TAG,
        "List invoices",
        "Lists invoices by customer, and by when they were generated; those without a line are left out. A pending one is \
         rated anew whenever it is read.",
    )
    .query::<CustomerId>("customer_id", "Only invoices of this customer.")
    .query::<SubscriptionId>("subscription_id", "Only invoices of this subscription.")
    .query::<InvoiceStatus>("status", "Only invoices that stand so; empty ones are in no list.")
    .paged()
    .list::<InvoiceBody>("A page of invoices.", example())
}

/// Describes reading one invoice.
pub fn read_operation() -> Operation {
    Operation::new(
        ("GET", "/v1/invoices/{id}"),
        "getInvoice",
        TAG,
        "Read an invoice",
        "Reads one invoice: what it would say if it were closed now while it is pending, and what was frozen afterwards.",
    )
    .path::<InvoiceId>("id", "The invoice.", "inv_voip-acme_1")
    .answer::<InvoiceBody>(200, "The invoice.", example())
    .problems(&[Kind::NotFound])
}
