//! What the calls of a store consumed, as DynamoDB says it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// What was consumed since it was last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Read units, in thousandths.
    pub read_milliunits: u64,
    /// Write units, in thousandths; those of refused writes are not among them.
    pub write_milliunits: u64,
    /// Writes that a condition refused. DynamoDB bills them by the size of the item, and does not say how much.
    pub refused_writes: u64,
}

/// Adds up what calls consume; clones add to the same sums.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Sums>);

#[derive(Debug, Default)]
struct Sums {
    read: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
}

impl Meter {
    pub(crate) fn read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.0.read.fetch_add(milliunits(consumed), Ordering::Relaxed);
    }

    pub(crate) fn wrote<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.0.written.fetch_add(milliunits(consumed), Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn take(&self) -> Consumed {
        let take = |sum: &AtomicU64| sum.swap(0, Ordering::Relaxed);
        Consumed {
            read_milliunits: take(&self.0.read),
            write_milliunits: take(&self.0.written),
            refused_writes: take(&self.0.refused),
        }
    }
}

fn milliunits<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> u64 {
    // DynamoDB counts in halves, so that nothing is lost; a number that makes no sense becomes the nearest one that does.
    consumed.into_iter().filter_map(|table| table.capacity_units).map(|units| (units * 1_000.0).round() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_units_are_counted_and_taken_once() {
        let consumed = |units| ConsumedCapacity::builder().capacity_units(units).build();
        let meter = Meter::default();

        meter.read(Some(&consumed(0.5)));
        meter.clone().read(&[consumed(0.5), consumed(2.0)]);
        meter.wrote(Some(&consumed(1.0)));
        meter.refused();

        let taken = Consumed { read_milliunits: 3_000, write_milliunits: 1_000, refused_writes: 1 };
        assert_eq!(meter.take(), taken);
        assert_eq!(meter.take(), Consumed::default());
    }
}
