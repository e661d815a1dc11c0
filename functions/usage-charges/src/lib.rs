//! usage-charges.
