//! Customers: who is invoiced.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use api::{Call, Problem, request_digest};
use billing::catalog::Customer;
use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::timestamp::Timestamp;

use crate::document::{Draft, Resource, id_or_new};
use crate::{Route, text};

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

impl Resource for Customer {
    type Id = CustomerId;

    const NOUN: &'static str = "customer";

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

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}

/// Reads the customer that a call asks for.
///
/// # Errors
/// A problem that names what is wrong.
pub fn draft(call: &Call<Route>) -> Result<Draft<Customer>, Problem> {
    let new: NewCustomer = call.json()?;
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
    let named = new.id.is_some();
    let value = Customer {
        id: id_or_new(new.id, "cus_")?,
        name: text::name(new.name)?,
        email: new.email.map(text::email).transpose()?,
        number: new.number.map(text::number).transpose()?,
        payment_terms,
        auto_collection,
        created_at: call.now,
        updated_at: call.now,
    };
    Ok(Draft { value, digest, named })
}

/// Reads a change of a customer.
///
/// # Errors
/// A problem that names what is wrong.
pub fn change(call: &Call<Route>) -> Result<impl Fn(&mut Customer) -> Result<(), Problem>, Problem> {
    let change: CustomerChange = call.json()?;
    let name = change.name.map(text::name).transpose()?;
    let email = change.email.map(text::email).transpose()?;
    let number = change.number.map(text::number).transpose()?;
    Ok(move |customer: &mut Customer| {
        customer.name = name.clone().unwrap_or_else(|| customer.name.clone());
        customer.email = email.clone().or_else(|| customer.email.clone());
        customer.number = number.clone().or_else(|| customer.number.clone());
        customer.payment_terms = change.payment_terms.unwrap_or(customer.payment_terms);
        customer.auto_collection = change.auto_collection.unwrap_or(customer.auto_collection);
        Ok(())
    })
}
