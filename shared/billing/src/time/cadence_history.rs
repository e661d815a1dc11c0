//! The periods of a subscription over its life: the cadence that it started with, and each boundary that was moved.
//!
//! A monthly subscription from 1 January has boundary 1 on 1 February. Moved to 20 January, period 0 is [1 January,
//! 20 January), period 1 begins there, and boundaries follow each month on the 20th, until one is moved again. Only the end of
//! the newest period is ever moved, so that numbers and periods that lie behind stay as they are.
//!
//! The property tests are `periods_tile_whatever_was_moved` and `what_lies_behind_a_move_stays`.

use serde::{Deserialize, Serialize};

use super::cadence::{BillingCadence, CadenceUnit};
use super::error::TimeError;
use super::period::BillingPeriod;
use super::timestamp::Timestamp;
use super::zone::Zone;

/// The rule of a subscription's periods, with the boundaries that were moved: each begins a cadence of its own.
///
/// It extends without end to both sides. A history in which nothing was moved is stored as its cadence.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct CadenceHistory {
    first: BillingCadence,
    moved: Vec<Moved>,
}

/// A boundary that is not where the cadence before it would have it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Moved {
    /// The number of the boundary, which is that of the period that begins there.
    number: i64,
    /// When it is: where clocks show the same time twice, the cadence would take the earlier instant.
    at: Timestamp,
    /// The boundaries behind it; boundary 0 is this one.
    cadence: BillingCadence,
}

impl CadenceHistory {
    /// Returns the cadence that period `number` follows, and the number of the boundary that is its boundary 0.
    pub fn cadence_of(&self, number: i64) -> (i64, BillingCadence) {
        self.moved_before(number).map_or((0, self.first), |moved| (moved.number, moved.cadence))
    }

    /// Returns the cadence that the newest periods follow.
    pub fn newest(&self) -> BillingCadence {
        self.moved.last().map_or(self.first, |moved| moved.cadence)
    }

    /// Returns the time zone of the boundaries.
    pub fn zone(&self) -> Zone {
        self.first.zone()
    }

    /// Returns how many boundaries were moved.
    pub fn moves(&self) -> usize {
        self.moved.len()
    }

    /// Returns the start of period `number`, which is the end of the one before it.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn boundary(&self, number: i64) -> Result<Timestamp, TimeError> {
        match self.moved_before(number) {
            Some(moved) if moved.number == number => Ok(moved.at),
            _ => self.unmoved(number, number),
        }
    }

    /// Returns period `number`; period 0 starts at the first cadence's anchor. It is empty where the zone skipped all of it.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] where either boundary lies outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn period(&self, number: i64) -> Result<BillingPeriod, TimeError> {
        BillingPeriod::new(self.boundary(number)?, self.boundary(next(number)?)?)
    }

    /// Returns period `number` with the end that it would have, had that not been moved.
    ///
    /// # Errors
    ///
    /// As [`CadenceHistory::period`].
    pub fn nominal_period(&self, number: i64) -> Result<BillingPeriod, TimeError> {
        BillingPeriod::new(self.boundary(number)?, self.unmoved(number, next(number)?)?)
    }

    /// Returns the period that contains the instant, with its number; it is never empty.
    ///
    /// A period that reaches beyond the range of [`Timestamp`] is cut off, as [`BillingCadence::period_at`] does.
    ///
    /// # Errors
    ///
    /// As [`BillingCadence::period_at`].
    pub fn period_at(&self, instant: Timestamp) -> Result<(i64, BillingPeriod), TimeError> {
        let later = self.moved.partition_point(|moved| moved.at <= instant);
        let begun = later.checked_sub(1).and_then(|index| self.moved.get(index));
        let (first, cadence) = begun.map_or((0, self.first), |moved| (moved.number, moved.cadence));
        let (distance, period) = cadence.period_at(instant)?;
        let number = first.checked_add(distance).ok_or(TimeError::OutOfRange)?;
        match self.moved.get(later) {
            // Also beyond the end that a stretched period would have.
            Some(moved) if next(number)? >= moved.number => {
                let last = moved.number.saturating_sub(1);
                Ok((last, BillingPeriod::new(self.boundary(last)?, moved.at)?))
            }
            _ => {
                let start = begun.map_or(period.start, |moved| period.start.max(moved.at));
                Ok((number, BillingPeriod::new(start, period.end)?))
            }
        }
    }

    /// Returns the history in which the newest period, `number`, ends at `end`, and the periods behind it follow each
    /// other from there, each of `every` times `unit`.
    ///
    /// A period that ends where it would without a move leaves nothing behind: 31 January, 28 February, 31 March, also
    /// where the end of February was elsewhere for a while.
    ///
    /// ```
    /// use billing::time::{BillingCadence, CadenceUnit};
    /// use billing::time::CadenceHistory;
    /// use billing::time::Zone;
    ///
    /// let monthly = BillingCadence::new(1, CadenceUnit::Month, "2026-01-01T00:00:00Z".parse()?, Zone::UTC)?;
    /// let history = CadenceHistory::from(monthly);
    /// let moved = history.ending(0, "2026-01-20T00:00:00Z".parse()?, 1, CadenceUnit::Month)?;
    /// assert_eq!(moved.boundary(1)?.to_string(), "2026-01-20T00:00:00Z");
    /// assert_eq!(moved.boundary(2)?.to_string(), "2026-02-20T00:00:00Z");
    /// assert_eq!(moved.ending(0, "2026-02-01T00:00:00Z".parse()?, 1, CadenceUnit::Month)?, history);
    /// # Ok::<(), billing::time::TimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimeError::EndBeforeStart`] unless the end lies after the period's start, [`TimeError::EveryOutOfRange`] unless
    /// `every` is 1 to 1000, [`TimeError::OutOfRange`] where the next period leaves the range.
    pub fn ending(
        &self,
        number: u32,
        end: Timestamp,
        every: u32,
        unit: CadenceUnit,
    ) -> Result<CadenceHistory, TimeError> {
        let number = i64::from(number);
        let boundary = next(number)?;
        let mut history = self.clone();
        history.moved.retain(|moved| moved.number <= number);
        if end <= history.boundary(number)? {
            return Err(TimeError::EndBeforeStart);
        }
        let before = history.newest();
        let as_before = (before.every(), before.unit()) == (every, unit) && history.boundary(boundary) == Ok(end);
        if !as_before {
            let cadence = BillingCadence::new(every, unit, end, history.zone())?;
            history.moved.push(Moved { number: boundary, at: end, cadence });
        }
        history.period(boundary)?;
        Ok(history)
    }

    /// The last moved boundary that is not behind that one.
    fn moved_before(&self, number: i64) -> Option<&Moved> {
        self.moved.iter().rev().find(|moved| moved.number <= number)
    }

    /// Where the cadence that period `of` follows has the boundary.
    fn unmoved(&self, of: i64, boundary: i64) -> Result<Timestamp, TimeError> {
        let (first, cadence) = self.cadence_of(of);
        cadence.boundary(boundary.checked_sub(first).ok_or(TimeError::OutOfRange)?)
    }
}

fn next(number: i64) -> Result<i64, TimeError> {
    number.checked_add(1).ok_or(TimeError::OutOfRange)
}

impl From<BillingCadence> for CadenceHistory {
    fn from(first: BillingCadence) -> CadenceHistory {
        CadenceHistory { first, moved: Vec::new() }
    }
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Fields {
    #[serde(flatten)]
    first: BillingCadence,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    moved: Vec<MovedFields>,
}

#[derive(Serialize, Deserialize)]
struct MovedFields {
    number: u32,
    at: Timestamp,
    every: u32,
    unit: CadenceUnit,
}

impl From<CadenceHistory> for Fields {
    fn from(history: CadenceHistory) -> Fields {
        let fields = |moved: Moved| {
            let Moved { number, at, cadence } = moved;
            // A boundary is moved under the number of a period, which fits.
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            MovedFields { number, at, every: cadence.every(), unit: cadence.unit() }
        };
        Fields { first: history.first, moved: history.moved.into_iter().map(fields).collect() }
    }
}

impl TryFrom<Fields> for CadenceHistory {
    type Error = TimeError;

    fn try_from(fields: Fields) -> Result<CadenceHistory, TimeError> {
        let mut history = CadenceHistory::from(fields.first);
        for MovedFields { number, at, every, unit } in fields.moved {
            let (last, since) = match history.moved.last() {
                Some(moved) => (moved.number, moved.at),
                None => (0, history.boundary(0)?),
            };
            let number = i64::from(number);
            if number <= last || at <= since {
                return Err(TimeError::EndBeforeStart);
            }
            let cadence = BillingCadence::new(every, unit, at, history.zone())?;
            history.moved.push(Moved { number, at, cadence });
        }
        Ok(history)
    }
}

#[cfg(test)]
mod tests;
