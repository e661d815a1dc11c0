//! The syntax of times: RFC 3339, epoch seconds and local times, before any zone gives them a meaning.

use chrono::{NaiveDate, NaiveDateTime};

use super::error::TimeError;

/// Writes a local time as `2026-01-31T00:00:00`, with `.123` only where there are milliseconds.
pub(super) fn local_text(local: NaiveDateTime) -> String {
    // chrono writes this form where it is asked for no other, without reading a description of it for each instant.
    format!("{local:?}")
}

/// Reads what [`local_text`] writes.
pub(super) fn parse_local_text(text: &str) -> Result<NaiveDateTime, TimeError> {
    const EXPECTED: &str = "a local time without an offset, such as 2026-01-31T00:00:00";
    match split_local(text, "T", EXPECTED)? {
        (local, "") => Ok(local),
        _ => Err(TimeError::Malformed { expected: EXPECTED }),
    }
}

/// Reads `1700000000` or `1700000000.123`; `None` where the text is not of that form.
/// The number is in milliseconds.
pub(super) fn parse_epoch(text: &str) -> Option<Result<i64, TimeError>> {
    let (seconds, fraction) = text.split_once('.').map_or((text, None), |(seconds, rest)| (seconds, Some(rest)));
    if !is_digits(seconds) || !fraction.is_none_or(is_digits) {
        return None;
    }
    let instant = || {
        let fraction = millis_of_fraction(fraction.unwrap_or("0"))?;
        // Digits that do not fit an i64 are a number all the same, only far out of range.
        let seconds: i64 = seconds.parse().map_err(|_| TimeError::OutOfRange)?;
        let millis = seconds.checked_mul(1000).and_then(|millis| millis.checked_add(i64::from(fraction)));
        millis.ok_or(TimeError::OutOfRange)
    };
    Some(instant())
}

/// Reads RFC 3339 with an offset as milliseconds since 1970-01-01T00:00:00Z.
pub(super) fn parse_rfc_3339(text: &str, expected: &'static str) -> Result<i64, TimeError> {
    let (local, offset) = split_local(text, "T", expected)?;
    let offset_seconds = parse_offset(offset).ok_or(TimeError::Malformed { expected })?;
    let offset_millis = offset_seconds.checked_mul(1000).ok_or(TimeError::OutOfRange)?;
    local.and_utc().timestamp_millis().checked_sub(offset_millis).ok_or(TimeError::OutOfRange)
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
pub(super) fn split_local<'a>(
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
