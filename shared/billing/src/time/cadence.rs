//! The rule by which billing periods follow each other.

use chrono::{Datelike, Months, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::error::TimeError;
use super::period::BillingPeriod;
use super::text::{local_text, parse_local_text};
use super::timestamp::Timestamp;
use super::zone::Zone;

const MAX_EVERY: u32 = 1000;
const DAY_MILLIS: i64 = 86_400_000;

/// The calendar unit that a cadence counts in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CadenceUnit {
    /// Calendar days: 23 to 25 hours where the clocks change.
    Day,
    /// Seven calendar days.
    Week,
    /// Calendar months; a day that a month lacks becomes its last.
    Month,
    /// Twelve calendar months; 29 February becomes 28 February in common years.
    Year,
}

impl CadenceUnit {
    /// Says whether periods of the unit are whole months.
    pub fn is_in_months(self) -> bool {
        matches!(self, CadenceUnit::Month | CadenceUnit::Year)
    }
}

/// The rule of a subscription's periods: every n days, weeks, months or years from an anchor, in a time zone.
///
/// Boundary n is always computed from the anchor, never from boundary n - 1, so that a 31st comes back after
/// February: 31 January, 28 February, 31 March. The rule extends without end to both sides of the anchor.
#[doc(alias = "billing cycle")]
#[doc(alias = "billing term")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct BillingCadence {
    every: u32,
    unit: CadenceUnit,
    /// What the zone's clocks show at boundary 0.
    anchor: NaiveDateTime,
    zone: Zone,
}

impl BillingCadence {
    /// Returns the cadence whose boundary 0 is what the zone's clocks show at `anchor`.
    ///
    /// An anchor in the second pass of an hour that the clocks show twice yields the earlier instant as boundary 0.
    ///
    /// ```
    /// use billing::time::{BillingCadence, CadenceUnit};
    /// use billing::time::Zone;
    ///
    /// let monthly = BillingCadence::new(1, CadenceUnit::Month, "2026-01-31T00:00:00Z".parse()?, Zone::UTC)?;
    /// assert_eq!(monthly.boundary(1)?.to_string(), "2026-02-28T00:00:00Z");
    /// assert_eq!(monthly.boundary(2)?.to_string(), "2026-03-31T00:00:00Z");
    /// let (number, period) = monthly.period_at("2026-03-01T00:00:00Z".parse()?)?;
    /// assert_eq!((number, period), (1, monthly.period(1)?));
    /// # Ok::<(), billing::time::TimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimeError::EveryOutOfRange`] unless `every` is 1 to 1000; [`TimeError::OutOfRange`] where boundary 0 would lie
    /// before [`Timestamp::MIN`].
    pub fn new(every: u32, unit: CadenceUnit, anchor: Timestamp, zone: Zone) -> Result<Self, TimeError> {
        Self::from_local(every, unit, zone.to_local(anchor), zone)
    }

    fn from_local(every: u32, unit: CadenceUnit, anchor: NaiveDateTime, zone: Zone) -> Result<Self, TimeError> {
        if !(1..=MAX_EVERY).contains(&every) {
            return Err(TimeError::EveryOutOfRange);
        }
        zone.boundary(anchor)?;
        Ok(BillingCadence { every, unit, anchor, zone })
    }

    /// Returns how many units a period lasts, 1 to 1000.
    pub fn every(&self) -> u32 {
        self.every
    }

    /// Returns the unit that the cadence counts in.
    pub fn unit(&self) -> CadenceUnit {
        self.unit
    }

    /// Returns the time zone of the boundaries.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Returns the cadence of single months with the same anchor, and how many of them one period has; `None` where
    /// periods are not whole months.
    pub fn monthly(&self) -> Option<(BillingCadence, i64)> {
        match self.unit.step() {
            Step::Months(months) => {
                let monthly = BillingCadence { every: 1, unit: CadenceUnit::Month, ..*self };
                Some((monthly, i64::from(self.every).saturating_mul(months)))
            }
            Step::Days(_) => None,
        }
    }

    /// Returns the start of period `n`, which is the end of period `n - 1`.
    ///
    /// Where the zone's clocks show the boundary twice it is the earlier instant; where they skip it, the first
    /// instant after the gap.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn boundary(&self, n: i64) -> Result<Timestamp, TimeError> {
        self.zone.boundary(self.local_boundary(n).ok_or(TimeError::OutOfRange)?)
    }

    /// Returns period `n`, from boundary `n` to boundary `n + 1`; period 0 starts at the anchor.
    ///
    /// It is empty where the zone skipped all of it.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] where either boundary lies outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn period(&self, n: i64) -> Result<BillingPeriod, TimeError> {
        let next = n.checked_add(1).ok_or(TimeError::OutOfRange)?;
        BillingPeriod::new(self.boundary(n)?, self.boundary(next)?)
    }

    /// Returns the period that contains the instant, with its number; it is never empty.
    ///
    /// A period that reaches beyond the range of [`Timestamp`] is cut off at [`Timestamp::MIN`] or [`Timestamp::MAX`],
    /// so that every instant has one. `MAX` itself, which no half-open period can contain, gets the period of the
    /// millisecond before it.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] is in the signature for the checked arithmetic; no valid cadence and instant yield it.
    pub fn period_at(&self, instant: Timestamp) -> Result<(i64, BillingPeriod), TimeError> {
        let instant = instant.min(Timestamp::MAX.plus_millis(-1));
        // Clocks, short months and skipped days put the guess off by one or two, never more.
        let mut n = self.guess(instant).ok_or(TimeError::OutOfRange)?;
        let mut start = self.clipped_boundary(n);
        while start > instant {
            n = n.checked_sub(1).ok_or(TimeError::OutOfRange)?;
            start = self.clipped_boundary(n);
        }
        loop {
            let next = n.checked_add(1).ok_or(TimeError::OutOfRange)?;
            let end = self.clipped_boundary(next);
            if end > instant {
                return Ok((n, BillingPeriod::new(start, end)?));
            }
            (n, start) = (next, end);
        }
    }

    /// Returns the boundary, or the end of the range of [`Timestamp`] beyond which it lies.
    fn clipped_boundary(&self, n: i64) -> Timestamp {
        // The anchor is in range, so what is out of range lies on the side that n points to.
        self.boundary(n).unwrap_or(if n < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }

    fn local_boundary(&self, n: i64) -> Option<NaiveDateTime> {
        let count = n.checked_mul(i64::from(self.every))?;
        match self.unit.step() {
            Step::Days(days) => self.anchor.checked_add_signed(TimeDelta::try_days(count.checked_mul(days)?)?),
            Step::Months(months) => {
                let months = count.checked_mul(months)?;
                let distance = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
                if months < 0 {
                    self.anchor.checked_sub_months(distance)
                } else {
                    self.anchor.checked_add_months(distance)
                }
            }
        }
    }

    /// Returns the number of the period that contains the instant, or of a neighbour.
    fn guess(&self, instant: Timestamp) -> Option<i64> {
        let local = self.zone.to_local(instant);
        let every = i64::from(self.every);
        match self.unit.step() {
            Step::Days(days) => {
                let period_millis = every.checked_mul(days)?.checked_mul(DAY_MILLIS)?;
                local.signed_duration_since(self.anchor).num_milliseconds().checked_div_euclid(period_millis)
            }
            Step::Months(months) => {
                let distance = month_number(local)?.checked_sub(month_number(self.anchor)?)?;
                distance.checked_div_euclid(every.checked_mul(months)?)
            }
        }
    }
}

/// A unit in terms of the two that calendar arithmetic knows.
enum Step {
    Days(i64),
    Months(i64),
}

impl CadenceUnit {
    fn step(self) -> Step {
        match self {
            CadenceUnit::Day => Step::Days(1),
            CadenceUnit::Week => Step::Days(7),
            CadenceUnit::Month => Step::Months(1),
            CadenceUnit::Year => Step::Months(12),
        }
    }
}

fn month_number(local: NaiveDateTime) -> Option<i64> {
    i64::from(local.year()).checked_mul(12)?.checked_add(i64::from(local.month0()))
}

impl PartialSchema for BillingCadence {
    fn schema() -> RefOr<Schema> {
        Fields::schema()
    }
}

impl ToSchema for BillingCadence {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Fields::schemas(schemas);
    }
}

/// The stored form, and the one on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
struct Fields {
    /// How many units a period lasts, 1 to 1,000.
    every: u32,
    /// The unit.
    unit: CadenceUnit,
    /// What the zone's clocks show at the start of period 0, or at the last boundary that was moved.
    anchor: String,
    /// The zone of the boundaries.
    time_zone: Zone,
}

impl From<BillingCadence> for Fields {
    fn from(cadence: BillingCadence) -> Fields {
        Fields { every: cadence.every, unit: cadence.unit, anchor: local_text(cadence.anchor), time_zone: cadence.zone }
    }
}

impl TryFrom<Fields> for BillingCadence {
    type Error = TimeError;

    fn try_from(fields: Fields) -> Result<BillingCadence, TimeError> {
        let anchor = parse_local_text(&fields.anchor)?;
        BillingCadence::from_local(fields.every, fields.unit, anchor, fields.time_zone)
    }
}

#[cfg(test)]
mod tests;
