//! The quantity as it goes from stage to stage.

use crate::number::Number;

/// The quantity that is charged for: what lies beyond `before`, up to `after`.
#[derive(Clone, Debug)]
pub(crate) struct Billable {
    /// What was charged for earlier, after the same stages; 0 where nothing was.
    pub(crate) before: Number,
    /// With what is charged for now.
    pub(crate) after: Number,
}
