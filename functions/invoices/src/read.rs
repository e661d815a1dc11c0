//! Reading invoices: one, or a list of them.

use futures_util::future::try_join_all;
use lambda_http::{Body, Response};

use api::{Call, Kind, Problem, fault, json_response, list_response};
use billing::error::BillingError;
use billing::id::{CustomerId, InvoiceId, SubscriptionId};
use billing::invoice::{Invoice, InvoiceStatus};
use billing::site::Site;
use store::StoreError;

use crate::view::{InvoiceBody, invoice_body, unrated_body};
use crate::{Deps, Route};

/// The query parameters of the list.
pub const PARAMETERS: &[&str] = &["limit", "cursor", "customer_id", "subscription_id", "status"];

/// How many pages a list by status looks through for one answer; what is left is reached by the cursor.
const MOST_PAGES: usize = 20;

/// Reads the invoice that the path names, also an empty one.
///
/// # Errors
/// 404 where there is none.
pub async fn one(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: InvoiceId = call.param("id")?;
    let site = call.site()?;
    let stored = deps.store.invoice(&site.id, &id).await.map_err(fault)?;
    let stored = stored.ok_or_else(|| not_found(&id))?;
    Ok(json_response(200, &rated(deps, site, stored.value).await?))
}

/// Lists invoices, of one customer, one subscription or one status where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or a filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let query = call.query();
    let customer: Option<CustomerId> = query.parse("customer_id")?;
    let subscription: Option<SubscriptionId> = query.parse("subscription_id")?;
    let status = query.get("status").map(read_status).transpose()?;
    let (site, limit) = (call.site()?, query.limit()?);
    let mut next = query.get("cursor").map(str::to_owned);
    let mut invoices: Vec<Invoice> = Vec::new();
    for _ in 0..MOST_PAGES {
        // Never more than there is room for: a cursor lies behind a whole page.
        let room = limit.saturating_sub(invoices.len());
        let page = deps.store.invoices(&site.id, customer.as_ref(), subscription.as_ref(), next.as_deref(), room).await;
        let page = page.map_err(list_fault)?;
        invoices.extend(page.items.into_iter().filter(|invoice| status.is_none_or(|status| invoice.status == status)));
        next = page.next;
        if next.is_none() || invoices.len() >= limit {
            break;
        }
    }
    let bodies = try_join_all(invoices.into_iter().map(|invoice| rated(deps, site, invoice))).await?;
    Ok(list_response(&bodies, next.as_deref()))
}

/// The invoice with its lines: what it would say if it were closed now, or what was frozen.
///
/// One that cannot be rated is shown with the reason and without amounts: it hides no other invoice of a list.
///
/// # Errors
/// 503 where the storage is busy.
pub async fn rated(deps: &Deps, site: &Site, invoice: Invoice) -> Result<InvoiceBody, Problem> {
    match deps.store.rated(site, &invoice).await {
        Ok(rated) => Ok(invoice_body(invoice, rated)),
        Err(StoreError::Billing(error)) => Ok(unrated_body(invoice, unrated_reason(&error))),
        Err(error) => Err(fault(error)),
    }
}

/// Why an invoice cannot be rated, for whoever may change its usage.
pub fn unrated_reason(error: &BillingError) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

/// A list's failure; a cursor that no list gave is the caller's.
pub fn list_fault(error: StoreError) -> Problem {
    match error {
        StoreError::Cursor => Problem::new(Kind::Unreadable, StoreError::Cursor.to_string()).field("cursor"),
        other => fault(other),
    }
}

/// There is no such invoice.
pub fn not_found(id: &InvoiceId) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no invoice {id}"))
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
