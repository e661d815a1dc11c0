//! Times as callers may write them, local ones in a zone.

use super::error::TimeError;
use super::text::{parse_epoch, parse_rfc_3339, split_local};
use super::timestamp::Timestamp;
use super::zone::Zone;

const ANY_FORM: &str = "RFC 3339 with an offset (2026-01-31T00:00:00Z), epoch seconds (1769817600) \
                        or YYYY-MM-DD HH:MM:SS in the site's time zone";

/// A time as a caller wrote it, in any form that [`Timestamp::parse`] reads: a local one has no meaning before its zone is
/// known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeText(String);

impl TimeText {
    /// Returns the text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the time, a local one in `zone`.
    ///
    /// # Errors
    ///
    /// As [`Timestamp::parse`].
    pub fn read(&self, zone: Zone) -> Result<Timestamp, TimeError> {
        Timestamp::parse(&self.0, zone)
    }
}

impl From<&str> for TimeText {
    fn from(text: &str) -> TimeText {
        TimeText(text.to_owned())
    }
}

impl Timestamp {
    /// Reads a time as a caller may write it.
    ///
    /// Three forms are accepted: RFC 3339 with an offset, epoch **seconds** in digits, and `YYYY-MM-DD HH:MM:SS` in
    /// `zone`, where a time that the clocks showed twice is its earlier instant. Each may have one to three fraction
    /// digits.
    ///
    /// ```
    /// use billing::time::Timestamp;
    /// use billing::time::Zone;
    ///
    /// let berlin: Zone = "Europe/Berlin".parse()?;
    /// for text in ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "1769860800", "2026-01-31 13:00:00"] {
    ///     assert_eq!(Timestamp::parse(text, berlin)?.to_string(), "2026-01-31T12:00:00Z");
    /// }
    /// # Ok::<(), billing::time::TimeError>(())
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
            return parse_epoch(text).ok_or(MALFORMED)?.and_then(Timestamp::from_millis);
        }
        match text.get(10..11) {
            Some(" ") => match split_local(text, " ", ANY_FORM)? {
                (local, "") => zone.instant(local),
                _ => Err(MALFORMED),
            },
            _ => parse_rfc_3339(text, ANY_FORM).and_then(Timestamp::from_millis),
        }
    }
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
        fn what_is_printed_is_read_back(millis in Timestamp::MIN.millis()..=Timestamp::MAX.millis()) {
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
