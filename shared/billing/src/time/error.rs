//! What is wrong with a time, a time zone, a cadence or a period.

use chrono::NaiveDateTime;

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
    /// The instant lies before [`Timestamp::MIN`](crate::time::Timestamp::MIN) or after [`Timestamp::MAX`](crate::time::Timestamp::MAX).
    #[error("a time lies between 2000-01-01T00:00:00Z and 4999-12-31T23:59:59.999Z")]
    OutOfRange,
    /// The local time was skipped when the zone's clocks were put forward.
    #[error("{local} does not exist in {zone}: the clocks were put forward over it")]
    Skipped {
        /// The local time as it was sent.
        local: NaiveDateTime,
        /// The zone that skipped it.
        zone: &'static str,
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
