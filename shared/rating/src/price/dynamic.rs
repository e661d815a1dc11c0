//! What the records say that they cost.
//!
//! Records of 0.70, 0.55 and 2.20 are 3.45 together; with a multiplier of 1.2 they are 4.14. Elsewhere: pre-rated usage,
//! custom amount, dynamic with markup.

use serde::Serialize;
use utoipa::ToSchema;

use crate::aggregation::Measurement;
use crate::amount::Amount;
use crate::error::RatingError;
use crate::number::Number;
use crate::price_error::PriceError;
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

    /// # Errors
    /// `MissingAmount` for a record without one, and for a quantity without records; `NegativeAmount`.
    pub(super) fn price(
        &self,
        quantity: &Number,
        amounts: Option<&Amounts>,
        steps: &mut Vec<Step>,
    ) -> Result<(), RatingError> {
        let amounts = amounts.ok_or_else(|| RatingError::MissingAmount { quantity: quantity.clone() })?;
        let sum = amounts.sum.as_ref().map_err(RatingError::clone)?;
        if amounts.records == 0 {
            return Ok(());
        }
        let amount = match self.multiplier {
            Some(multiplier) => sum.multiply(&multiplier.into()),
            None => sum.clone(),
        };
        steps.push(Step::RecordAmounts { records: amounts.records, multiplier: self.multiplier, amount });
        Ok(())
    }
}

/// What records say that they cost, or the first of them that does not.
#[derive(Clone, Debug)]
pub(crate) struct Amounts {
    records: u64,
    sum: Result<Number, RatingError>,
}

impl Default for Amounts {
    fn default() -> Amounts {
        Amounts { records: 0, sum: Ok(Number::ZERO) }
    }
}

impl Amounts {
    pub(super) fn add(&mut self, record: &Measurement) {
        self.records = self.records.saturating_add(1);
        if let Ok(sum) = &self.sum {
            self.sum = amount(record).map(|amount| sum.add(&amount.into()));
        }
    }
}

fn amount(record: &Measurement) -> Result<Amount, RatingError> {
    match record.amount {
        None => Err(RatingError::MissingAmount { quantity: record.quantity.into() }),
        Some(amount) if amount.is_negative() => Err(RatingError::NegativeAmount { amount: amount.into() }),
        Some(amount) => Ok(amount),
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
        let mut said = Amounts::default();
        amounts.iter().map(record).for_each(|record| said.add(&record));
        let mut steps = Vec::new();
        model.price(&Number::ZERO, Some(&said), &mut steps)?;
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
