//! Customers: who is invoiced.

use billing::catalog::{Customer, PaymentTerms};
use billing::field;
use billing::id::CustomerId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use store::{Page, Store};

use super::{Dated, change, list, load};
use crate::document::{self, Created, Creation};
use crate::error::failed;
use crate::name::id_or_new;

/// A customer that is asked for.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Its id; made by the system where absent.
    pub id: Option<CustomerId>,
    /// The name on invoices.
    pub name: String,
    /// Where invoices are sent.
    pub email: Option<String>,
    /// What invoice numbers begin with, unique in the site; the id where absent.
    pub number: Option<String>,
    /// When an invoice is due.
    pub payment_terms: PaymentTerms,
    /// Whether payment is collected when an invoice is issued.
    pub auto_collection: bool,
}

/// A change of a customer; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct CustomerChange {
    /// The name on invoices.
    pub name: Option<String>,
    /// Where invoices are sent.
    pub email: Option<String>,
    /// What invoice numbers begin with, unique in the site.
    pub number: Option<String>,
    /// When an invoice is due.
    pub payment_terms: Option<PaymentTerms>,
    /// Whether payment is collected when an invoice is issued.
    pub auto_collection: Option<bool>,
}

/// Creates a customer.
///
/// # Errors
/// `Invalid`, naming the field; `Conflict` where the number belongs to another customer.
pub async fn create_customer(
    store: &Store,
    site: &Site,
    new: NewCustomer,
    creation: &Creation,
    now: Timestamp,
) -> Result<Created<Customer>, Refusal> {
    let customer = Customer {
        id: id_or_new(new.id, "cus_").map_err(failed)?,
        name: field::name(new.name)?,
        email: new.email.map(field::email).transpose()?,
        number: new.number.map(field::number).transpose()?,
        payment_terms: new.payment_terms,
        auto_collection: new.auto_collection,
        created_at: now,
        updated_at: now,
    };
    document::create(store, site, store.changes(), customer, creation).await
}

/// Reads a customer.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn customer(store: &Store, site: &Site, id: &CustomerId) -> Result<Customer, Refusal> {
    load(store, site, id.as_str()).await.map(|stored| stored.value)
}

/// Changes a customer.
///
/// # Errors
/// `Invalid`, naming the field; `NotFound` where there is none; `Conflict` where the number belongs to another customer;
/// `Unavailable` where others kept changing it.
pub async fn change_customer(
    store: &Store,
    site: &Site,
    id: &CustomerId,
    asked: CustomerChange,
    now: Timestamp,
) -> Result<Customer, Refusal> {
    let name = asked.name.map(field::name).transpose()?;
    let email = asked.email.map(field::email).transpose()?;
    let number = asked.number.map(field::number).transpose()?;
    let apply = |customer: &mut Customer| {
        customer.name = name.clone().unwrap_or_else(|| customer.name.clone());
        customer.email = email.clone().or_else(|| customer.email.clone());
        customer.number = number.clone().or_else(|| customer.number.clone());
        customer.payment_terms = asked.payment_terms.unwrap_or(customer.payment_terms);
        customer.auto_collection = asked.auto_collection.unwrap_or(customer.auto_collection);
        Ok(())
    };
    change(store, site, id.as_str(), now, apply).await
}

/// A part of the customers of a site, by id.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn customers(
    store: &Store,
    site: &Site,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Customer>, Refusal> {
    list(store, site, cursor, limit).await
}

impl Dated for Customer {
    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}
