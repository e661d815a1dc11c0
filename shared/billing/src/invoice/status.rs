//! Where an invoice stands, what that means, and what may follow.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Where an invoice stands. Pending is recomputed; everything later is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// Generated, and rated anew whenever it is read.
    Pending,
    /// Closed, numbered and payable.
    PaymentDue,
    /// Closed, and nothing is left to pay.
    Paid,
    /// Closed, and given up: the customer could not be made to pay.
    NotPaid,
    /// Taken back: it bills nothing any more, and its number stays used.
    Voided,
    /// Closed without a line: unnumbered, and left out of lists.
    Empty,
}

/// What a status means for everybody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether lines and amounts are computed whenever the invoice is read; otherwise they are frozen.
    pub is_rated_live: bool,
    /// Whether what its lines say is billed: usage on them was billed by it.
    pub bills: bool,
    /// Whether its total, less what was paid, is still to be paid, or will be.
    pub is_owed: bool,
    /// Whether lists show it.
    pub is_listed: bool,
    /// What may follow.
    pub followed_by: &'static [InvoiceStatus],
}

impl InvoiceStatus {
    /// Returns what the status means: the one place that knows.
    pub fn standing(self) -> Standing {
        use InvoiceStatus::{Empty, NotPaid, Paid, PaymentDue, Pending, Voided};
        let frozen = Standing { is_rated_live: false, bills: true, is_owed: false, is_listed: true, followed_by: &[] };
        match self {
            // A skipped one is voided without ever having been closed.
            Pending => Standing {
                is_rated_live: true,
                bills: false,
                is_owed: true,
                followed_by: &[PaymentDue, Paid, Empty, Voided],
                ..frozen
            },
            PaymentDue => Standing { is_owed: true, followed_by: &[Paid, NotPaid, Voided], ..frozen },
            // A payment may be refunded.
            Paid => Standing { followed_by: &[PaymentDue, Voided], ..frozen },
            NotPaid => Standing { is_owed: true, followed_by: &[Paid, Voided], ..frozen },
            Voided => Standing { bills: false, ..frozen },
            // An invoice on demand that had nothing to bill is taken up again by its key.
            Empty => Standing { bills: false, is_listed: false, followed_by: &[Pending], ..frozen },
        }
    }

    /// Returns the word for it on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            InvoiceStatus::Pending => "pending",
            InvoiceStatus::PaymentDue => "payment_due",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::NotPaid => "not_paid",
            InvoiceStatus::Voided => "voided",
            InvoiceStatus::Empty => "empty",
        }
    }

    /// Says whether the invoice waits for its close.
    pub fn is_pending(self) -> bool {
        self.standing().is_rated_live
    }

    /// Returns the status of an invoice that is closed now.
    ///
    /// Without a line it is empty; with nothing to pay it is paid.
    pub fn closed(has_lines: bool, is_zero: bool) -> InvoiceStatus {
        match (has_lines, is_zero) {
            (false, _) => InvoiceStatus::Empty,
            (true, true) => InvoiceStatus::Paid,
            (true, false) => InvoiceStatus::PaymentDue,
        }
    }

    /// Says whether an invoice that stands so may stand there next.
    pub fn may_become(self, next: InvoiceStatus) -> bool {
        self.standing().followed_by.contains(&next)
    }
}

/// The statuses that the API has a way into so far.
impl PartialSchema for InvoiceStatus {
    fn schema() -> RefOr<Schema> {
        let description = "Where an invoice stands. Pending is recomputed; everything later is frozen.";
        let reached = ["pending", "payment_due", "paid", "empty"];
        let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        Schema::Object(schema.enum_values(Some(reached)).build()).into()
    }
}

impl ToSchema for InvoiceStatus {}

#[cfg(test)]
mod tests {
    use super::*;
    use InvoiceStatus::{Empty, NotPaid, Paid, PaymentDue, Pending, Voided};

    const ALL: [InvoiceStatus; 6] = [Pending, PaymentDue, Paid, NotPaid, Voided, Empty];

    #[test]
    fn a_status_means_the_same_to_everybody() {
        let means = |of: fn(Standing) -> bool| ALL.map(|status| of(status.standing()));
        assert_eq!(means(|standing| standing.is_rated_live), [true, false, false, false, false, false]);
        assert_eq!(means(|standing| standing.bills), [false, true, true, true, false, false]);
        assert_eq!(means(|standing| standing.is_owed), [true, true, false, true, false, false]);
        assert_eq!(means(|standing| standing.is_listed), [true, true, true, true, true, false]);
    }

    #[test]
    fn what_is_voided_stays_so_and_what_is_closed_never_waits_again() {
        for (status, next) in [
            (Pending, &[PaymentDue, Paid, Voided, Empty][..]),
            (PaymentDue, &[Paid, NotPaid, Voided]),
            (Paid, &[PaymentDue, Voided]),
            (NotPaid, &[Paid, Voided]),
            (Voided, &[]),
            (Empty, &[Pending]),
        ] {
            let follows: Vec<InvoiceStatus> = ALL.into_iter().filter(|next| status.may_become(*next)).collect();
            assert_eq!(follows, next, "{status:?}");
        }
    }

    #[test]
    fn a_close_leaves_what_the_lines_and_the_total_say() {
        for (has_lines, is_zero, status) in
            [(false, true, Empty), (false, false, Empty), (true, true, Paid), (true, false, PaymentDue)]
        {
            assert_eq!(InvoiceStatus::closed(has_lines, is_zero), status);
            assert!(Pending.may_become(status));
        }
    }
}
