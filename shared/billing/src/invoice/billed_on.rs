//! The invoice and line that a usage was billed on: derived from its date, never written on the record.

use super::document::Invoice;
use super::owner::InvoiceOwner;
use crate::id::InvoiceId;
use crate::subscription::{Subscription, SubscriptionItem};
use crate::time::Timestamp;
use crate::usage::UsageRecord;

/// Where a usage was billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledOn {
    /// The closed invoice.
    pub invoice_id: InvoiceId,
    /// The line of it that counted the usage.
    pub line_item_id: String,
}

/// Returns the invoice that a usage falls due on, and the item that bills it; `None` where it is never billed. `late` says
/// whether it came after its period was closed.
pub fn due_on<'a>(
    subscription: &'a Subscription,
    record: &UsageRecord,
    late: bool,
) -> Option<(InvoiceId, &'a SubscriptionItem)> {
    let item = subscription.item(&record.item_price_id).filter(|item| item.metered)?;
    if subscription.why_not_billed(record, late).is_some() {
        return None;
    }
    // A date that has no period has no invoice either.
    let (number, _) = subscription.period_at(record.key.date).ok().flatten()?;
    let boundary = u32::try_from(number.checked_add(1)?).ok().filter(|boundary| *boundary > 0)?;
    Some((InvoiceOwner::boundary(subscription.id.clone(), boundary).id(), item))
}

impl Invoice {
    /// Returns the line that counted the item's usage of that date, where the invoice has one.
    pub fn billed(&self, item: &SubscriptionItem, date: Timestamp) -> Option<BilledOn> {
        let is_counted = self.ended.is_some_and(|period| period.contains(date))
            && self
                .closing
                .iter()
                .flat_map(|closing| &closing.lines)
                .any(|line| line.bills_usage_of(&item.item_price_id));
        is_counted.then(|| BilledOn { line_item_id: self.line_id(&item.id), invoice_id: self.id() })
    }
}
