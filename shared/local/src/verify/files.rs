//! The files of an export, read.

use std::fs;
use std::path::{Path, PathBuf};

use billing::id::{InvoiceId, ItemPriceId, SubscriptionId, UsageId};
use billing::invoice::InvoiceStatus;
use billing::time::{BillingPeriod, Timestamp};
use billing::usage::{Content, RecordKey, Source, UsageRecord};
use rating::{Amount, Charge, ChargeInputs, Currency, Money, Number, Quantity, Step, TaxRounding, Taxed};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What ids begin with that the system made.
const SYSTEM_ID: &str = "usg_";

/// A file that cannot be read, or says something that it cannot.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", path.display(), place(*line, field))]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1; absent where it could not be read at all.
    pub line: Option<usize>,
    /// The field, such as `lines[0].amount`; empty where it is all of it.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

fn place(line: Option<usize>, field: &str) -> String {
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    if field.is_empty() { line } else { format!("{line}: {field}") }
}

/// What is verified of an invoice.
#[derive(Deserialize)]
pub struct ExportedInvoice {
    pub id: InvoiceId,
    pub subscription_id: SubscriptionId,
    pub status: InvoiceStatus,
    pub currency_code: Currency,
    pub lines: Vec<ExportedLine>,
    pub subtotal: Option<String>,
    #[serde(default)]
    pub tax_lines: Vec<Value>,
    pub tax_rounding: Option<TaxRounding>,
    pub total: String,
    pub amount_due: String,
}

/// What is verified of one of its lines.
#[derive(Deserialize)]
pub struct ExportedLine {
    pub id: String,
    pub description: String,
    pub item_price_id: ItemPriceId,
    pub period: BillingPeriod,
    pub quantity: Number,
    pub unit_amount: Option<Amount>,
    total_usage: Number,
    included_usage: Number,
    on_demand_usage: Number,
    steps: Vec<Step>,
    unrounded_amount: Number,
    amount: String,
    tax: Option<Taxed>,
    pub usage_count: Option<u64>,
    pub usage_digest: Option<String>,
    pub inputs: Option<ChargeInputs<'static>>,
    pub held_at_end: Option<Number>,
    /// The charge that the fields above make up.
    #[serde(skip)]
    pub charge: Option<Charge>,
}

/// A usage of the export, with where it says that it was billed.
pub struct ExportedUsage {
    /// Its line in the file, from 1.
    pub line: usize,
    /// As it is written.
    pub id: String,
    pub subscription_id: SubscriptionId,
    pub invoice_id: Option<InvoiceId>,
    pub line_item_id: Option<String>,
    pub record: UsageRecord,
}

#[derive(Deserialize)]
struct Fields {
    id: String,
    subscription_id: SubscriptionId,
    item_price_id: ItemPriceId,
    usage_date: Timestamp,
    quantity: Quantity,
    unique_value: Option<String>,
    amount: Option<Amount>,
    note: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    invoice_id: Option<InvoiceId>,
    line_item_id: Option<String>,
    updated_at: Timestamp,
}

/// Reads the invoice.
pub fn invoice(path: &Path) -> Result<ExportedInvoice, Unreadable> {
    let mut invoice: ExportedInvoice = parse(path, &text(path)?, None)?;
    let currency = invoice.currency_code;
    let unreadable = |field: String, problem: String| Unreadable { path: path.to_owned(), line: None, field, problem };
    let money = |field: String, text: &str| {
        Money::parse(text, currency).map(drop).map_err(|error| unreadable(field, error.to_string()))
    };
    money("total".to_owned(), &invoice.total)?;
    money("amount_due".to_owned(), &invoice.amount_due)?;
    for (index, line) in invoice.lines.iter_mut().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        let amount = Money::parse(&line.amount, currency);
        let amount = amount.map_err(|error| unreadable(field("amount"), error.to_string()))?;
        line.charge = Some(Charge {
            total: line.total_usage.clone(),
            included: line.included_usage.clone(),
            billable: line.on_demand_usage.clone(),
            steps: std::mem::take(&mut line.steps),
            unrounded: line.unrounded_amount.clone(),
            amount,
            tax: line.tax.take().map(Box::new),
        });
        if line.usage_count.is_some() != line.usage_digest.is_some() {
            let problem = "a line of usage has a count and a digest".to_owned();
            return Err(unreadable(field("usage_digest"), problem));
        }
    }
    Ok(invoice)
}

/// Reads the usages.
pub fn usages(path: &Path) -> Result<Vec<ExportedUsage>, Unreadable> {
    let text = text(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| usage(path, line, index.saturating_add(1))).collect()
}

fn usage(path: &Path, text: &str, line: usize) -> Result<ExportedUsage, Unreadable> {
    let fields: Fields = parse(path, text, Some(line))?;
    let own: Option<UsageId> = match fields.id.starts_with(SYSTEM_ID) {
        true => None,
        false => Some(parse_part(path, line, "id", json!(fields.id))?),
    };
    let content = Content {
        quantity: fields.quantity,
        unique_value: fields.unique_value,
        amount: fields.amount,
        note: fields.note,
        from: fields.from,
        to: fields.to,
        source: Source::Api,
    };
    let key = RecordKey { date: fields.usage_date, id: own };
    let record = UsageRecord { item_price_id: fields.item_price_id, key, content, updated_at: fields.updated_at };
    Ok(ExportedUsage {
        line,
        id: fields.id,
        subscription_id: fields.subscription_id,
        invoice_id: fields.invoice_id,
        line_item_id: fields.line_item_id,
        record,
    })
}

fn text(path: &Path) -> Result<String, Unreadable> {
    fs::read_to_string(path).map_err(|error| Unreadable {
        path: path.to_owned(),
        line: None,
        field: String::new(),
        problem: error.to_string(),
    })
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str, line: Option<usize>) -> Result<T, Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let line = line.or(Some(error.inner().line()));
        let field = if field == "." { String::new() } else { field };
        Unreadable { path: path.to_owned(), line, field, problem: problem(error.inner()) }
    })?;
    reader.end().map_err(|error| Unreadable {
        path: path.to_owned(),
        line: line.or(Some(error.line())),
        field: String::new(),
        problem: problem(&error),
    })?;
    Ok(value)
}

/// What is wrong, without the place: in a file of lines that is another one.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text).to_owned()
}

fn parse_part<T: DeserializeOwned>(path: &Path, line: usize, field: &str, value: Value) -> Result<T, Unreadable> {
    serde_json::from_value(value).map_err(|error| Unreadable {
        path: path.to_owned(),
        line: Some(line),
        field: field.to_owned(),
        problem: error.to_string(),
    })
}
