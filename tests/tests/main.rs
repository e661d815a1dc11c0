//! Scenarios through the real handlers, the real SDK and the embedded engines, in process.
// The SDK's futures nest deeply.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod amounts;
mod catalogue;
mod closing;
mod costs;
mod csv;
mod demo;
mod description;
mod faults;
mod harness;
mod held;
mod hostile;
mod import;
mod imports;
mod keys;
mod large;
mod layout;
mod lifecycle;
mod meanwhile;
mod memory;
mod moved_periods;
mod observed;
mod pages;
mod periods;
mod policies;
mod preview;
mod price_options;
mod pricing;
mod queue;
mod races;
mod readme;
mod recording;
mod ticks;
mod usage_fields;
mod usage_rules;
mod verify;
