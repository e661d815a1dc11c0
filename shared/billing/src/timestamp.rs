//! Instants, and the ways in which callers write them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::zone::Zone;

const MIN_MILLIS: i64 = 946_684_800_000;
const MAX_MILLIS: i64 = 95_617_583_999_999;

const ANY_FORM: &str = "RFC 3339 with an offset (2026-01-31T00:00:00Z), epoch seconds (1769817600) \
                        or YYYY-MM-DD HH:MM:SS in the site's time zone";
const RFC_3339: &str = "RFC 3339 with an offset, such as 2026-01-31T00:00:00Z";

/// An instant in UTC, in whole milliseconds.
///
/// It lies between [`Timestamp::MIN`] and [`Timestamp::MAX`], both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

/// What is wrong with a time, a time zone, a cadence or a period, in words for an API caller.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// The text is in no accepted form.
    #[error("a time is written as {expected}")]
    Malformed {
        /// The accepted forms, with an example each.
        expected: &'static str,
    },
    /// The text has the right form, but names a day or a time of day that no calendar or clock shows.
    #[error("there is no such date or time of day")]
    NoSuchDate,
    /// The second is 60: leap seconds have no place on a scale that counts 86,400 seconds a day.
    #[error("a leap second (:60) is not accepted; send the second before or after it")]
    LeapSecond,
    /// The time has more than three fraction digits.
    #[error("a time is in whole milliseconds: at most 3 fraction digits")]
    TooFine,
    /// The instant lies before [`Timestamp::MIN`] or after [`Timestamp::MAX`].
    #[error("a time lies between 2000-01-01T00:00:00Z and 4999-12-31T23:59:59.999Z")]
    OutOfRange,
    /// The local time was skipped when the zone's clocks were put forward.
    #[error("{local} does not exist in {zone}: the clocks were put forward over it")]
    Skipped {
        /// The local time as it was sent.
        local: NaiveDateTime,
        /// The zone that skipped it.
        zone: Zone,
    },
    /// The name is not in the IANA time zone database.
    #[error("unknown time zone; send an IANA name such as Europe/Berlin")]
    UnknownZone,
    /// A cadence repeats after too few or too many units.
    #[error("a billing cadence repeats every 1 to 1000 days, weeks, months or years")]
    EveryOutOfRange,
    /// The end of a period lies before its start.
    #[error("a period must not end before it starts")]
    EndBeforeStart,
}

impl Timestamp {
    /// The earliest instant: 2000-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(MIN_MILLIS);

    /// The latest instant: 4999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(MAX_MILLIS);

    /// Returns the instant that is `millis` milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] outside `MIN..=MAX`.
    pub fn from_millis(millis: i64) -> Result<Timestamp, TimeError> {
        if (MIN_MILLIS..=MAX_MILLIS).contains(&millis) { Ok(Timestamp(millis)) } else { Err(TimeError::OutOfRange) }
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Returns the instant `millis` milliseconds later, or earlier where negative; it stops at `MIN` and `MAX`.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis).clamp(MIN_MILLIS, MAX_MILLIS))
    }

    /// Reads a time as a caller may write it.
    ///
    /// Three forms are accepted: RFC 3339 with an offset, epoch **seconds** in digits, and `YYYY-MM-DD HH:MM:SS` in
    /// `zone`, where a time that the clocks showed twice is its earlier instant. Each may have one to three fraction
    /// digits.
    ///
    /// ```
    /// use billing::timestamp::Timestamp;
    /// use billing::zone::Zone;
    ///
    /// let berlin: Zone = "Europe/Berlin".parse()?;
    /// for text in ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "1769860800", "2026-01-31 13:00:00"] {
    ///     assert_eq!(Timestamp::parse(text, berlin)?.to_string(), "2026-01-31T12:00:00Z");
    /// }
    /// # Ok::<(), billing::timestamp::TimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimeError::Malformed`] for any other form, [`TimeError::TooFine`] for more fraction digits (never truncated),
    /// [`TimeError::NoSuchDate`] for 30 February or 25 o'clock, [`TimeError::LeapSecond`] for `:60`,
    /// [`TimeError::Skipped`] for a local time that the zone's clocks never showed, [`TimeError::OutOfRange`] outside
    /// `MIN..=MAX`.
    pub fn parse(text: &str, zone: Zone) -> Result<Timestamp, TimeError> {
        const MALFORMED: TimeError = TimeError::Malformed { expected: ANY_FORM };
        if !text.contains('-') {
            return parse_epoch(text).ok_or(MALFORMED)?;
        }
        match text.get(10..11) {
            Some(" ") => match split_local(text, " ", ANY_FORM)? {
                (local, "") => zone.instant(local),
                _ => Err(MALFORMED),
            },
            _ => parse_rfc_3339(text, ANY_FORM),
        }
    }

    /// Returns the date and time of day that clocks in UTC show.
    pub(crate) fn utc(self) -> NaiveDateTime {
        // The range of this type is well inside chrono's, so the fallback is never reached.
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC).naive_utc()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", local_text(self.utc()))
    }
}

/// Reads RFC 3339 only: what the system writes itself, and what JSON fields hold.
impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        parse_rfc_3339(text, RFC_3339)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Writes a local time as `2026-01-31T00:00:00`, with `.123` only where there are milliseconds.
pub(crate) fn local_text(local: NaiveDateTime) -> String {
    // chrono writes this form where it is asked for no other, without reading a description of it for each instant.
    format!("{local:?}")
}

/// Reads what [`local_text`] writes.
pub(crate) fn parse_local_text(text: &str) -> Result<NaiveDateTime, TimeError> {
    const EXPECTED: &str = "a local time without an offset, such as 2026-01-31T00:00:00";
    match split_local(text, "T", EXPECTED)? {
        (local, "") => Ok(local),
        _ => Err(TimeError::Malformed { expected: EXPECTED }),
    }
}

/// Reads `1700000000` or `1700000000.123`; `None` where the text is not of that form.
fn parse_epoch(text: &str) -> Option<Result<Timestamp, TimeError>> {
    let (seconds, fraction) = text.split_once('.').map_or((text, None), |(seconds, rest)| (seconds, Some(rest)));
    if !is_digits(seconds) || !fraction.is_none_or(is_digits) {
        return None;
    }
    let instant = || {
        let fraction = millis_of_fraction(fraction.unwrap_or("0"))?;
        // Digits that do not fit an i64 are a number all the same, only far out of range.
        let seconds: i64 = seconds.parse().map_err(|_| TimeError::OutOfRange)?;
        let millis = seconds.checked_mul(1000).and_then(|millis| millis.checked_add(i64::from(fraction)));
        Timestamp::from_millis(millis.ok_or(TimeError::OutOfRange)?)
    };
    Some(instant())
}

fn parse_rfc_3339(text: &str, expected: &'static str) -> Result<Timestamp, TimeError> {
    let (local, offset) = split_local(text, "T", expected)?;
    let offset_seconds = parse_offset(offset).ok_or(TimeError::Malformed { expected })?;
    let offset_millis = offset_seconds.checked_mul(1000).ok_or(TimeError::OutOfRange)?;
    let millis = local.and_utc().timestamp_millis().checked_sub(offset_millis).ok_or(TimeError::OutOfRange)?;
    Timestamp::from_millis(millis)
}

/// Reads `Z` or `+01:00` as seconds east of UTC.
fn parse_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1_i64,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours).checked_mul(3600)?.checked_add(i64::from(minutes).checked_mul(60)?)?;
    seconds.checked_mul(sign)
}

/// Reads a date and a time of day from the front of the text and returns them with the rest of it.
fn split_local<'a>(
    text: &'a str,
    separator: &str,
    expected: &'static str,
) -> Result<(NaiveDateTime, &'a str), TimeError> {
    let malformed = || TimeError::Malformed { expected };
    let field = |from: usize, to: usize| {
        text.get(from..to).and_then(|digits| number(digits, to.saturating_sub(from))).ok_or_else(malformed)
    };
    let marks = [(4, "-"), (7, "-"), (10, separator), (13, ":"), (16, ":")];
    for (at, mark) in marks {
        if !text.get(at..).and_then(|rest| rest.get(..1)).is_some_and(|found| found.eq_ignore_ascii_case(mark)) {
            return Err(malformed());
        }
    }
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let rest = text.get(19..).ok_or_else(malformed)?;
    let (millis, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let (digits, rest) = fraction.split_at_checked(end).ok_or_else(malformed)?;
            if digits.is_empty() {
                return Err(malformed());
            }
            (millis_of_fraction(digits)?, rest)
        }
    };
    if second == 60 {
        return Err(TimeError::LeapSecond);
    }
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    let local = date.and_then(|date| date.and_hms_milli_opt(hour, minute, second, millis));
    Ok((local.ok_or(TimeError::NoSuchDate)?, rest))
}

/// Reads the digits behind a decimal point, of which there is at least one, as milliseconds.
fn millis_of_fraction(digits: &str) -> Result<u32, TimeError> {
    if digits.len() > 3 {
        return Err(TimeError::TooFine);
    }
    format!("{digits:0<3}").parse().map_err(|_| TimeError::TooFine)
}

/// Reads exactly `len` ASCII digits; `u32::from_str` alone would also take a plus sign.
fn number(text: &str, len: usize) -> Option<u32> {
    if text.len() == len && is_digits(text) { text.parse().ok() } else { None }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(zone: &str, text: &str, expected: Result<&str, TimeError>) {
        let found = Timestamp::parse(text, zone.parse().unwrap()).map(|instant| instant.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{text:?} in {zone}");
    }

    #[test]
    fn rfc_3339_is_read_with_any_offset() {
        for (text, expected) in [
            ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
            ("2026-01-31t00:00:00z", "2026-01-31T00:00:00Z"),
            ("2026-01-31T00:00:00.000Z", "2026-01-31T00:00:00Z"),
            ("2026-01-31T00:00:00.1Z", "2026-01-31T00:00:00.100Z"),
            ("2026-01-31T00:00:00.012Z", "2026-01-31T00:00:00.012Z"),
            ("2026-01-31T00:00:00+01:00", "2026-01-30T23:00:00Z"),
            ("2026-01-31T00:00:00-05:30", "2026-01-31T05:30:00Z"),
            ("2026-01-31T00:00:00-00:00", "2026-01-31T00:00:00Z"),
            ("2026-12-31T23:59:59.999-23:59", "2027-01-01T23:58:59.999Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
            ("1999-12-31T23:00:00-01:00", "2000-01-01T00:00:00Z"),
            ("4999-12-31T23:59:59.999Z", "4999-12-31T23:59:59.999Z"),
            ("5000-01-01T00:59:59.999+01:00", "4999-12-31T23:59:59.999Z"),
        ] {
            check("America/New_York", text, Ok(expected));
        }
    }

    #[test]
    fn epoch_seconds_are_read() {
        for (text, expected) in [
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000.1", "2023-11-14T22:13:20.100Z"),
            ("1700000000.123", "2023-11-14T22:13:20.123Z"),
            ("946684800", "2000-01-01T00:00:00Z"),
            ("95617583999.999", "4999-12-31T23:59:59.999Z"),
        ] {
            check("Europe/Berlin", text, Ok(expected));
        }
    }

    #[test]
    fn local_times_are_read_in_the_zone() {
        for (zone, text, expected) in [
            ("UTC", "2026-01-31 00:00:00", "2026-01-31T00:00:00Z"),
            ("Europe/Berlin", "2026-01-31 00:00:00", "2026-01-30T23:00:00Z"),
            ("Europe/Berlin", "2026-07-31 00:00:00.5", "2026-07-30T22:00:00.500Z"),
            ("Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
            ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
            ("Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
            ("America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"),
            ("Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"),
        ] {
            check(zone, text, Ok(expected));
        }
    }

    #[test]
    fn a_skipped_local_time_is_refused_by_name() {
        let refused = Timestamp::parse("2026-03-29 02:30:00", "Europe/Berlin".parse().unwrap()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "2026-03-29 02:30:00 does not exist in Europe/Berlin: the clocks were put forward over it"
        );
        for (zone, text) in [
            ("Europe/Berlin", "2026-03-29 02:00:00"),
            ("Europe/Berlin", "2026-03-29 02:59:59.999"),
            ("America/New_York", "2026-03-08 02:30:00"),
            ("Australia/Lord_Howe", "2026-10-04 02:15:00"),
            ("Pacific/Apia", "2011-12-30 12:00:00"),
        ] {
            let refused = Timestamp::parse(text, zone.parse().unwrap());
            assert!(matches!(refused, Err(TimeError::Skipped { .. })), "{text} in {zone}: {refused:?}");
        }
    }

    #[test]
    fn unreadable_times_are_refused() {
        let malformed = TimeError::Malformed { expected: ANY_FORM };
        for (text, expected) in [
            ("", &malformed),
            ("-", &malformed),
            (" 1700000000", &malformed),
            ("+1700000000", &malformed),
            ("-1700000000", &malformed),
            ("1700000000.", &malformed),
            (".5", &malformed),
            ("1e9", &malformed),
            ("1.7.0", &malformed),
            ("1700000000.1234", &TimeError::TooFine),
            ("1700000000000", &TimeError::OutOfRange),
            ("20260131", &TimeError::OutOfRange),
            ("99999999999999999999999999", &TimeError::OutOfRange),
            ("946684799.999", &TimeError::OutOfRange),
            ("95617584000", &TimeError::OutOfRange),
            ("2026-01-31", &malformed),
            ("2026-01-31T00:00:00", &malformed),
            ("2026-01-31T00:00Z", &malformed),
            ("2026-01-31 00:00:00Z", &malformed),
            ("2026-01-31T00:00:00 01:00", &malformed),
            ("2026-01-31T00:00:00+0100", &malformed),
            ("2026-01-31T00:00:00+24:00", &malformed),
            ("2026-01-31T00:00:00+01:60", &malformed),
            ("2026-01-31T00:00:00Zjunk", &malformed),
            ("2026-01-31T00:00:00.Z", &malformed),
            ("2026-01-31T00:00:00,5Z", &malformed),
            ("2026-1-31T00:00:00Z", &malformed),
            ("+026-01-31T00:00:00Z", &malformed),
            ("2026-01-31Té0:00:00Z", &malformed),
            ("２026-01-31T00:00:00Z", &malformed),
            ("2026-01-31T00:00:00.1234Z", &TimeError::TooFine),
            ("2026-01-31T00:00:00.123000Z", &TimeError::TooFine),
            ("2026-01-31 00:00:00.1234", &TimeError::TooFine),
            ("2026-02-30T00:00:00Z", &TimeError::NoSuchDate),
            ("2026-02-29 00:00:00", &TimeError::NoSuchDate),
            ("2026-13-01T00:00:00Z", &TimeError::NoSuchDate),
            ("2026-00-01T00:00:00Z", &TimeError::NoSuchDate),
            ("2026-01-31T24:00:00Z", &TimeError::NoSuchDate),
            ("2026-01-31T00:60:00Z", &TimeError::NoSuchDate),
            ("2026-01-31T00:00:61Z", &TimeError::NoSuchDate),
            ("2016-12-31T23:59:60Z", &TimeError::LeapSecond),
            ("2016-12-31 23:59:60", &TimeError::LeapSecond),
            ("0000-01-01T00:00:00Z", &TimeError::OutOfRange),
            ("9999-12-31T23:59:59Z", &TimeError::OutOfRange),
            ("9999-12-31 23:59:59", &TimeError::OutOfRange),
            ("0000-01-01 00:00:00", &TimeError::OutOfRange),
            ("1999-12-31T23:59:59.999Z", &TimeError::OutOfRange),
            ("5000-01-01T00:00:00Z", &TimeError::OutOfRange),
        ] {
            check("Europe/Berlin", text, Err(expected.clone()));
        }
    }

    #[test]
    fn json_holds_rfc_3339_and_nothing_else() {
        let instant = Timestamp::from_millis(1_769_817_600_123).unwrap();
        assert_eq!(serde_json::to_string(&instant).unwrap(), r#""2026-01-31T00:00:00.123Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(r#""2026-01-31T01:00:00.123+01:00""#).unwrap(), instant);
        for json in [r#""1769817600""#, "1769817600", r#""2026-01-31 00:00:00""#, "null"] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_range_is_inclusive_and_addition_stops_there() {
        assert_eq!(Timestamp::from_millis(Timestamp::MIN.millis() - 1), Err(TimeError::OutOfRange));
        assert_eq!(Timestamp::from_millis(Timestamp::MIN.millis()), Ok(Timestamp::MIN));
        assert_eq!(Timestamp::from_millis(Timestamp::MAX.millis()), Ok(Timestamp::MAX));
        assert_eq!(Timestamp::from_millis(Timestamp::MAX.millis() + 1), Err(TimeError::OutOfRange));
        assert_eq!(Timestamp::MIN.to_string(), "2000-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.to_string(), "4999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::MIN.plus_millis(1).to_string(), "2000-01-01T00:00:00.001Z");
        assert_eq!(Timestamp::MIN.plus_millis(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.plus_millis(i64::MAX), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(millis in MIN_MILLIS..=MAX_MILLIS) {
            let instant = Timestamp::from_millis(millis).unwrap();
            let text = instant.to_string();
            prop_assert_eq!(text.parse(), Ok(instant));
            prop_assert_eq!(Timestamp::parse(&text, Zone::UTC), Ok(instant));
            let json = serde_json::to_string(&instant).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), instant);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}", near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}[.0-9Z+:-]{0,8}") {
            let _ = Timestamp::parse(&text, Zone::UTC);
            let _ = Timestamp::parse(&near, Zone::UTC);
        }
    }
}
