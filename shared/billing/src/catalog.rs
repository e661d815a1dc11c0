//! What is sold and to whom: customers, features, items and their versioned prices.

mod charge_inputs;
mod customer;
mod feature;
mod item;
mod item_price;
mod payment_terms;
pub mod price_options;
pub mod price_rules;
mod record_rules;
pub mod tax;

pub use charge_inputs::{OwnTerms, charge_inputs};
pub use customer::Customer;
pub use feature::Feature;
pub use item::{Item, ItemType};
pub use item_price::{Billed, ItemPrice, PeriodLength};
pub use payment_terms::PaymentTerms;
pub use record_rules::{RecordRules, Unsuitable};
