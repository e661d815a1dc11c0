//! The nouns of usage-based billing, its time, and its decisions.
//!
//! **Owns** customers, items and their versioned prices, subscriptions with their histories, usage records, usage
//! charges, invoices, billing cadences and periods, and what closing a period means: which invoice follows from which
//! boundary, which usage is billable, when something is due.
//!
//! **Does not own** how an amount follows from a quantity (`rating`), where anything is kept (`store`), how it looks
//! on the wire (`api`), or what time it is: `now` is always an argument.
//!
//! # Layout
//!
//! * [`timestamp`], [`zone`], [`cadence`], [`period`]: instants, local time, billing periods from an anchor
//! * [`cadence_history`]: the periods of a subscription, with the boundaries that were moved
//! * [`id`]: one type per kind of id
//! * [`site`]: a site, its settings and its clock; API keys and scopes
//! * [`catalog`]: customers, features, items, item prices
//! * [`subscription`]: the standing agreement with its status, item and cadence histories
//! * [`usage`]: usage records, their keys and contents
//! * [`record_rules`]: what an item price asks of each usage record
//! * [`usage_rules`]: what becomes of late usage, and how much usage there may be
//! * [`usage_charge`]: what the usage of one item price costs over one period
//! * [`usage_digest`]: the digest that names the records of a line
//! * [`proration`]: for which part of a period an item was on its subscription
//! * [`held`]: what is held by `weighted_sum`, over which time and beyond it
//! * [`invoice`]: invoices, their lines, payment terms
//! * [`invoice_meter`]: the lines, computed while the usage is read
//! * [`closing`]: the decisions of generating and closing, as data
//! * `schema`: how ids, times and terms look in the API's description
//!
//! # Invariants
//!
//! * No I/O, no clock, no environment, no floating point.
//! * Period n is computed from the anchor, or the last boundary that was moved, never from period n - 1, so no gap and no
//!   drift can creep in.
//! * An invoice's total is the sum of its rounded lines and of the taxes that they do not contain; a line is rounded once.
#![warn(missing_docs)]
#![warn(clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod cadence;
pub mod cadence_history;
pub mod catalog;
pub mod closing;
pub mod error;
pub mod held;
pub mod id;
pub mod invoice;
pub mod invoice_meter;
pub mod period;
pub mod proration;
pub mod record_rules;
mod schema;
pub mod site;
pub mod subscription;
pub mod timestamp;
pub mod usage;
pub mod usage_charge;
pub mod usage_digest;
pub mod usage_rules;
pub mod zone;
