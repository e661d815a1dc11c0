//! Invoices: what a boundary bills, as it is frozen when the invoice is closed.

use chrono::NaiveDate;
use rating::{
    Charge, ChargeInputs, Currency, Discounts, Money, Number, Quantity, RatingError, TaxRounding, Taxable, Taxed,
    tax_invoice,
};
use serde::{Deserialize, Serialize};

use super::owner::InvoiceOwner;
use super::source::LineSource;
use super::status::InvoiceStatus;
use crate::catalog::{Billed, OwnTerms};
use crate::error::BillingError;
use crate::id::{CustomerId, InvoiceId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use crate::site::Site;
use crate::time::{BillingPeriod, Timestamp};

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
    /// Where the line comes from; absent where [`LineItem::source`] tells it from the usage count, as it did of all lines
    /// before there were others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<LineSource>,
    /// The item of the subscription, where it bills one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_item_id: Option<SubscriptionItemId>,
    /// The item price, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_price_id: Option<ItemPriceId>,
    /// The version of the item price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_price_version: Option<u32>,
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
    /// Returns where the line comes from.
    pub fn source(&self) -> LineSource {
        let told = if self.usage_count.is_some() { LineSource::Usage } else { LineSource::Agreed };
        self.source.unwrap_or(told)
    }

    /// Says whether the line bills the usage of the price in its period.
    pub fn bills_usage_of(&self, price: &ItemPriceId) -> bool {
        self.source() == LineSource::Usage && self.item_price_id.as_ref() == Some(price)
    }

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

/// What is billed to a customer, for a subscription's boundary or otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Whom it belongs to; its id follows from that.
    pub owner: InvoiceOwner,
    /// Who is invoiced.
    pub customer_id: CustomerId,
    /// The currency of every amount.
    pub currency_code: Currency,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The period that ended; absent at the activation.
    pub ended: Option<BillingPeriod>,
    /// The period that begins; absent at the last boundary.
    pub begun: Option<BillingPeriod>,
    /// Every item price that the boundary bills, or whose usage it seals.
    pub items: Vec<InvoiceItem>,
    /// When the invoice was generated.
    pub generated_at: Timestamp,
    /// When the grace runs out and the invoice is closed by itself.
    pub closes_at: Timestamp,
    /// What was frozen; absent while the invoice is pending.
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
    /// The id. It follows from the owner, so that generating twice finds the first invoice.
    pub fn id(&self) -> InvoiceId {
        self.owner.id()
    }

    /// The subscription, where it belongs to one.
    pub fn subscription_id(&self) -> Option<&SubscriptionId> {
        self.owner.subscription_id()
    }

    /// The boundary, where it belongs to one.
    pub fn boundary(&self) -> Option<u32> {
        match self.owner {
            InvoiceOwner::Boundary { boundary, .. } => Some(boundary),
            _ => None,
        }
    }

    /// The number of the period that ended; absent at the activation, and where it belongs to no boundary.
    pub fn ended_number(&self) -> Option<u32> {
        self.boundary()?.checked_sub(1)
    }

    /// The prices whose usage of the ended period the invoice seals.
    pub fn sealed_prices(&self) -> impl Iterator<Item = &InvoiceItem> {
        self.items.iter().filter(|item| item.takes_usage)
    }

    /// The id of the line that bills the item.
    pub fn line_id(&self, item: &SubscriptionItemId) -> String {
        format!("li_{item}_{}", self.owner.line_suffix())
    }
}

#[cfg(test)]
mod tests;
