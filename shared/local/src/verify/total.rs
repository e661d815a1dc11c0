//! The taxes and the total, computed again from the lines.

use billing::invoice::InvoiceStatus;
use rating::{Money, RatingError, Rounding, TaxLine, Taxable, tax_invoice};
use serde_json::{Value, json};

use super::files::ExportedInvoice;
use super::{Checked, Differences, or_none};

/// Adds the lines and their taxes up again.
pub fn check(invoice: &ExportedInvoice) -> Checked {
    let mut found = Differences::default();
    if let Err(error) = compare(invoice, &mut found) {
        found.compare("total", &invoice.total, error);
    }
    let told = format!("{} {}", invoice.total, invoice.currency_code);
    Checked { part: "total".to_owned(), told, explanation: String::new(), differences: found.0, kept: true }
}

fn compare(invoice: &ExportedInvoice, found: &mut Differences) -> Result<(), RatingError> {
    let currency = invoice.currency_code;
    let inputs = || invoice.lines.iter().filter_map(|line| line.inputs.as_ref());
    let rounding = inputs().next().map_or(Rounding::default(), |inputs| inputs.rounding);
    let lines = invoice.lines.iter().filter_map(|line| {
        let tax = line.inputs.as_ref().and_then(|inputs| inputs.tax.as_deref());
        Some(Taxable { amount: line.charge.as_ref()?.amount, tax })
    });
    let lines: Vec<Taxable> = lines.collect();
    let is_taxed = lines.iter().any(|line| line.tax.is_some());
    let taxed = tax_invoice(&lines, currency, invoice.tax_rounding.unwrap_or_default(), rounding)?;
    let subtotal = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.checked_add(line.amount))?;
    found.compare("subtotal", or_none(invoice.subtotal.as_ref()), or_none(is_taxed.then_some(subtotal)));
    let count = invoice.tax_lines.len().max(taxed.taxes.len());
    for index in 0..count {
        let explained = invoice.tax_lines.get(index);
        let recomputed = taxed.taxes.get(index).map(shown);
        found.compare(&format!("tax_lines[{index}]"), or_none(explained), or_none(recomputed));
    }
    found.compare("total", &invoice.total, taxed.gross);
    // Payments are kept elsewhere: an invoice is paid where there is nothing to pay.
    let status = InvoiceStatus::closed(true, taxed.gross.is_zero());
    found.compare("status", invoice.status.as_str(), status.as_str());
    found.compare("amount_due", &invoice.amount_due, taxed.gross);
    Ok(())
}

/// A tax line as an invoice shows it.
fn shown(tax: &TaxLine) -> Value {
    json!({
        "name": tax.name,
        "percent": tax.percent,
        "inclusive": tax.inclusive,
        "taxed_amount": tax.taxed_amount.to_string(),
        "unrounded_amount": tax.unrounded,
        "amount": tax.amount.to_string(),
    })
}
