//! The usages as a whole: each belongs to one line of this invoice, once.

use std::collections::HashSet;

use api::usage_id::usage_id;

use super::files::{ExportedInvoice, ExportedUsage};
use super::{Checked, Differences, or_none};

/// Checks where each usage says that it belongs.
pub fn check(invoice: &ExportedInvoice, records: &[ExportedUsage]) -> Checked {
    let mut found = Differences::default();
    let mut seen = HashSet::new();
    for usage in records {
        let field = |name: &str| format!("line {} {name}", usage.line);
        let record = &usage.record;
        found.compare(&field("id"), &usage.id, usage_id(record));
        found.compare(&field("subscription_id"), &usage.subscription_id, &invoice.subscription_id);
        found.compare(&field("invoice_id"), or_none(usage.invoice_id.as_ref()), &invoice.id);
        let line = invoice.lines.iter().find(|line| usage.line_item_id.as_ref() == Some(&line.id));
        match line.filter(|line| line.usage_count.is_some()) {
            Some(line) => {
                found.compare(&field("item_price_id"), &record.item_price_id, &line.item_price_id);
                if !line.period.contains(record.key.date) {
                    let period = format!("a date from {} to before {}", line.period.start, line.period.end);
                    found.compare(&field("usage_date"), record.key.date, period);
                }
            }
            None => found.compare(
                &field("line_item_id"),
                or_none(usage.line_item_id.as_ref()),
                "a line of the invoice that counts usage",
            ),
        }
        if !seen.insert((&record.item_price_id, &record.key)) {
            found.compare(&field("id"), format!("{} again", usage.id), "each usage once");
        }
    }
    let told = format!("{} usages", records.len());
    Checked { part: "usages".to_owned(), told, explanation: String::new(), differences: found.0, kept: true }
}
