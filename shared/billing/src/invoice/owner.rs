//! Whom an invoice belongs to: its identity, which its id and its place in the table follow from.

use crate::id::{CustomerId, InvoiceId, SubscriptionId};

/// Whom an invoice belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoiceOwner {
    /// A subscription's boundary: invoice n bills period n - 1 in arrears and period n in advance. A final one, for late
    /// usage after the end, has the next boundary and neither period.
    Boundary {
        /// The subscription.
        subscription_id: SubscriptionId,
        /// The boundary; 0 is the activation.
        boundary: u32,
        /// 1 for the first, one more each time that it is made anew.
        revision: u32,
    },
    /// A subscription within a period.
    Interim {
        /// The subscription.
        subscription_id: SubscriptionId,
        /// The boundary at which the period ends.
        boundary: u32,
        /// 1 for the first of the period.
        number: u32,
    },
    /// A customer who was invoiced on demand.
    OnDemand {
        /// The customer.
        customer_id: CustomerId,
        /// What tells it from the customer's others: it follows from the idempotency key, or is random. 1 to 26 characters
        /// of `a-z 0-9`.
        token: String,
    },
    /// A customer, for several subscriptions at once.
    Combined {
        /// The customer.
        customer_id: CustomerId,
        /// 1 for the customer's first.
        number: u32,
    },
}

impl InvoiceOwner {
    /// The owner of the first invoice of a boundary.
    pub fn boundary(subscription_id: SubscriptionId, boundary: u32) -> InvoiceOwner {
        InvoiceOwner::Boundary { subscription_id, boundary, revision: 1 }
    }

    /// The id of the invoice. Equal owners have equal ids, so that generating twice finds the first invoice.
    pub fn id(&self) -> InvoiceId {
        match self {
            InvoiceOwner::Boundary { subscription_id, boundary, revision: 1 } => {
                InvoiceId::made(format!("inv_{subscription_id}_{boundary}"))
            }
            InvoiceOwner::Boundary { subscription_id, boundary, revision } => {
                InvoiceId::made(format!("inv_{subscription_id}_{boundary}r{revision}"))
            }
            InvoiceOwner::Interim { subscription_id, boundary, number } => {
                InvoiceId::made(format!("inv_{subscription_id}_{boundary}i{number}"))
            }
            InvoiceOwner::OnDemand { customer_id, token } => InvoiceId::made(format!("ivd_{customer_id}_{token}")),
            InvoiceOwner::Combined { customer_id, number } => InvoiceId::made(format!("ivc_{customer_id}_{number}")),
        }
    }

    /// Reads the owner out of an id; `None` where it is not the id of an invoice.
    pub fn of(id: &InvoiceId) -> Option<InvoiceOwner> {
        let (kind, rest) = id.as_str().split_once('_')?;
        let (name, place) = rest.rsplit_once('_')?;
        let owner = match kind {
            "inv" => of_subscription(name, place)?,
            "ivd" => InvoiceOwner::OnDemand { customer_id: name.parse().ok()?, token: token(place)?.to_owned() },
            "ivc" => InvoiceOwner::Combined { customer_id: name.parse().ok()?, number: place.parse().ok()? },
            _ => return None,
        };
        // "007" would be a second name of invoice 7.
        (owner.id() == *id).then_some(owner)
    }

    /// The subscription, where it belongs to one.
    pub fn subscription_id(&self) -> Option<&SubscriptionId> {
        match self {
            InvoiceOwner::Boundary { subscription_id, .. } | InvoiceOwner::Interim { subscription_id, .. } => {
                Some(subscription_id)
            }
            InvoiceOwner::OnDemand { .. } | InvoiceOwner::Combined { .. } => None,
        }
    }

    /// What the ids of its lines end with.
    pub(super) fn line_suffix(&self) -> String {
        match self {
            InvoiceOwner::Boundary { boundary, revision: 1, .. } => boundary.to_string(),
            InvoiceOwner::Boundary { boundary, revision, .. } => format!("{boundary}r{revision}"),
            InvoiceOwner::Interim { boundary, number, .. } => format!("{boundary}i{number}"),
            InvoiceOwner::OnDemand { token, .. } => token.clone(),
            InvoiceOwner::Combined { number, .. } => number.to_string(),
        }
    }
}

fn of_subscription(name: &str, place: &str) -> Option<InvoiceOwner> {
    let subscription_id: SubscriptionId = name.parse().ok()?;
    let owner = if let Some((boundary, revision)) = place.split_once('r') {
        let (boundary, revision) = (boundary.parse().ok()?, revision.parse().ok()?);
        InvoiceOwner::Boundary { subscription_id, boundary, revision }
    } else if let Some((boundary, number)) = place.split_once('i') {
        InvoiceOwner::Interim { subscription_id, boundary: boundary.parse().ok()?, number: number.parse().ok()? }
    } else {
        InvoiceOwner::boundary(subscription_id, place.parse().ok()?)
    };
    Some(owner)
}

fn token(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (plain && (1..=26).contains(&text.len())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(id: &str) -> SubscriptionId {
        id.parse().unwrap()
    }

    #[test]
    fn an_id_says_the_owner_and_has_one_spelling() {
        let customer_id: CustomerId = "acme_1".parse().unwrap();
        for (owner, id) in [
            (InvoiceOwner::boundary(subscription("voip-acme"), 0), "inv_voip-acme_0"),
            (InvoiceOwner::boundary(subscription("a_1"), u32::MAX), "inv_a_1_4294967295"),
            (InvoiceOwner::Boundary { subscription_id: subscription("a_1"), boundary: 7, revision: 2 }, "inv_a_1_7r2"),
            (InvoiceOwner::Interim { subscription_id: subscription("a"), boundary: 7, number: 1 }, "inv_a_7i1"),
            (InvoiceOwner::OnDemand { customer_id: customer_id.clone(), token: "0k9".to_owned() }, "ivd_acme_1_0k9"),
            (InvoiceOwner::Combined { customer_id, number: 3 }, "ivc_acme_1_3"),
        ] {
            assert_eq!(owner.id().as_str(), id);
            assert_eq!(InvoiceOwner::of(&owner.id()), Some(owner));
        }
        for id in [
            "inv_a_007",
            "inv_a_",
            "inv__7",
            "inv_7",
            "a_7",
            "inv_a_4294967296",
            "li_a_7",
            "inv_a_7r1",
            "inv_a_7r02",
            "inv_a_7i",
            "inv_a_r2",
            "ivd_a_",
            "ivd_a_A",
            "ivd_a_0123456789abcdefghijklmnopq",
            "ivc_a_x",
            "ivc_a_01",
        ] {
            assert_eq!(InvoiceOwner::of(&id.parse().unwrap()), None, "{id}");
        }
    }

    #[test]
    fn the_longest_id_of_an_owner_is_an_id() {
        let longest = subscription(&"x".repeat(100));
        let revision = InvoiceOwner::Boundary { subscription_id: longest, boundary: u32::MAX, revision: u32::MAX };
        let token = "x".repeat(26);
        let on_demand = InvoiceOwner::OnDemand { customer_id: "x".repeat(100).parse().unwrap(), token };
        for owner in [revision, on_demand] {
            assert!(owner.id().as_str().parse::<InvoiceId>().is_ok(), "{owner:?}");
        }
    }
}
