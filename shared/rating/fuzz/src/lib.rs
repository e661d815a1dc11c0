//! What the fuzz targets of rating are held against.
//!
//! Owns: a reader of decimals, an oracle of charges, and a grammar of inputs, all of them written without anything of
//! rating's: with big fractions, one stage after the other, and no thought of speed.
//!
//! Does not own: what rating says about a charge in words, and the wording of its errors.
//!
//! | file | holds |
//! |---|---|
//! | `decimal` | numbers as texts, read digit by digit |
//! | `grammar` | bytes to prices, inputs and records that rating accepts |
//! | `models` | what a quantity costs by a price |
//! | `oracle` | what a charge amounts to |

pub mod decimal;
pub mod grammar;
pub mod models;
pub mod oracle;
