//! record-usage.
