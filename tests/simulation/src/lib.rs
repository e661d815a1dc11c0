//! The system under a seed: the real handlers and the real SDK over the embedded engine, with everything that may go
//! wrong, and a reference that knows what every answer has to be.
//!
//! Owns: histories, what people do in them, what a call may meet, the reference, and what must hold.
//!
//! Does not own: what DynamoDB decides (the embedded engine does), nor any rule of billing.
//!
//! # What happens in it
//!
//! Every call of the SDK waits at its HTTP connector. Once everybody waits, the seed picks the call that goes on, and what
//! it meets: it fails before or after it is applied, is applied later or twice, is throttled, meets a conflict, or its
//! invocation ends there. A read may show the past, and a transaction become visible item by item. Several callers send
//! usage, delete and correct it, read, close, move the clock, run the schedule and the worker, each through any of three
//! environments that remember what they saw. Then everything due is done without faults, and everything is checked.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `seed`, `fault` | what decides; what goes wrong |
//! | `call`, `connector`, `schedule` | the SDK's calls, where they wait, and who goes next |
//! | `past`, `cloud` | what the table was at each moment, and what a call sees of it |
//! | `world`, `prelude` | the sites, and how far their first period has come |
//! | `client`, `deeds`, `reads`, `script` | what people do |
//! | `book` | the reference: a row a usage, and an order of deeds that gives every answer |
//! | `audit`, `bill` | what must hold afterwards |
//! | `history`, `run`, `sweep` | one history; many; every single fault at every call of a script |
//! | `weakness` | ways of breaking the product, to see that they are noticed |
//!
//! `cargo test -p simulation` tries a set that fits into two minutes; `cargo simulate --help` tells the rest.
#![warn(missing_docs)]

pub mod audit;
pub mod bill;
pub mod book;
pub mod call;
pub mod client;
pub mod cloud;
pub mod connector;
pub mod deeds;
pub mod fault;
pub mod history;
pub mod past;
pub mod prelude;
pub mod reads;
pub mod run;
pub mod schedule;
pub mod script;
pub mod seed;
pub mod sweep;
pub mod weakness;
pub mod world;
