//! issue-invoice.
