//! What the records say that they cost.
//!
//! Records of 0.70, 0.55 and 2.20 are 3.45 together; with a multiplier of 1.2 they are 4.14. Elsewhere: pre-rated usage,
//! custom amount, dynamic with markup.

use serde::Serialize;
use utoipa::ToSchema;

use super::PriceError;
use crate::aggregation::Measurement;
use crate::error::RatingError;
use crate::number::Number;
use crate::quantity::Quantity;
use crate::step::Step;

/// The sum of the records' amounts, multiplied where there is a markup or a reduction for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dynamic {
    #[serde(skip_serializing_if = "Option::is_none")]
    multiplier: Option<Quantity>,
}

impl Dynamic {
    /// Returns a price that the records say; without a multiplier it is what they say.
    ///
    /// # Errors
    /// `NotPositive` for the multiplier.
    pub fn new(multiplier: Option<Quantity>) -> Result<Dynamic, PriceError> {
        if multiplier.is_some_and(|multiplier| multiplier <= Quantity::ZERO) {
            return Err(PriceError::NotPositive { field: "multiplier".to_owned() });
        }
        Ok(Dynamic { multiplier })
    }

    /// Returns what the sum is multiplied by; absent where that is 1.
    pub fn multiplier(&self) -> Option<Quantity> {
        self.multiplier
    }

    /// # Errors
    /// `MissingAmount` for a record without one, and for a quantity without records; `NegativeAmount`.
    pub(super) fn price(
        &self,
        quantity: &Number,
        records: Option<&[Measurement]>,
        steps: &mut Vec<Step>,
    ) -> Result<(), RatingError> {
        let records = records.ok_or_else(|| RatingError::MissingAmount { quantity: quantity.clone() })?;
        if records.is_empty() {
            return Ok(());
        }
        let mut sum = Number::ZERO;
        for record in records {
            let quantity = || Number::from(record.quantity);
            let amount = record.amount.ok_or_else(|| RatingError::MissingAmount { quantity: quantity() })?;
            if amount.is_negative() {
                return Err(RatingError::NegativeAmount { amount: amount.into() });
            }
            sum = sum.add(&amount.into());
        }
        let amount = match self.multiplier {
            Some(multiplier) => sum.multiply(&multiplier.into()),
            None => sum,
        };
        let count = records.len().try_into().unwrap_or(u64::MAX);
        steps.push(Step::RecordAmounts { records: count, multiplier: self.multiplier, amount });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(multiplier: Option<&str>, amounts: &[Option<&str>]) -> Result<String, RatingError> {
        let model = Dynamic::new(multiplier.map(|text| text.parse().unwrap())).unwrap();
        let record = |amount: &Option<&str>| Measurement {
            amount: amount.map(|text| text.parse().unwrap()),
            ..Measurement::new(0, None, Quantity::ZERO)
        };
        let records: Vec<_> = amounts.iter().map(record).collect();
        let mut steps = Vec::new();
        model.price(&Number::ZERO, Some(&records), &mut steps)?;
        assert_eq!(steps.len(), usize::from(!amounts.is_empty()));
        Ok(Step::sum(&steps).to_text())
    }

    #[test]
    fn the_amounts_of_the_records_are_added_exactly() {
        let most = "999999999999999.999999999999";
        for (multiplier, amounts, amount) in [
            (None, &[][..], "0"),
            (None, &["0"], "0"),
            (None, &["0.70", "0.55", "2.20"], "3.45"),
            (Some("1.2"), &["0.70", "0.55", "2.20"], "4.14"),
            (Some("0.000000000001"), &["0.000000000001"], "0.000000000000000000000001"),
            (Some(most), &[most], "999999999999999999999999998000.000000000000000000000001"),
        ] {
            let amounts: Vec<_> = amounts.iter().copied().map(Some).collect();
            assert_eq!(rated(multiplier, &amounts).unwrap(), amount);
        }
    }

    #[test]
    fn a_record_that_says_no_amount_is_an_error() {
        let missing = RatingError::MissingAmount { quantity: Number::ZERO };
        assert_eq!(rated(None, &[Some("1"), None]), Err(missing.clone()));
        assert_eq!(rated(None, &[Some("-1")]), Err(RatingError::NegativeAmount { amount: (-1).into() }));
        assert_eq!(Dynamic::new(None).unwrap().price(&Number::ZERO, None, &mut Vec::new()), Err(missing));
    }
}
