//! Invoices: what a boundary bills, as it is frozen when the invoice is closed.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use rating::{
    Charge, ChargeInputs, Currency, Discounts, Money, Number, Quantity, RatingError, TaxRounding, Taxable, Taxed,
    tax_invoice,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::Billed;
use crate::error::BillingError;
use crate::id::{CustomerId, InvoiceId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use crate::period::BillingPeriod;
use crate::site::Site;
use crate::timestamp::Timestamp;
use crate::usage_charge::OwnTerms;
use crate::zone::Zone;

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

/// Where an invoice stands. Pending is recomputed; everything later is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// Generated, and rated anew whenever it is read.
    Pending,
    /// Closed, numbered and payable.
    PaymentDue,
    /// Closed, and nothing is left to pay.
    Paid,
    /// Closed without a line: unnumbered, and left out of lists.
    Empty,
}

/// What one item price brings to an invoice, fixed when the invoice is generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceItem {
    /// The item of the subscription.
    pub subscription_item_id: SubscriptionItemId,
    /// Its price.
    pub item_price_id: ItemPriceId,
    /// The price's version for this invoice.
    pub version: u32,
    /// Whether it is billed by recorded usage.
    pub metered: bool,
    /// Whether usage may be recorded for it.
    pub takes_usage: bool,
    /// With the period that begins or the one that ended.
    pub billed: Billed,
    /// Whether it is here only to have its usage of the ended period sealed: a price billed in advance that has left the
    /// subscription.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_sealed: bool,
    /// How many, where the price is not metered.
    pub quantity: Quantity,
    /// The item's own included usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_usage: Option<Quantity>,
    /// What is taken off.
    #[serde(default, skip_serializing_if = "Discounts::is_empty")]
    pub discounts: Discounts,
}

impl InvoiceItem {
    /// What it says beside its price.
    pub fn own_terms(&self) -> OwnTerms<'_> {
        OwnTerms { included_usage: self.included_usage, discounts: &self.discounts }
    }
}

/// One rated line of an invoice, with everything that it was computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// The line's id: it follows from the subscription item and the invoice.
    pub id: String,
    /// What is billed, for a customer to read.
    pub description: String,
    /// The item of the subscription.
    pub subscription_item_id: SubscriptionItemId,
    /// Its price.
    pub item_price_id: ItemPriceId,
    /// The price's version.
    pub item_price_version: u32,
    /// What one unit is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// The period that the line bills.
    pub period: BillingPeriod,
    /// How many usage records went in; absent on a line that is not metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_count: Option<usize>,
    /// SHA-256 over the canonical, sorted records; absent on a line that is not metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_digest: Option<String>,
    /// Everything that the charge was computed from, beside its records or its quantity; absent on a line that was frozen
    /// before inputs were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<ChargeInputs<'static>>,
    /// What was held when the period ended, which the next one begins with; absent where quantities are not held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_at_end: Option<Number>,
    /// The amount and how it came about.
    pub charge: Charge,
}

impl LineItem {
    /// Its amount with the taxes of its price.
    fn taxable(&self) -> Taxable<'_> {
        let tax = self.inputs.as_ref().and_then(|inputs| inputs.tax.as_deref());
        Taxable { amount: self.charge.amount, tax }
    }
}

/// What was frozen when the invoice was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When the invoice was closed.
    pub closed_at: Timestamp,
    /// Unique in the site, gapless per customer; absent on an empty invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The calendar day that it is due on.
    pub due_date: NaiveDate,
    /// The lines.
    pub lines: Vec<LineItem>,
    /// The taxes of the lines; absent where none has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<InvoiceTax>,
    /// The sum of the lines and of the taxes that they do not contain, with the currency's digits.
    pub total: String,
}

/// The taxes of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceTax {
    /// Where they were rounded.
    pub rounding: TaxRounding,
    /// Each tax of the lines, and the amounts without and with it.
    pub taxed: Taxed,
}

/// The invoice of one boundary of one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The boundary: invoice n bills period n - 1 in arrears and period n in advance.
    pub boundary: u32,
    /// Who is invoiced.
    pub customer_id: CustomerId,
    /// The currency of every amount.
    pub currency_code: Currency,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The period that ended; absent at the activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<BillingPeriod>,
    /// The period that begins; absent at the last boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<BillingPeriod>,
    /// Every item price that the boundary bills, or whose usage it seals.
    pub items: Vec<InvoiceItem>,
    /// When the invoice was generated.
    pub generated_at: Timestamp,
    /// When the grace runs out and the invoice is closed by itself.
    pub closes_at: Timestamp,
    /// What was frozen; absent while the invoice is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

/// What a pending invoice would say if it were closed now, or a closed one says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated {
    /// The lines in the order of the subscription's items.
    pub lines: Vec<LineItem>,
    /// Their taxes; absent where none has any.
    pub tax: Option<InvoiceTax>,
    /// The sum of the lines and of the taxes that they do not contain.
    pub total: Money,
}

impl Rated {
    /// Lines with their taxes and their total.
    ///
    /// # Errors
    /// `Total` where an amount is not representable.
    pub fn of(lines: Vec<LineItem>, currency: Currency, site: &Site) -> Result<Rated, BillingError> {
        let taxable: Vec<Taxable> = lines.iter().map(LineItem::taxable).collect();
        let taxed = tax_invoice(&taxable, currency, site.tax_rounding, site.rounding).map_err(BillingError::Total)?;
        let is_taxed = taxable.iter().any(|line| line.tax.is_some());
        let total = taxed.gross;
        let tax = is_taxed.then_some(InvoiceTax { rounding: site.tax_rounding, taxed });
        Ok(Rated { lines, tax, total })
    }

    /// The sum of the lines.
    ///
    /// # Errors
    /// `Overflow` where it is not representable.
    pub fn subtotal(&self) -> Result<Money, RatingError> {
        let zero = Money::zero(self.total.currency());
        self.lines.iter().try_fold(zero, |total, line| total.checked_add(line.charge.amount))
    }
}

impl Invoice {
    /// The id that follows from subscription and boundary, so that whoever generates twice finds the first.
    pub fn id(&self) -> InvoiceId {
        InvoiceId::of(&self.subscription_id, self.boundary)
    }

    /// The number of the period that ended; absent at the activation.
    pub fn ended_number(&self) -> Option<u32> {
        self.boundary.checked_sub(1)
    }

    /// The prices whose usage of the ended period the invoice seals.
    pub fn sealed_prices(&self) -> impl Iterator<Item = &InvoiceItem> {
        self.items.iter().filter(|item| item.takes_usage)
    }

    /// The id of the line that bills the item.
    pub fn line_id(&self, item: &SubscriptionItemId) -> String {
        format!("li_{item}_{}", self.boundary)
    }
}

#[cfg(test)]
mod tests;
