//! The stored form of an invoice: one object with the fields of its owner beside the others.
//!
//! The first invoice of a boundary has its subscription and its boundary, as all had before there were other kinds.

use rating::Currency;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::document::{Closing, Invoice, InvoiceItem};
use super::owner::InvoiceOwner;
use super::status::InvoiceStatus;
use crate::id::{CustomerId, SubscriptionId};
use crate::time::{BillingPeriod, Timestamp};

/// What is written; nothing of it is copied.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<&'a SubscriptionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interim: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_demand: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    combined: Option<u32>,
    customer_id: &'a CustomerId,
    currency_code: Currency,
    status: InvoiceStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<BillingPeriod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<BillingPeriod>,
    items: &'a [InvoiceItem],
    generated_at: Timestamp,
    closes_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    closing: Option<&'a Closing>,
}

impl Serialize for Invoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = Written {
            subscription_id: self.owner.subscription_id(),
            boundary: None,
            revision: None,
            interim: None,
            on_demand: None,
            combined: None,
            customer_id: &self.customer_id,
            currency_code: self.currency_code,
            status: self.status,
            ended: self.ended,
            begun: self.begun,
            items: &self.items,
            generated_at: self.generated_at,
            closes_at: self.closes_at,
            closing: self.closing.as_ref(),
        };
        match &self.owner {
            InvoiceOwner::Boundary { boundary, revision, .. } => {
                written.boundary = Some(*boundary);
                written.revision = Some(*revision).filter(|revision| *revision != 1);
            }
            InvoiceOwner::Interim { boundary, number, .. } => {
                written.boundary = Some(*boundary);
                written.interim = Some(*number);
            }
            InvoiceOwner::OnDemand { token, .. } => written.on_demand = Some(token),
            InvoiceOwner::Combined { number, .. } => written.combined = Some(*number),
        }
        written.serialize(serializer)
    }
}

/// What is read.
#[derive(Deserialize)]
struct Read {
    subscription_id: Option<SubscriptionId>,
    boundary: Option<u32>,
    revision: Option<u32>,
    interim: Option<u32>,
    on_demand: Option<String>,
    combined: Option<u32>,
    customer_id: CustomerId,
    currency_code: Currency,
    status: InvoiceStatus,
    ended: Option<BillingPeriod>,
    begun: Option<BillingPeriod>,
    items: Vec<InvoiceItem>,
    generated_at: Timestamp,
    closes_at: Timestamp,
    closing: Option<Closing>,
}

impl<'de> Deserialize<'de> for Invoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Invoice, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let customer_id = read.customer_id;
        let owner = match (read.subscription_id, read.boundary, read.interim, read.on_demand, read.combined) {
            (Some(subscription_id), Some(boundary), None, None, None) => {
                InvoiceOwner::Boundary { subscription_id, boundary, revision: read.revision.unwrap_or(1) }
            }
            (Some(subscription_id), Some(boundary), Some(number), None, None) if read.revision.is_none() => {
                InvoiceOwner::Interim { subscription_id, boundary, number }
            }
            (None, None, None, Some(token), None) if read.revision.is_none() => {
                InvoiceOwner::OnDemand { customer_id: customer_id.clone(), token }
            }
            (None, None, None, None, Some(number)) if read.revision.is_none() => {
                InvoiceOwner::Combined { customer_id: customer_id.clone(), number }
            }
            _ => return Err(de::Error::custom("the invoice belongs to nobody, or to several")),
        };
        Ok(Invoice {
            owner,
            customer_id,
            currency_code: read.currency_code,
            status: read.status,
            ended: read.ended,
            begun: read.begun,
            items: read.items,
            generated_at: read.generated_at,
            closes_at: read.closes_at,
            closing: read.closing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pending invoice, with those fields of its owner.
    fn json(owner: &str) -> String {
        let rest = concat!(
            r#""customer_id":"acme","currency_code":"USD","status":"pending","items":[],"#,
            r#""generated_at":"2026-02-01T00:00:00Z","closes_at":"2026-02-01T01:00:00Z""#,
        );
        format!("{{{owner},{rest}}}")
    }

    #[test]
    fn every_kind_of_invoice_is_written_as_it_was_read() {
        for (owner, id) in [
            (r#""subscription_id":"sub","boundary":1"#, "inv_sub_1"),
            (r#""subscription_id":"sub","boundary":1,"revision":2"#, "inv_sub_1r2"),
            (r#""subscription_id":"sub","boundary":1,"interim":3"#, "inv_sub_1i3"),
            (r#""on_demand":"0k9""#, "ivd_acme_0k9"),
            (r#""combined":4"#, "ivc_acme_4"),
        ] {
            let json = json(owner);
            let invoice: Invoice = serde_json::from_str(&json).unwrap();
            assert_eq!(invoice.id().as_str(), id);
            assert_eq!(serde_json::to_string(&invoice).unwrap(), json);
        }
    }

    #[test]
    fn an_invoice_belongs_to_one_owner() {
        for owner in [
            r#""combined":4,"on_demand":"0k9""#,
            r#""subscription_id":"sub""#,
            r#""subscription_id":"sub","boundary":1,"combined":4"#,
            r#""combined":4,"revision":2"#,
        ] {
            assert!(serde_json::from_str::<Invoice>(&json(owner)).is_err(), "{owner}");
        }
    }
}
