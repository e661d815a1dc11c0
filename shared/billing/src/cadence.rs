//! The rule by which billing periods follow each other.

use chrono::{Datelike, Months, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::period::BillingPeriod;
use crate::timestamp::{TimeError, Timestamp, local_text, parse_local_text};
use crate::zone::Zone;

const MAX_EVERY: u32 = 1000;
const DAY_MILLIS: i64 = 86_400_000;

/// The calendar unit that a cadence counts in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
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
    /// use billing::cadence::{BillingCadence, CadenceUnit};
    /// use billing::zone::Zone;
    ///
    /// let monthly = BillingCadence::new(1, CadenceUnit::Month, "2026-01-31T00:00:00Z".parse()?, Zone::UTC)?;
    /// assert_eq!(monthly.boundary(1)?.to_string(), "2026-02-28T00:00:00Z");
    /// assert_eq!(monthly.boundary(2)?.to_string(), "2026-03-31T00:00:00Z");
    /// let (number, period) = monthly.period_at("2026-03-01T00:00:00Z".parse()?)?;
    /// assert_eq!((number, period), (1, monthly.period(1)?));
    /// # Ok::<(), billing::timestamp::TimeError>(())
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

    /// Returns what the zone's clocks show at boundary 0.
    pub fn anchor(&self) -> NaiveDateTime {
        self.anchor
    }

    /// Returns the time zone of the boundaries.
    pub fn zone(&self) -> Zone {
        self.zone
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

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Fields {
    every: u32,
    unit: CadenceUnit,
    anchor: String,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cadence(every: u32, unit: CadenceUnit, anchor: &str, zone: &str) -> BillingCadence {
        let zone: Zone = zone.parse().unwrap();
        BillingCadence::new(every, unit, Timestamp::parse(anchor, zone).unwrap(), zone).unwrap()
    }

    /// Checks boundaries `first..` and that the periods between them are found from their first and last instants.
    fn check(cadence: BillingCadence, first: i64, boundaries: &[&str]) {
        let found: Vec<String> =
            (first..).zip(boundaries).map(|(n, _)| cadence.boundary(n).unwrap().to_string()).collect();
        assert_eq!(found, boundaries, "{cadence:?}");
        for (n, _) in (first..).zip(boundaries) {
            let period = cadence.period(n).unwrap();
            if !period.is_empty() {
                assert_eq!(cadence.period_at(period.start), Ok((n, period)));
                assert_eq!(cadence.period_at(period.end.plus_millis(-1)), Ok((n, period)));
            }
        }
    }

    #[test]
    fn a_31st_comes_back_after_every_short_month() {
        let monthly = cadence(1, CadenceUnit::Month, "2027-01-31 00:00:00", "UTC");
        let days: Vec<String> = (-1..=25).map(|n| monthly.boundary(n).unwrap().to_string()[..10].to_owned()).collect();
        assert_eq!(
            days,
            [
                "2026-12-31",
                "2027-01-31",
                "2027-02-28",
                "2027-03-31",
                "2027-04-30",
                "2027-05-31",
                "2027-06-30",
                "2027-07-31",
                "2027-08-31",
                "2027-09-30",
                "2027-10-31",
                "2027-11-30",
                "2027-12-31",
                "2028-01-31",
                "2028-02-29",
                "2028-03-31",
                "2028-04-30",
                "2028-05-31",
                "2028-06-30",
                "2028-07-31",
                "2028-08-31",
                "2028-09-30",
                "2028-10-31",
                "2028-11-30",
                "2028-12-31",
                "2029-01-31",
                "2029-02-28",
            ]
        );
    }

    #[test]
    fn months_and_years_clamp_from_the_anchor() {
        check(
            cadence(3, CadenceUnit::Month, "2025-11-30 12:00:00", "UTC"),
            -1,
            &["2025-08-30T12:00:00Z", "2025-11-30T12:00:00Z", "2026-02-28T12:00:00Z", "2026-05-30T12:00:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Year, "2024-02-29 00:00:00", "UTC"),
            -1,
            &[
                "2023-02-28T00:00:00Z",
                "2024-02-29T00:00:00Z",
                "2025-02-28T00:00:00Z",
                "2026-02-28T00:00:00Z",
                "2027-02-28T00:00:00Z",
                "2028-02-29T00:00:00Z",
            ],
        );
        check(
            cadence(1, CadenceUnit::Month, "2026-01-31 00:00:00", "Europe/Berlin"),
            0,
            &["2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z", "2026-04-29T22:00:00Z"],
        );
        check(
            cadence(2, CadenceUnit::Week, "2026-03-18 00:00:00", "Europe/Berlin"),
            -1,
            &["2026-03-03T23:00:00Z", "2026-03-17T23:00:00Z", "2026-03-31T22:00:00Z", "2026-04-14T22:00:00Z"],
        );
    }

    #[test]
    fn days_follow_the_clocks_through_gaps_and_overlaps() {
        check(
            cadence(1, CadenceUnit::Day, "2026-03-27 02:30:00", "Europe/Berlin"),
            0,
            &["2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Day, "2026-10-24 02:30:00", "Europe/Berlin"),
            0,
            &["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Day, "2026-03-07 02:30:00", "America/New_York"),
            0,
            &["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Day, "2026-10-31 01:30:00", "America/New_York"),
            0,
            &["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Day, "2026-10-03 02:15:00", "Australia/Lord_Howe"),
            0,
            &["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
        );
        check(
            cadence(1, CadenceUnit::Day, "2026-04-04 01:45:00", "Australia/Lord_Howe"),
            0,
            &["2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
        );
    }

    #[test]
    fn a_skipped_day_is_an_empty_period_that_is_never_found() {
        let daily = cadence(1, CadenceUnit::Day, "2011-12-28 00:00:00", "Pacific/Apia");
        check(
            daily,
            0,
            &[
                "2011-12-28T10:00:00Z",
                "2011-12-29T10:00:00Z",
                "2011-12-30T10:00:00Z",
                "2011-12-30T10:00:00Z",
                "2011-12-31T10:00:00Z",
            ],
        );
        assert!(daily.period(2).unwrap().is_empty());
        let (n, period) = daily.period_at("2011-12-30T10:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((n, period), (3, daily.period(3).unwrap()));

        let at_noon = cadence(1, CadenceUnit::Day, "2011-12-29 12:00:00", "Pacific/Apia");
        check(at_noon, 0, &["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]);
    }

    #[test]
    fn an_anchor_that_clocks_show_twice_starts_at_the_earlier_instant() {
        let second_pass = "2026-10-25T01:30:00Z".parse().unwrap();
        let zone = "Europe/Berlin".parse().unwrap();
        let daily = BillingCadence::new(1, CadenceUnit::Day, second_pass, zone).unwrap();
        assert_eq!(daily.boundary(0).unwrap().to_string(), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn periods_are_cut_off_at_the_ends_of_time() {
        let units = [CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year];
        for unit in units {
            for every in [1, 7, 1000] {
                for zone in ["UTC", "Pacific/Apia", "America/New_York"] {
                    let cadence = cadence(every, unit, "2026-01-31 13:14:15.016", zone);
                    let (first, period) = cadence.period_at(Timestamp::MIN).unwrap();
                    assert!(first < 0);
                    assert_eq!(period.start, Timestamp::MIN);
                    assert!(period.contains(Timestamp::MIN));
                    assert_eq!(cadence.period(first), Err(TimeError::OutOfRange));
                    let (last, period) = cadence.period_at(Timestamp::MAX).unwrap();
                    assert!(last >= 0);
                    assert_eq!(period.end, Timestamp::MAX);
                    assert!(!period.is_empty());
                    assert_eq!(cadence.period_at(Timestamp::MAX.plus_millis(-1)), Ok((last, period)));
                }
            }
        }
    }

    #[test]
    fn boundaries_beyond_the_range_are_errors() {
        for unit in [CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year] {
            let cadence = cadence(1000, unit, "2026-01-31 00:00:00", "Europe/Berlin");
            for n in [i64::MIN, i64::MIN / 1000, -1_000_000, 1_000_000, i64::MAX / 1000, i64::MAX] {
                assert_eq!(cadence.boundary(n), Err(TimeError::OutOfRange), "{n}");
                assert_eq!(cadence.period(n), Err(TimeError::OutOfRange), "{n}");
            }
        }
    }

    #[test]
    fn the_stored_form_is_validated() {
        let json = r#"{"every":1,"unit":"month","anchor":"2026-01-31T00:00:00","time_zone":"Europe/Berlin"}"#;
        let monthly: BillingCadence = serde_json::from_str(json).unwrap();
        assert_eq!(monthly, cadence(1, CadenceUnit::Month, "2026-01-31 00:00:00", "Europe/Berlin"));
        assert_eq!(serde_json::to_string(&monthly).unwrap(), json);
        for (from, to) in [
            (r#""every":1"#, r#""every":0"#),
            (r#""every":1"#, r#""every":1001"#),
            (r#""every":1"#, r#""every":-1"#),
            ("month", "fortnight"),
            ("00:00:00", "00:00:00Z"),
            ("00:00:00", "00:00:00.1234"),
            ("2026-01-31", "2026-02-31"),
            ("2026", "1999"),
            ("2026", "9999"),
            ("Berlin", "Atlantis"),
        ] {
            let json = json.replace(from, to);
            assert!(serde_json::from_str::<BillingCadence>(&json).is_err(), "{json}");
        }
        for every in [0, 1001, u32::MAX] {
            let refused = BillingCadence::new(every, CadenceUnit::Day, Timestamp::MIN, Zone::UTC);
            assert_eq!(refused, Err(TimeError::EveryOutOfRange));
        }
    }

    prop_compose! {
        /// Half of the anchors lie near the present, where zones change their clocks.
        fn any_cadence()(
            every in prop_oneof![1..=3_u32, 1..=MAX_EVERY],
            unit in proptest::sample::select(vec![
                CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year,
            ]),
            anchor in any_instant(),
            zone in any_zone(),
        ) -> BillingCadence {
            BillingCadence::new(every, unit, anchor, zone).unwrap()
        }
    }

    fn any_zone() -> impl Strategy<Value = Zone> {
        let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        prop_oneof![
            proptest::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
            proptest::sample::select(names),
        ]
        .prop_map(|name| name.parse().unwrap())
    }

    fn any_instant() -> impl Strategy<Value = Timestamp> {
        // Two days off the ends, where local times may lie outside of the range.
        let min = Timestamp::MIN.plus_millis(2 * DAY_MILLIS).millis();
        let max = Timestamp::MAX.plus_millis(-2 * DAY_MILLIS).millis();
        prop_oneof![min..1_900_000_000_000, min..=max].prop_map(|millis| Timestamp::from_millis(millis).unwrap())
    }

    proptest! {
        #[test]
        fn neighbouring_periods_touch(cadence in any_cadence(), n in prop_oneof![-50..50_i64, -5000..5000_i64]) {
            if let (Ok(period), Ok(next)) = (cadence.period(n), cadence.period(n.saturating_add(1))) {
                prop_assert!(period.start <= period.end);
                prop_assert_eq!(period.end, next.start);
                // No zone skipped more than one day since 2000.
                prop_assert!(period.start < next.end);
            }
        }

        #[test]
        fn every_instant_lies_in_its_period(cadence in any_cadence(), instant in any_instant()) {
            let (n, period) = cadence.period_at(instant).unwrap();
            prop_assert!(period.contains(instant));
            match cadence.period(n) {
                Ok(whole) => prop_assert_eq!(period, whole),
                Err(_) => prop_assert!(period.start == Timestamp::MIN || period.end == Timestamp::MAX),
            }
        }

        #[test]
        fn the_guess_is_next_to_the_answer(cadence in any_cadence(), instant in any_instant()) {
            let (n, _) = cadence.period_at(instant).unwrap();
            prop_assert!(cadence.guess(instant).unwrap().abs_diff(n) <= 2);
        }

        #[test]
        fn what_is_stored_is_read_back(cadence in any_cadence()) {
            let json = serde_json::to_string(&cadence).unwrap();
            prop_assert_eq!(serde_json::from_str::<BillingCadence>(&json).unwrap(), cadence);
        }
    }
}
