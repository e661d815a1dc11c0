//! All quantities together.
//!
//! 10 and 20 are 30. Elsewhere: sum of usages, add, consumable.

use super::measurement::Measurement;
use crate::error::RatingError;
use crate::number::{Number, Scaled};

/// Runs over whole numbers of one scale as long as they fit.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    running: Scaled,
    beyond: Number,
}

impl Sum {
    pub(super) fn new() -> Sum {
        Sum { running: Scaled { mantissa: 0, scale: 0 }, beyond: Number::ZERO }
    }

    #[inline]
    pub(super) fn extend<'r>(
        &mut self,
        records: impl Iterator<Item = Result<Measurement<'r>, RatingError>>,
    ) -> Result<(), RatingError> {
        let mut running = self.running;
        for record in records {
            let quantity = record?.quantity.scaled();
            running = match running.add(quantity) {
                Some(sum) => sum,
                None => {
                    self.beyond = self.beyond.add(&Number::from_scaled(running));
                    quantity
                }
            };
        }
        self.running = running;
        Ok(())
    }

    pub(super) fn quantity(&self) -> Number {
        self.beyond.add(&Number::from_scaled(self.running))
    }
}

#[cfg(test)]
mod tests {
    use crate::aggregation::{Aggregation, check};

    #[test]
    fn a_sum_is_exact() {
        check(Aggregation::Sum, &[], "0");
        check(Aggregation::Sum, &[(1, None, "10"), (2, None, "20")], "30");
        check(Aggregation::Sum, &[(1, None, "0.1"), (2, None, "0.20")], "0.3");
        let most = "999999999999999.999999999999";
        check(Aggregation::Sum, &[(1, None, most); 200], "199999999999999999.9999999998");
    }
}
