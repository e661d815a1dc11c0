//! One line of the invoice, rated again.

use billing::usage::usage_digest;
use rating::{Charge, ChargeInputs, Difference, Explanation, Measurement, Step, rate_quantity};
use serde_json::Value;

use super::files::{ExportedInvoice, ExportedLine, ExportedUsage};
use super::{Checked, Differences, or_none};

/// Rates a line again, by its usages or by its quantity; `None` where the invoice has no such line.
pub fn check(index: usize, invoice: &ExportedInvoice, records: &[ExportedUsage]) -> Option<Checked> {
    let line = invoice.lines.get(index)?;
    let charge = line.charge.as_ref()?;
    let mut found = Differences::default();
    let mut explanation = String::new();
    once(line, invoice.lines.iter().take(index), &mut found);
    let records: Vec<&ExportedUsage> =
        records.iter().filter(|usage| usage.line_item_id.as_ref() == Some(&line.id)).collect();
    found.compare("quantity", &line.quantity, &charge.billable);
    found.compare("unit_amount", or_none(line.unit_amount), or_none(unit_amount(&charge.steps)));
    match (&line.inputs, line.usage_count, &line.usage_digest) {
        (Some(inputs), Some(usage_count), Some(digest)) => {
            let explained = Explanation {
                inputs: inputs.clone(),
                usage_count,
                usage_digest: digest.clone(),
                charge: charge.clone(),
            };
            explanation = explained.to_string();
            of_usages(line, &explained, &records, &mut found);
        }
        (Some(inputs), _, _) => of_quantity(inputs, charge, &mut found),
        (None, Some(usage_count), Some(digest)) => {
            found.compare("usage_count", usage_count, records.len());
            found.compare("usage_digest", digest, usage_digest(records.iter().map(|usage| &usage.record)));
        }
        (None, _, _) => {}
    }
    if let Some(inputs) = &line.inputs {
        found.compare("inputs.currency_code", inputs.currency, invoice.currency_code);
    }
    if let Some(window) = line.inputs.as_ref().and_then(|inputs| inputs.window.as_ref()) {
        found.compare("inputs.window.start_ms", window.start_ms, line.period.start.millis());
        found.compare("inputs.window.end_ms", window.end_ms, line.period.end.millis());
    }
    let usages = line.usage_count.map_or_else(String::new, |count| format!(", {count} usages"));
    let told = format!("{}: {} {}{usages}", line.description, charge.amount, invoice.currency_code);
    Some(Checked { part: line.id.clone(), told, explanation, differences: found.0, kept: line.inputs.is_some() })
}

/// A subscription has each price once, and an invoice bills it in one line.
fn once<'a>(line: &ExportedLine, mut earlier: impl Iterator<Item = &'a ExportedLine> + Clone, found: &mut Differences) {
    if earlier.clone().any(|earlier| earlier.id == line.id) {
        found.compare("id", format!("{} again", line.id), "each line once");
    }
    if earlier.any(|earlier| earlier.item_price_id == line.item_price_id) {
        found.compare("item_price_id", format!("{} again", line.item_price_id), "each price once");
    }
}

fn of_usages(line: &ExportedLine, explained: &Explanation, records: &[&ExportedUsage], found: &mut Differences) {
    let measurements: Vec<Measurement> = records.iter().map(|usage| usage.record.measurement()).collect();
    let digest = usage_digest(records.iter().map(|usage| &usage.record));
    let differences = rating::verify(explained, &measurements, &digest);
    found.0.extend(differences.into_iter().map(|difference| Difference {
        // On the wire, a charge's fields are the line's own.
        field: difference.field.trim_start_matches("charge.").to_owned(),
        ..difference
    }));
    let window = explained.inputs.window.as_ref();
    let held_at_end = window.map(|window| window.held_at_end(measurements.iter().copied()));
    found.compare("held_at_end", or_none(line.held_at_end.as_ref()), or_none(held_at_end));
}

fn of_quantity(inputs: &ChargeInputs, explained: &Charge, found: &mut Differences) {
    let quantity = explained.total.to_text().parse();
    let Ok(quantity) = quantity else {
        return found.compare("total_usage", &explained.total, "a quantity");
    };
    match rate_quantity(inputs, quantity) {
        Err(error) => found.compare("amount", explained.amount, error),
        Ok(recomputed) => {
            let [explained, recomputed] = [explained, &recomputed].map(fields);
            for (name, value) in &explained {
                found.compare(name, value, or_none(recomputed.get(name)));
            }
            for name in recomputed.keys().filter(|name| !explained.contains_key(*name)) {
                found.compare(name, "none", or_none(recomputed.get(name)));
            }
        }
    }
}

/// The members of a charge as JSON, which is made of texts and lists.
fn fields(charge: &Charge) -> serde_json::Map<String, Value> {
    match serde_json::to_value(charge) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    }
}

fn unit_amount(steps: &[Step]) -> Option<rating::Amount> {
    steps.iter().find_map(|step| match step {
        Step::Units { unit_amount, .. } => Some(*unit_amount),
        _ => None,
    })
}
