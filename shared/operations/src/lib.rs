//! The use cases: what is done when somebody records usage, asks what it costs, changes a subscription, or a period ends.
//!
//! **Owns** the order of loading, deciding and committing, and the outcome or refusal that a caller gets, in billing's words.
//!
//! **Does not own** the decisions (`billing`), keys and expressions (`store`), routes, JSON or statuses (`api` and the
//! functions): native functions, dialects and workers call the same operations.
//!
//! An operation takes the store, the site, the time and a command. It returns an outcome, or one
//! [`Refusal`](billing::refusal::Refusal) with its kind, the field to blame and the reason. Only what closes periods returns
//! an [`Error`], since its callers try again or list what is stuck.
//!
//! # Layout
//!
//! * [`usage`]: recording and deleting usage
//! * [`recorded_usage`]: reading and listing usage, with where it was billed
//! * [`usage_charges`]: what usage costs so far, and what it would cost
//! * [`catalogue`], [`sites`], [`api_keys`]: what is sold to whom, and who may call
//! * [`subscriptions`]: creating and changing subscriptions
//! * [`invoices`]: generating, rating, closing and reading invoices
//! * [`due`]: what is due, and what keeps failing
//! * `document`: creating and changing documents
//! * `name`: random names
#![warn(missing_docs)]

pub mod api_keys;
pub mod catalogue;
mod document;
pub mod due;
mod error;
pub mod invoices;
mod name;
pub mod recorded_usage;
pub mod sites;
pub mod subscriptions;
pub mod usage;
pub mod usage_charges;

pub use document::{Created, Creation};
pub use error::Error;
