//! closing.
