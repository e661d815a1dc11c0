//! When invoices of a customer are due.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::time::{Timestamp, Zone};

/// When an invoice is due: `NET n`, n calendar days after the local date of its close, 0 to 365.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PaymentTerms {
    days: u16,
}

impl PaymentTerms {
    /// The due date of an invoice closed at the instant, in the zone.
    pub fn due_date(self, closed_at: Timestamp, zone: Zone) -> NaiveDate {
        let local = zone.local_date(closed_at);
        local.checked_add_days(Days::new(u64::from(self.days))).unwrap_or(local)
    }
}

impl fmt::Display for PaymentTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NET {}", self.days)
    }
}

impl From<PaymentTerms> for String {
    fn from(terms: PaymentTerms) -> String {
        terms.to_string()
    }
}

/// Payment terms that are not `NET` and a number of days.
#[derive(Debug, thiserror::Error)]
#[error("payment terms are \"NET n\", n from 0 to 365 days")]
pub struct PaymentTermsError;

impl FromStr for PaymentTerms {
    type Err = PaymentTermsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("NET ").ok_or(PaymentTermsError)?;
        if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PaymentTermsError);
        }
        let days = digits.parse().map_err(|_| PaymentTermsError)?;
        if days > 365 { Err(PaymentTermsError) } else { Ok(PaymentTerms { days }) }
    }
}

impl TryFrom<String> for PaymentTerms {
    type Error = PaymentTermsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

rating::text_schema!(
    PaymentTerms,
    "When an invoice is due: NET n, n days (0 to 365) after the local date of its close.",
    "^NET [0-9]{1,3}$"
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn payment_terms_are_net_and_up_to_365_days() {
        for text in ["NET 0", "NET 7", "NET 30", "NET 365"] {
            let terms: PaymentTerms = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(serde_json::to_value(terms).unwrap(), text);
        }
        for text in
            ["", "NET", "NET ", "net 7", "7", "NET 366", "NET 1000", "NET 0007", "NET -1", "NET +7", "NET 7 ", "NET x"]
        {
            assert!(text.parse::<PaymentTerms>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_invoice_is_due_so_many_days_after_the_local_date_of_its_close() {
        for (terms, zone, closed_at, due) in [
            ("NET 0", "UTC", "2026-01-31T23:30:00Z", "2026-01-31"),
            ("NET 7", "UTC", "2026-01-31T23:30:00Z", "2026-02-07"),
            ("NET 7", "Europe/Berlin", "2026-01-31T23:30:00Z", "2026-02-08"),
            ("NET 365", "UTC", "2024-01-01T00:00:00Z", "2024-12-31"),
        ] {
            let terms: PaymentTerms = terms.parse().unwrap();
            assert_eq!(
                terms.due_date(closed_at.parse().unwrap(), zone.parse().unwrap()).to_string(),
                due,
                "{closed_at} in {zone}"
            );
        }
    }
}
