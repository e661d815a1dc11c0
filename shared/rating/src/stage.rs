//! What happens to a quantity before it is priced, and to an amount afterwards: one stage, one file.
//!
//! The order is written down at `rate_usage`, and nowhere else decided.

mod already_billed;
mod billable;
mod cap;
mod discount;
mod included;
mod limits;
mod prorate;
mod round_units;
mod tax;
mod trail;

pub use already_billed::AlreadyBilled;
pub use cap::{CapOutcome, CappedAmount};
pub use discount::{Discount, Discounts, MOST_DISCOUNTS};
pub use tax::{MOST_TAX_RATES, Tax, TaxLine, TaxRate, TaxRounding, Taxable, Taxed, tax_invoice};

pub(crate) use already_billed::price_between;
pub(crate) use billable::Billable;
pub(crate) use cap::cap;
pub(crate) use discount::discount;
pub(crate) use included::subtract_included;
pub(crate) use limits::limit;
pub(crate) use prorate::prorate;
pub(crate) use round_units::round_units;
pub(crate) use tax::tax_line;
pub(crate) use trail::Trail;
