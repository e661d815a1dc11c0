//! close-periods.
