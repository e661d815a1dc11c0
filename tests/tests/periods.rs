//! periods.
