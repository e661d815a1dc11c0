//! A usage record, as aggregation and prices read it.

use crate::amount::Amount;
use crate::quantity::Quantity;

/// What rating needs to know of a usage record.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    /// When it was used, in milliseconds since 1970 in UTC.
    pub date_ms: i64,
    /// What tells it from others at the same instant.
    pub id: Option<&'a str>,
    /// How much was used; below zero only where quantities are held.
    pub quantity: Quantity,
    /// What is counted once by `unique_count`, such as a user.
    pub unique_value: Option<&'a str>,
    /// What it costs, where its price is `dynamic`; not negative.
    pub amount: Option<Amount>,
}

impl<'a> Measurement<'a> {
    /// Returns a record with a quantity alone.
    pub fn new(date_ms: i64, id: Option<&'a str>, quantity: Quantity) -> Measurement<'a> {
        Measurement { date_ms, id, quantity, unique_value: None, amount: None }
    }
}
