//! Turns a quantity and a price into a charge, exactly, and says how it came about.
//!
//! Owns: numbers that never round on the way, currencies and money, tiers, pricing models, aggregation of usage,
//! the one rounding at the end, and the digest over what was rated.
//!
//! Does not own: who is charged, dates and periods, catalogues, caps, invoices, storage, HTTP. It knows no clock and
//! no environment; the same inputs give the same bytes for ever.
//!
//! | file | holds |
//! |---|---|
//! | `decimal_text` | how a decimal is written at the door; the one parser |
//! | `quantity`, `amount` | what came through the door, with the digits as written |
//! | `percent` | a share in hundredths, with the digits as written |
//! | `number`, `number/*` | an exact rational: a scaled 128-bit integer while it fits, a fraction of big ones otherwise |
//! | `division` | the one operation of numbers that can fail |
//! | `error`, `price_error` | why there is no amount; why a price or another input is refused |
//! | `not_negative` | the check that most prices and inputs share |
//! | `currency`, `money` | ISO 4217; whole minor units, and the only rounding |
//! | `tier`, `tiers`, `ladder` | one tier as written, the checked tiers of a price, and the form that rating runs over |
//! | `aggregation`, `aggregation/*` | many records to one quantity |
//! | `price`, `price/*` | one pricing model, one file, one arm; `price/fields` reads them all |
//! | `proration`, `unit_rounding` | two inputs that the steps of a charge repeat |
//! | `stage`, `stage/*` | what happens before and after a price: one stage, one file |
//! | `inputs` | what a charge depends on, beside what was used |
//! | `rate` | the entry points, and the order of the stages |
//! | `meter` | the same for usage that comes a record at a time |
//! | `step`, `charge` | the explained result |
//! | `explain`, `explain/text` | a charge with its inputs, in words, and its verification |
//! | `warning` | what is legal in a price, but odd |
//! | `digest` | SHA-256 over canonical lines |
//! | [`schema`] | how the types look in the API's description |
//!
//! Beside the source: `tests/laws.rs` tries the laws of rating, `tests/vectors.rs` the examples that vendors publish,
//! `bash tests/fuzz.sh` (of the repository) the readers and rating itself against an oracle, and
//! `cargo bench -p rating --bench instructions` tells what each model costs.
//!
//! Invariants:
//!
//! - The unrounded amount is the exact sum of the steps' amounts; it is rounded once, to the currency's minor unit.
//! - The order in which usage arrived changes nothing.
//! - Every amount of a quantity is defined: bounds are inclusive and each lower bound is implied, so that no
//!   fractional quantity falls between two tiers. Where there is no answer there is an error, never a zero.

#![warn(missing_docs)]
#![warn(clippy::as_conversions, clippy::arithmetic_side_effects)]

mod aggregation;
mod amount;
mod charge;
mod currency;
mod decimal_text;
mod digest;
mod division;
mod error;
mod explain;
mod inputs;
mod ladder;
mod meter;
mod money;
mod not_negative;
mod number;
mod percent;
mod price;
mod price_error;
mod proration;
mod quantity;
mod rate;
pub mod schema;
mod serde_text;
mod stage;
mod step;
mod tier;
mod tiers;
mod unit_rounding;
mod warning;

pub use aggregation::{Aggregation, HeldAtEnd, Measurement, Total, Window, aggregate};
pub use amount::Amount;
pub use charge::Charge;
pub use currency::{Currency, CurrencyError};
pub use decimal_text::NumberError;
pub use digest::{LineDigest, digest_lines};
pub use error::RatingError;
pub use explain::{Difference, Explanation, verify};
pub use inputs::ChargeInputs;
pub use meter::Meter;
pub use money::{Money, Rounding};
pub use number::Number;
pub use percent::Percent;
pub use price::{
    Dynamic, FlatFee, GraduatedPercentage, Package, PerUnit, PercentTier, Percentage, PercentageTerms, Price,
    Stairstep, Tiered, Volume,
};
pub use price_error::PriceError;
pub use proration::{Proration, ProrationBasis};
pub use quantity::Quantity;
pub use rate::{rate_quantity, rate_usage};
pub use stage::{
    AlreadyBilled, CapOutcome, CappedAmount, Discount, Discounts, MOST_DISCOUNTS, MOST_TAX_RATES, Tax, TaxLine,
    TaxRate, TaxRounding, Taxable, Taxed, tax_invoice,
};
pub use step::Step;
pub use tier::{MOST_TIERS, Tier};
pub use tiers::Tiers;
pub use unit_rounding::{RoundUnits, UnitRounding};
pub use warning::Warning;
