//! Invoices: what a boundary bills, how its lines are computed, and what they look like once they are frozen.

mod billed_on;
mod document;
mod generate;
mod meter;
mod owner;
mod source;
mod status;
mod stored;
mod usage_charge;

pub use billed_on::{BilledOn, due_on};
pub use document::{Closing, Invoice, InvoiceItem, InvoiceTax, LineItem, Rated};
pub use generate::{Generated, due_boundary, generate, retry_after_millis};
pub use meter::{InvoiceMeter, Terms};
pub use owner::InvoiceOwner;
pub use source::LineSource;
pub use status::{InvoiceStatus, Standing};
pub use usage_charge::{RatedUsage, UsageMeter, inputs_in_period, is_billable};
