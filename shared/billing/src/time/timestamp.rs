//! Instants in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::error::TimeError;
use super::text::{local_text, parse_rfc_3339};

const MIN_MILLIS: i64 = 946_684_800_000;
const MAX_MILLIS: i64 = 95_617_583_999_999;

const RFC_3339: &str = "RFC 3339 with an offset, such as 2026-01-31T00:00:00Z";

/// An instant in UTC, in whole milliseconds.
///
/// It lies between [`Timestamp::MIN`] and [`Timestamp::MAX`], both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

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
        parse_rfc_3339(text, RFC_3339).and_then(Timestamp::from_millis)
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

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let description = "An instant in UTC, to the millisecond, from 2000 on.";
        Schema::Object(schema.description(Some(description)).build()).into()
    }
}

impl ToSchema for Timestamp {}
