//! The part of a period that is charged for.
//!
//! 10 for 22 of 31 days are 220/31, which is rounded only with the line: 7.10. The denominator is never guessed. It
//! is the calendar's seconds, the calendar's days, or months of 30 days, as the price says; counting them is up to the
//! caller, who knows the time zone. Elsewhere: partial period, pro rata, daily proration.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::RatingError;
use crate::number::Number;
use crate::price_error::PriceError;

/// What the part and the whole are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProrationBasis {
    /// The seconds that the calendar gives the period.
    CalendarSeconds,
    /// The days that the calendar gives the period.
    CalendarDays,
    /// Days, of which every month has 30.
    ThirtyDayMonths,
}

/// The part of a period that is charged for, as an exact fraction; in JSON
/// `{"basis":"calendar_days","used":22,"period":31}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Fields")]
pub struct Proration {
    pub(crate) basis: ProrationBasis,
    pub(crate) used: u64,
    pub(crate) period: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    basis: ProrationBasis,
    used: u64,
    period: u64,
}

impl Proration {
    /// Returns `used` of `period` seconds or days.
    ///
    /// # Errors
    /// `NotPartOfPeriod`; `NotThirtyDayMonths`.
    pub fn new(basis: ProrationBasis, used: u64, period: u64) -> Result<Proration, PriceError> {
        if period == 0 || used > period {
            return Err(PriceError::NotPartOfPeriod);
        }
        if basis == ProrationBasis::ThirtyDayMonths && !period.is_multiple_of(30) {
            return Err(PriceError::NotThirtyDayMonths { period });
        }
        Ok(Proration { basis, used, period })
    }

    /// Returns the exact part of an amount.
    ///
    /// # Errors
    /// None: the period is not zero.
    ///
    /// # Examples
    /// ```
    /// use rating::{Proration, ProrationBasis};
    ///
    /// let part = Proration::new(ProrationBasis::CalendarDays, 22, 31)?;
    /// assert_eq!(part.of(&10.into())?.to_text(), "220/31");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(&self, amount: &Number) -> Result<Number, RatingError> {
        if self.used == self.period {
            return Ok(amount.clone());
        }
        amount.multiply(&self.used.into()).divide(&self.period.into())
    }
}

impl TryFrom<Fields> for Proration {
    type Error = PriceError;

    fn try_from(fields: Fields) -> Result<Self, PriceError> {
        Proration::new(fields.basis, fields.used, fields.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_an_exact_fraction() {
        use ProrationBasis::{CalendarDays, CalendarSeconds, ThirtyDayMonths};
        for (basis, used, period, amount, part) in [
            (CalendarDays, 0, 31, "10", "0"),
            (CalendarDays, 22, 31, "10", "220/31"),
            (CalendarDays, 31, 31, "10", "10"),
            (ThirtyDayMonths, 22, 30, "10", "22/3"),
            (ThirtyDayMonths, 45, 90, "10", "5"),
            (CalendarSeconds, 1, 2_678_400, "2678400", "1"),
            (CalendarSeconds, 1, 3, "0.000000000001", "1/3000000000000"),
            (CalendarDays, 31, 365, "1200", "7440/73"),
            (CalendarSeconds, u64::MAX - 1, u64::MAX, "0", "0"),
            (CalendarDays, 7, 30, "999999999999999.999999999999", "6999999999999999999999999993/30000000000000"),
        ] {
            let proration = Proration::new(basis, used, period).unwrap();
            let part: Number = part.parse().unwrap();
            assert_eq!(proration.of(&amount.parse().unwrap()).unwrap(), part, "{used}/{period}");
        }
        let third = |used| Proration::new(CalendarDays, used, 3).unwrap().of(&100.into()).unwrap();
        assert_eq!(third(1).add(&third(2)), third(3));
    }

    #[test]
    fn what_is_no_part_of_a_period_is_refused() {
        use ProrationBasis::{CalendarDays, ThirtyDayMonths};
        assert_eq!(Proration::new(CalendarDays, 0, 0), Err(PriceError::NotPartOfPeriod));
        assert_eq!(Proration::new(CalendarDays, 32, 31), Err(PriceError::NotPartOfPeriod));
        assert_eq!(Proration::new(ThirtyDayMonths, 1, 31), Err(PriceError::NotThirtyDayMonths { period: 31 }));
        let golden = r#"{"basis":"thirty_day_months","used":22,"period":30}"#;
        let read: Proration = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), golden);
        assert!(serde_json::from_str::<Proration>(r#"{"basis":"calendar_days","used":2,"period":1}"#).is_err());
    }
}
