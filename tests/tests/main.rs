//! Scenarios through the real handlers, the real SDK and the embedded engines, in process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closing;
mod demo;
mod harness;
mod layout;
mod pages;
mod periods;
mod races;
mod readme;
mod recording;
mod amounts;
mod catalogue;
mod lifecycle;
mod queue;
