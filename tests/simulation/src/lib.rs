//! The system under a seed: the real handlers and the real SDK over the embedded engine, with everything that may go
//! wrong, and a reference that knows what every answer has to be.
//!
//! Owns: histories, what people do in them, what a call may meet, the reference, and what must hold.
//!
//! Does not own: what DynamoDB decides (the embedded engine does), nor any rule of billing.
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
