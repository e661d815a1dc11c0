//! The whole system in one process, for development and tests.
//!
//! **Owns** the embedded DynamoDB and SQS behind the AWS SDK's HTTP client, what API Gateway, the Scheduler and the SQS
//! event source do with the functions, the demo, importing a file, exporting and verifying an invoice, and the program
//! `local`.
//!
//! **Does not own** any rule of billing, nor the routes, schedules, queues and keys: those are the template's.
//!
//! # Layout
//!
//! * [`engine`]: DynamoDB and SQS in process, faults, consumed capacity, what each function may do
//! * [`template`]: what `template.yaml` says of functions, their policies, routes, schedules, queues and the table
//! * [`gateway`], [`server`]: HTTP requests as API Gateway events; the socket
//! * [`queue_pump`]: messages as SQS events, partial batch failures, dead letters
//! * [`functions`]: the wiring of the handlers
//! * [`system`], [`clock`]: all of it together, at a real or a fixed time
//! * [`endpoints`]: only the two AWS endpoints, on sockets
//! * [`import`]: a file of usages to the HTTP API of any deployment
//! * [`export`], [`verify`]: a closed invoice with its usages as files, and computed again from them
//! * [`demo`]: a site that lives through a month
//! * [`openapi`]: the document over the descriptions of all functions
#![warn(missing_docs)]

mod chain;
pub mod clock;
mod connection;
pub mod demo;
pub mod endpoints;
pub mod engine;
pub mod error;
pub mod export;
pub mod functions;
pub mod gateway;
pub mod import;
pub mod openapi;
pub mod queue_pump;
pub mod server;
pub mod system;
pub mod template;
pub mod verify;

pub use engine::{Call, CapacityMeter, Engine, Interceptor, Service, Verdict};
pub use error::Error;
pub use queue_pump::Pumped;
pub use system::System;
