//! What a price that looks at each record keeps of them.

use super::{dynamic, percentage};
use crate::aggregation::Measurement;

/// The records of a period as a price sees them: a few sums, however many there are.
#[derive(Clone, Debug)]
pub(crate) enum PerRecord {
    /// Only what the records amount to counts.
    Unseen,
    /// By a share of each.
    Percentage(Box<percentage::Tally>),
    /// By what each says that it costs.
    Dynamic(dynamic::Amounts),
}

impl PerRecord {
    pub(super) fn tally(&self) -> Option<&percentage::Tally> {
        match self {
            PerRecord::Percentage(tally) => Some(tally),
            _ => None,
        }
    }

    pub(super) fn amounts(&self) -> Option<&dynamic::Amounts> {
        match self {
            PerRecord::Dynamic(amounts) => Some(amounts),
            _ => None,
        }
    }

    /// Takes a record; they come by date and id.
    pub(crate) fn add(&mut self, record: &Measurement) {
        match self {
            PerRecord::Unseen => {}
            PerRecord::Percentage(tally) => tally.take(&record.quantity.into()),
            PerRecord::Dynamic(amounts) => amounts.add(record),
        }
    }
}
