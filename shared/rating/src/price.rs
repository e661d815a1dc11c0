//! Prices: the pricing models, one file each.
//!
//! A model is a struct with its numbers, checked once when it is constructed, and a function from a quantity to steps.
//! To add one: a file in `price/` with its case table, its fields in `price/fields.rs`, an arm in each `match` below, a row
//! in the tests' vectors.

mod dynamic;
mod fields;
mod flat_fee;
mod graduated_percentage;
mod package;
mod per_record;
mod per_unit;
mod percentage;
mod stairstep;
mod tiered;
mod volume;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use dynamic::Dynamic;
pub use flat_fee::FlatFee;
pub use graduated_percentage::{GraduatedPercentage, PercentTier};
pub use package::Package;
pub(crate) use per_record::PerRecord;
pub use per_unit::PerUnit;
pub use percentage::{Percentage, PercentageTerms};
pub use stairstep::Stairstep;
pub use tiered::Tiered;
pub use volume::Volume;

use self::fields::{Fields, Model};
use crate::error::RatingError;
use crate::ladder::Rung;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::step::Step;

/// How a quantity becomes an amount.
///
/// In JSON it is an object tagged by `model`; a field that the model does not know is refused.
///
/// # Examples
/// ```
/// use rating::{Price, Step};
///
/// let price: Price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
/// assert_eq!(Step::sum(&price.price(&361.into())?).to_text(), "18.05");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "model", rename_all = "snake_case", try_from = "Fields")]
pub enum Price {
    /// One amount, whatever the quantity.
    FlatFee(FlatFee),
    /// Every unit at the same price.
    PerUnit(PerUnit),
    /// Each unit at the price of the tier that it lies in.
    Tiered(Tiered),
    /// All units at the price of the tier that the quantity reaches.
    Volume(Volume),
    /// One amount for the tier that the quantity reaches.
    Stairstep(Stairstep),
    /// Whole packages.
    Package(Package),
    /// A share of the money of each record, and an amount for each.
    Percentage(Percentage),
    /// A share of money by the tier that it lies in.
    GraduatedPercentage(GraduatedPercentage),
    /// What the records say.
    Dynamic(Dynamic),
}

/// What a price per record adds at most.
const MOST_STEPS_OF_RECORDS: usize = 5;

impl Price {
    /// Returns the steps that price a quantity, in order; their exact sum is the unrounded amount in major units.
    ///
    /// A quantity of 0 enters no tier, so that only a flat fee costs anything then. A price per record takes the
    /// quantity as one record.
    ///
    /// # Errors
    /// `NegativeUsage`; `BeyondLastTier` where the last tier is closed; `MissingAmount` where records say what they
    /// cost.
    pub fn price(&self, quantity: &Number) -> Result<Vec<Step>, RatingError> {
        let mut steps = Vec::with_capacity(self.most_steps());
        self.add_steps(quantity, None, &mut steps)?;
        Ok(steps)
    }

    /// Adds the steps that price a quantity, or the records that make it up, and returns the sum of their amounts.
    #[inline]
    pub(crate) fn add_steps(
        &self,
        quantity: &Number,
        records: Option<&PerRecord>,
        steps: &mut Vec<Step>,
    ) -> Result<Number, RatingError> {
        if quantity.is_negative() {
            return Err(RatingError::NegativeUsage { quantity: quantity.clone() });
        }
        let before = steps.len();
        match self {
            Price::FlatFee(model) => model.price(steps),
            Price::PerUnit(model) => model.price(quantity, steps),
            Price::Tiered(model) => return model.price(quantity, steps),
            Price::Volume(model) => model.price(quantity, steps)?,
            Price::Stairstep(model) => model.price(quantity, steps)?,
            Price::Package(model) => model.price(quantity, steps)?,
            Price::Percentage(model) => model.price(quantity, records.and_then(PerRecord::tally), steps),
            Price::GraduatedPercentage(model) => return model.price(quantity, steps),
            Price::Dynamic(model) => model.price(quantity, records.and_then(PerRecord::amounts), steps)?,
        }
        Ok(Step::sum(steps.get(before..).unwrap_or_default()))
    }

    /// Returns the steps of a period in which nothing was used, where that is billed: the flat fee, or the flat amount
    /// of the first tier, or no step at all.
    pub fn price_zero_usage(&self) -> Vec<Step> {
        let first_flat_amount = match self {
            Price::FlatFee(model) => model.amount(),
            Price::PerUnit(_) | Price::Package(_) | Price::Percentage(_) | Price::Dynamic(_) => return Vec::new(),
            Price::Tiered(model) => model.tiers().first_flat_amount(),
            Price::Volume(model) => model.tiers().first_flat_amount(),
            Price::Stairstep(model) => model.tiers().first_flat_amount(),
            Price::GraduatedPercentage(model) => model.first_flat_amount(),
        };
        vec![Step::Flat { amount: first_flat_amount.into() }]
    }

    /// The name of the model, as in JSON.
    pub fn model(&self) -> &'static str {
        match self {
            Price::FlatFee(_) => "flat_fee",
            Price::PerUnit(_) => "per_unit",
            Price::Tiered(_) => "tiered",
            Price::Volume(_) => "volume",
            Price::Stairstep(_) => "stairstep",
            Price::Package(_) => "package",
            Price::Percentage(_) => "percentage",
            Price::GraduatedPercentage(_) => "graduated_percentage",
            Price::Dynamic(_) => "dynamic",
        }
    }

    /// Whether each record has a price of its own, so that nothing can be done to the quantity as a whole.
    pub(crate) fn is_per_record(&self) -> bool {
        matches!(self, Price::Percentage(_) | Price::Dynamic(_))
    }

    /// What it keeps of records, before the first of them.
    #[inline]
    pub(crate) fn per_record(&self) -> PerRecord {
        match self {
            Price::Percentage(model) => PerRecord::Percentage(Box::new(model.tally())),
            Price::Dynamic(_) => PerRecord::Dynamic(dynamic::Amounts::default()),
            _ => PerRecord::Unseen,
        }
    }

    /// Whether it matters which record comes first.
    pub(crate) fn is_by_order(&self) -> bool {
        matches!(self, Price::Percentage(model) if model.has_allowance())
    }

    /// Returns the greatest quantity that it has an amount for: where its last tier ends. None where every quantity has one.
    pub fn greatest_quantity(&self) -> Option<Quantity> {
        self.rungs().last().and_then(|last| last.to)
    }

    /// Its tiers, where it has any.
    pub(crate) fn rungs(&self) -> &[Rung] {
        match self {
            Price::Tiered(model) => model.tiers().ladder().rungs(),
            Price::Volume(model) => model.tiers().ladder().rungs(),
            Price::Stairstep(model) => model.tiers().ladder().rungs(),
            Price::GraduatedPercentage(model) => model.rungs(),
            Price::FlatFee(_) | Price::PerUnit(_) | Price::Package(_) => &[],
            Price::Percentage(_) | Price::Dynamic(_) => &[],
        }
    }

    /// Room for the steps of a charge.
    pub(crate) fn most_steps(&self) -> usize {
        match self {
            Price::Tiered(_) | Price::GraduatedPercentage(_) => self.rungs().len(),
            Price::Percentage(_) => MOST_STEPS_OF_RECORDS,
            _ => 1,
        }
    }
}

impl TryFrom<Fields> for Price {
    type Error = PriceError;

    fn try_from(fields: Fields) -> Result<Self, PriceError> {
        fields.check()?;
        Ok(match fields.model {
            Model::FlatFee => Price::FlatFee(FlatFee::new(required(fields.amount, "amount")?)?),
            Model::PerUnit => Price::PerUnit(PerUnit::new(required(fields.unit_amount, "unit_amount")?)?),
            Model::Tiered => Price::Tiered(Tiered::new(fields.unit_tiers()?)),
            Model::Volume => Price::Volume(Volume::new(fields.unit_tiers()?)),
            Model::Stairstep => Price::Stairstep(Stairstep::new(fields.unit_tiers()?)?),
            Model::Package => Price::Package(Package::new(
                required(fields.package_size, "package_size")?,
                required(fields.package_amount, "package_amount")?,
            )?),
            Model::Percentage => Price::Percentage(Percentage::new(PercentageTerms {
                percent: required(fields.percent, "percent")?,
                amount_per_record: fields.amount_per_record,
                free_records: fields.free_records,
                free_amount: fields.free_amount,
                minimum_per_record: fields.minimum_per_record,
                maximum_per_record: fields.maximum_per_record,
            })?),
            Model::GraduatedPercentage => {
                Price::GraduatedPercentage(GraduatedPercentage::new(&fields.percent_tiers()?)?)
            }
            Model::Dynamic => Price::Dynamic(Dynamic::new(fields.multiplier)?),
        })
    }
}

fn required<T>(value: Option<T>, field: &'static str) -> Result<T, PriceError> {
    value.ok_or(PriceError::Missing { field })
}

/// The one caller of the models' case tables.
#[cfg(test)]
fn priced(json: &str, quantity: &str) -> Result<(Vec<Step>, String), RatingError> {
    let price: Price = serde_json::from_str(json).unwrap();
    let steps = price.price(&quantity.parse().unwrap())?;
    let amount = Step::sum(&steps).to_text();
    Ok((steps, amount))
}

/// The amounts of the steps, in order.
#[cfg(test)]
fn amounts(steps: &[Step]) -> Vec<String> {
    steps.iter().filter_map(Step::amount).map(Number::to_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_of_each_model_stays() {
        for golden in [
            r#"{"model":"flat_fee","amount":"10.00"}"#,
            r#"{"model":"per_unit","unit_amount":"0.05"}"#,
            r#"{"model":"tiered","tiers":[{"up_to":null,"unit_amount":"1","flat_amount":"0"}]}"#,
            r#"{"model":"volume","tiers":[{"up_to":"5","unit_amount":"1","flat_amount":"0","package_size":"2"}]}"#,
            r#"{"model":"stairstep","tiers":[{"up_to":"5","unit_amount":"0","flat_amount":"9.90"}]}"#,
            r#"{"model":"package","package_size":"1000","package_amount":"5"}"#,
            r#"{"model":"percentage","percent":"1.20"}"#,
            concat!(
                r#"{"model":"percentage","percent":"1.2","amount_per_record":"0.10","free_records":3,"#,
                r#""free_amount":"500","minimum_per_record":"0.50","maximum_per_record":"20"}"#,
            ),
            r#"{"model":"graduated_percentage","tiers":[{"up_to":"1000","percent":"1.0","flat_amount":"200"}]}"#,
            r#"{"model":"dynamic"}"#,
            r#"{"model":"dynamic","multiplier":"1.20"}"#,
        ] {
            let price: Price = serde_json::from_str(golden).unwrap();
            assert_eq!(serde_json::to_string(&price).unwrap(), golden);
        }
    }

    #[test]
    fn a_negative_quantity_has_no_price() {
        let error = priced(r#"{"model":"flat_fee","amount":"1"}"#, "-0.5").unwrap_err();
        assert_eq!(error, RatingError::NegativeUsage { quantity: "-0.5".parse().unwrap() });
    }

    #[test]
    fn zero_usage_costs_the_flat_fee_or_the_first_tiers_flat_amount() {
        for (json, amounts_of_steps) in [
            (r#"{"model":"flat_fee","amount":"10.00"}"#, vec!["10"]),
            (r#"{"model":"per_unit","unit_amount":"0.05"}"#, vec![]),
            (r#"{"model":"tiered","tiers":[{"up_to":"5","flat_amount":"2"},{"flat_amount":"3"}]}"#, vec!["2"]),
            (r#"{"model":"volume","tiers":[{"unit_amount":"1"}]}"#, vec!["0"]),
            (r#"{"model":"stairstep","tiers":[{"flat_amount":"50"}]}"#, vec!["50"]),
            (r#"{"model":"package","package_size":"10","package_amount":"5"}"#, vec![]),
            (r#"{"model":"percentage","percent":"10","amount_per_record":"1"}"#, vec![]),
            (r#"{"model":"graduated_percentage","tiers":[{"percent":"1","flat_amount":"200"}]}"#, vec!["200"]),
            (r#"{"model":"dynamic"}"#, vec![]),
        ] {
            let price: Price = serde_json::from_str(json).unwrap();
            assert_eq!(amounts(&price.price_zero_usage()), amounts_of_steps, "{json}");
        }
    }
}
