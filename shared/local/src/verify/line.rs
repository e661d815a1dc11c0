//! One line of the invoice, rated again.

use rating::{Charge, ChargeInputs, Difference, Explanation, Measurement, Step, digest_lines, rate_quantity};
use serde_json::Value;

use super::files::{ExportedInvoice, ExportedLine, ExportedUsage};
use super::{Checked, Differences, or_none};

/// Rates a line again, by its usages or by its quantity.
pub fn check(line: &ExportedLine, invoice: &ExportedInvoice, records: &[ExportedUsage]) -> Checked {
    let mut found = Differences::default();
    let mut explanation = String::new();
    let told = line.charge.as_ref().map_or_else(String::new, |charge| {
        let usages = line.usage_count.map_or_else(String::new, |count| format!(", {count} usages"));
        format!("{}: {} {}{usages}", line.description, charge.amount, invoice.currency_code)
    });
    match (&line.inputs, &line.charge) {
        (Some(inputs), Some(charge)) => {
            found.compare("inputs.currency_code", inputs.currency, invoice.currency_code);
            found.compare("quantity", &line.quantity, &charge.billable);
            found.compare("unit_amount", or_none(line.unit_amount), or_none(unit_amount(&charge.steps)));
            match (line.usage_count, &line.usage_digest) {
                (Some(usage_count), Some(digest)) => {
                    let records = records.iter().filter(|usage| usage.line_item_id.as_ref() == Some(&line.id));
                    let records: Vec<&ExportedUsage> = records.collect();
                    let explained = Explanation {
                        inputs: inputs.clone(),
                        usage_count,
                        usage_digest: digest.clone(),
                        charge: charge.clone(),
                    };
                    explanation = explained.to_string();
                    of_usages(line, &explained, &records, &mut found);
                }
                _ => of_quantity(inputs, charge, &mut found),
            }
        }
        _ => found.compare("inputs", "none: the line was closed before it kept them", "the inputs of a charge"),
    }
    Checked { part: line.id.clone(), told, explanation, differences: found.0 }
}

fn of_usages(line: &ExportedLine, explained: &Explanation, records: &[&ExportedUsage], found: &mut Differences) {
    let measurements: Vec<Measurement> = records.iter().map(|usage| usage.record.measurement()).collect();
    let digest = digest_lines(records.iter().map(|usage| usage.record.digest_line()));
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
