//! Customers: who is invoiced.

use api::openapi::{CREATED_ONCE, Operation};
use api::{Call, Kind, Problem, request_digest};
use billing::catalog::{Customer, PaymentTerms};
use billing::id::CustomerId;
use billing::time::Timestamp;
use lambda_http::{Body, Response};
use operations::catalogue;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::documents::{self, Examples, Shown, Words};
use crate::{Deps, Route};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    id: Option<CustomerId>,
    /// The name on invoices.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The address that invoices go to.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What invoice numbers begin with; unique in the site. The id, where there is none.
    #[schema(pattern = "^[A-Za-z0-9_.:-]{1,40}$")]
    number: Option<String>,
    payment_terms: Option<PaymentTerms>,
    /// Whether payment is collected when an invoice is issued; kept, and acted on by nobody.
    auto_collection: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerChange {
    /// The name on invoices.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The address that invoices go to.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What invoice numbers begin with; unique in the site. The id, where there is none.
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(pattern = "^[A-Za-z0-9_.:-]{1,40}$")]
    number: Option<String>,
    #[serde(default, deserialize_with = "api::optional::present")]
    payment_terms: Option<PaymentTerms>,
    /// Whether payment is collected when an invoice is issued; kept, and acted on by nobody.
    #[serde(default, deserialize_with = "api::optional::present")]
    auto_collection: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody<'a> {
    id: &'a CustomerId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    payment_terms: PaymentTerms,
    auto_collection: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Creates a customer.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id or the idempotency key stands for another content.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewCustomer = call.json()?;
    let named = new.id.is_some();
    let payment_terms = new.payment_terms.unwrap_or_default();
    let auto_collection = new.auto_collection.unwrap_or(false);
    let digest = request_digest(&json!({
        "id": new.id,
        "name": new.name,
        "email": new.email,
        "number": new.number,
        "payment_terms": payment_terms,
        "auto_collection": auto_collection,
    }));
    let creation = documents::creation::<Customer>(call, digest, named)?;
    let asked = catalogue::NewCustomer {
        id: new.id,
        name: new.name,
        email: new.email,
        number: new.number,
        payment_terms,
        auto_collection,
    };
    let created = catalogue::create_customer(&deps.store, call.site()?, asked, &creation, call.now).await?;
    documents::created(created, named)
}

/// Reads the customer that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let found = catalogue::customer(&deps.store, call.site()?, &call.param("id")?).await?;
    Ok(documents::shown(&found))
}

/// Changes the customer that the path names; what stays as it was is not written.
///
/// # Errors
/// 404 where there is none, 422 naming what is wrong, 503 where others kept changing it.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: CustomerChange = call.json()?;
    let asked = catalogue::CustomerChange {
        name: change.name,
        email: change.email,
        number: change.number,
        payment_terms: change.payment_terms,
        auto_collection: change.auto_collection,
    };
    let changed = catalogue::change_customer(&deps.store, call.site()?, &call.param("id")?, asked, call.now).await?;
    Ok(documents::shown(&changed))
}

/// Lists customers, a page at a time.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = catalogue::customers(&deps.store, call.site()?, cursor, limit).await?;
    Ok(documents::listed(&page))
}

impl Shown for Customer {
    fn body(&self) -> impl Serialize {
        CustomerBody {
            id: &self.id,
            name: &self.name,
            email: self.email.as_deref(),
            number: self.number.as_deref(),
            payment_terms: self.payment_terms,
            auto_collection: self.auto_collection,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Describes the routes of customers.
pub fn operations() -> [Operation; 4] {
    let words = Words {
        tag: "Customers",
        paths: ["/v1/customers", "/v1/customers/{id}"],
        ids: ["createCustomer", "listCustomers", "getCustomer", "updateCustomer"],
        summaries: ["Create a customer", "List customers", "Read a customer", "Change a customer"],
        abouts: [
            CREATED_ONCE,
            "Lists customers by id.",
            "Reads one customer.",
            "Changes what is sent, and leaves the rest. Invoices that are closed stay as they are.",
        ],
    };
    let examples = Examples {
        id: "acme",
        new: json!({ "id": "globex", "name": "Globex", "email": "ap@globex.example", "payment_terms": "NET 30" }),
        change: json!({ "payment_terms": "NET 7" }),
        body: json!({
            "id": "globex",
            "name": "Globex",
            "email": "ap@globex.example",
            "payment_terms": "NET 30",
            "auto_collection": false,
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    let [create, list, read, change] =
        documents::operations::<CustomerId, NewCustomer, CustomerChange, CustomerBody<'static>>(&words, examples);
    // The number is unique in the site.
    [create, list, read, change.problems(&[Kind::Conflict])]
}
