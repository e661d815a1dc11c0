//! Half-open spans of time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::TimeError;
use super::timestamp::Timestamp;

/// A half-open span of time: `start` belongs to it, `end` does not.
///
/// It may be empty: where a zone skipped a whole day, so does a daily cadence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Fields")]
pub struct BillingPeriod {
    /// The first instant of the period.
    pub start: Timestamp,
    /// The first instant after the period.
    pub end: Timestamp,
}

impl BillingPeriod {
    /// Returns the period from `start`, included, to `end`, excluded.
    ///
    /// ```
    /// use billing::time::BillingPeriod;
    ///
    /// let january = BillingPeriod::new("2026-01-01T00:00:00Z".parse()?, "2026-02-01T00:00:00Z".parse()?)?;
    /// assert!(january.contains("2026-01-31T23:59:59.999Z".parse()?));
    /// assert!(!january.contains(january.end));
    /// # Ok::<(), billing::time::TimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimeError::EndBeforeStart`]; equal ones are an empty period.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<BillingPeriod, TimeError> {
        if start <= end { Ok(BillingPeriod { start, end }) } else { Err(TimeError::EndBeforeStart) }
    }

    /// Returns whether the instant lies within the period.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Returns whether no instant lies within the period.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

#[derive(Deserialize)]
struct Fields {
    start: Timestamp,
    end: Timestamp,
}

impl TryFrom<Fields> for BillingPeriod {
    type Error = TimeError;

    fn try_from(fields: Fields) -> Result<BillingPeriod, TimeError> {
        BillingPeriod::new(fields.start, fields.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::MIN.plus_millis(millis)
    }

    #[test]
    fn the_start_is_inside_and_the_end_is_not() {
        let period = BillingPeriod::new(at(10), at(20)).unwrap();
        for (millis, inside) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(period.contains(at(millis)), inside, "{millis}");
        }
        assert!(!period.is_empty());
    }

    #[test]
    fn a_period_may_be_empty_but_not_reversed() {
        let empty = BillingPeriod::new(at(10), at(10)).unwrap();
        assert!(empty.is_empty());
        assert!(!empty.contains(at(10)));
        assert_eq!(BillingPeriod::new(at(10), at(9)), Err(TimeError::EndBeforeStart));
    }

    #[test]
    fn json_has_a_start_and_an_end_in_order() {
        let json = r#"{"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z"}"#;
        let period: BillingPeriod = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&period).unwrap(), json);
        let reversed = r#"{"start":"2026-02-01T00:00:00Z","end":"2026-01-01T00:00:00Z"}"#;
        let refused = serde_json::from_str::<BillingPeriod>(reversed).unwrap_err();
        assert!(refused.to_string().contains("must not end before it starts"), "{refused}");
    }
}
