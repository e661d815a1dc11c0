//! The period over which quantities are held.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::number::Number;
use crate::price_error::PriceError;

/// The period over which quantities are held, and what was held when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Where the period begins, inclusive, in milliseconds since 1970 in UTC.
    pub start_ms: i64,
    /// Where it ends, exclusive.
    pub end_ms: i64,
    /// What was held when it began; 0 if not said.
    #[serde(default)]
    pub carried_over: Number,
    /// What the held time is divided by, in milliseconds, where that is not the time from start to end: a period that was
    /// cut short counts for its part only, and one that was stretched for more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_ms: Option<i64>,
    /// When all that was held until then is let go, from start to end, in milliseconds since 1970 in UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub let_go_ms: Vec<i64>,
}

impl Window {
    /// Returns the time from start to end, in which nothing is let go.
    pub fn new(start_ms: i64, end_ms: i64, carried_over: Number) -> Window {
        Window { start_ms, end_ms, carried_over, over_ms: None, let_go_ms: Vec::new() }
    }

    /// Checks that there is time between start and end, that it is divided by some, and that all is let go within it.
    ///
    /// # Errors
    /// `EmptyWindow`, `NoTime`, `LetGoOutsideWindow`.
    pub fn check(&self) -> Result<(), PriceError> {
        if self.start_ms >= self.end_ms {
            return Err(PriceError::EmptyWindow);
        }
        if self.over_ms.is_some_and(|over_ms| over_ms <= 0) {
            return Err(PriceError::NoTime);
        }
        match self.let_go_ms.iter().find(|instant_ms| !self.contains(**instant_ms)) {
            Some(&instant_ms) => Err(PriceError::LetGoOutsideWindow { instant_ms }),
            None => Ok(()),
        }
    }

    fn contains(&self, instant_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&instant_ms)
    }
}
