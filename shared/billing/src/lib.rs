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
//! * [`time`]: instants, local time, billing cadences and periods
//! * [`id`]: one type per kind of id
//! * [`site`]: a site, its settings and its clock; API keys and scopes
//! * [`usage`]: usage records, their keys and contents, their digest, late usage and usage limits
//! * [`catalog`]: customers, features, items, item prices, and which options of a price go together
//! * [`subscription`]: the standing agreement with its histories, and the rules of starting, changing and ending it
//! * [`invoice`]: invoices, their lines and states, generating them at a boundary, usage charges
//! * [`refusal`]: why something cannot be done as asked
//! * [`field`]: rules for single fields that callers write
//!
//! # Invariants
//!
//! * No I/O, no clock, no environment, no floating point.
//! * Period n is computed from the anchor, or the last boundary that was moved, never from period n - 1, so no gap and no
//!   drift can creep in.
//! * An invoice's total is the sum of its rounded lines and of the taxes that they do not contain; a line is rounded once.
#![warn(missing_docs)]
#![warn(clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod catalog;
pub mod error;
pub mod field;
#[cfg(test)]
mod fixtures;
pub mod id;
pub mod invoice;
pub mod refusal;
pub mod site;
pub mod subscription;
pub mod time;
pub mod usage;
