//! Optional fields of a request: left out, null, or there.

use serde::{Deserialize, Deserializer};

/// Reads an optional field that must not be null: in a partial object null might mean two things.
///
/// # Errors
/// What the field's own type refuses.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads an optional field that may be null, which says that there is to be none.
///
/// # Errors
/// What the field's own type refuses.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
