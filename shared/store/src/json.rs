//! Writing documents as text.

use serde::Serialize;

use crate::error::StoreError;

/// The JSON text of a document.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what: "document" })
}
