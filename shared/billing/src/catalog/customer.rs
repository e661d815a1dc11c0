//! Customers.

use serde::{Deserialize, Serialize};

use super::payment_terms::PaymentTerms;
use crate::id::CustomerId;
use crate::time::Timestamp;

/// Who is invoiced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's id.
    pub id: CustomerId,
    /// The name that stands on the invoice.
    pub name: String,
    /// Where invoices are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number that invoice numbers begin with; the id where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When an invoice is due.
    pub payment_terms: PaymentTerms,
    /// Whether payment is collected when an invoice is issued.
    pub auto_collection: bool,
    /// When the customer was made.
    pub created_at: Timestamp,
    /// When the customer was last changed.
    pub updated_at: Timestamp,
}

impl Customer {
    /// What the customer's invoice numbers begin with.
    pub fn invoice_prefix(&self) -> &str {
        self.number.as_deref().unwrap_or(self.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invoice_numbers_begin_with_the_customers_number_or_else_the_id() {
        let stored = concat!(
            r#"{"id":"acme","name":"Acme","payment_terms":"NET 7","auto_collection":false,"#,
            r#""created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#,
        );
        let mut customer: Customer = serde_json::from_str(stored).unwrap();
        assert_eq!(customer.invoice_prefix(), "acme");

        customer.number = Some("1234".into());

        assert_eq!(customer.invoice_prefix(), "1234");
    }
}
