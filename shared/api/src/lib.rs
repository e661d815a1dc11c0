//! The HTTP edge: from an API Gateway event to a typed call, and from an answer or a problem back to a response.
//!
//! **Owns** routes, authentication by API key, limits of what comes in, JSON in and out, problems (RFC 9457), and the
//! shapes that more than one function answers with.
//!
//! **Does not own** what a call does (the functions), where anything is kept (`store`), or any decision (`billing`).
//!
//! # Layout
//!
//! * [`edge`]: routes, and the way of a request through its checks
//! * [`call`]: what a handler gets
//! * [`media_type`], [`json`], [`query`], [`number_text`]: reading bodies, query strings, and numbers by their text
//! * [`canonical`], [`creation`]: telling whether a creation repeats another one
//! * [`problem`], [`response`]: answering
//! * [`openapi`]: how a function describes its routes
//! * [`usage_id`], [`usage_json`], [`usage_place`]: a usage on the wire
//! * [`log`], [`metrics`]: what an invocation says to whoever operates it
//! * [`api_key`], [`digest`], [`clock`], [`environment`]: what a handler needs that is no input:
//!   digests, the time, what is deployed around it
//!
//! # Invariants
//!
//! * Nothing panics on any input, and every refusal is a problem that names what was wrong.
//! * Quantities and dates are read from the text of a JSON number, never through floating point.
//! * A caller without a valid key learns nothing but that.
#![warn(missing_docs)]

pub mod api_key;
pub mod call;
pub mod canonical;
pub mod clock;
pub mod creation;
pub mod digest;
pub mod edge;
pub mod environment;
pub mod json;
pub mod log;
pub mod media_type;
pub mod metrics;
pub mod number_text;
pub mod openapi;
pub mod optional;
pub mod problem;
pub mod query;
pub mod response;
pub mod usage_id;
pub mod usage_json;
pub mod usage_place;

pub use api_key::key_sha256;
pub use call::Call;
pub use digest::request_digest;
pub use edge::{Access, Edge, serve};
pub use environment::variable;
pub use json::{parse_json, parse_json_lazily};
pub use media_type::MediaType;
pub use number_text::NumberText;
pub use problem::{Kind, Problem, fault};
pub use query::Query;
pub use response::{json_response, list_response, no_content};
