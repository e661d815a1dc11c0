//! A price as it is written in JSON, with the fields of all models.
//!
//! A tagged enum would be read in one piece before its model is known, and a mistake in it told without its place. These
//! fields are read one by one, in any order; which of them belong together is checked when all are there.

use serde::{Deserialize, Deserializer};

use super::graduated_percentage::PercentTier;
use crate::amount::Amount;
use crate::percent::Percent;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::tier::Tier;
use crate::tiers::Tiers;

/// What stands in the field `model`.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Model {
    FlatFee,
    PerUnit,
    Tiered,
    Volume,
    Stairstep,
    Package,
    Percentage,
    GraduatedPercentage,
    Dynamic,
}

/// The fields of all models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) model: Model,
    #[serde(default, deserialize_with = "present")]
    pub(super) amount: Option<Amount>,
    #[serde(default, deserialize_with = "present")]
    pub(super) unit_amount: Option<Amount>,
    #[serde(default, deserialize_with = "present")]
    tiers: Option<Vec<TierFields>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) package_size: Option<Quantity>,
    #[serde(default, deserialize_with = "present")]
    pub(super) package_amount: Option<Amount>,
    #[serde(default, deserialize_with = "present")]
    pub(super) percent: Option<Percent>,
    #[serde(default)]
    pub(super) amount_per_record: Option<Amount>,
    #[serde(default)]
    pub(super) free_records: Option<u64>,
    #[serde(default)]
    pub(super) free_amount: Option<Amount>,
    #[serde(default)]
    pub(super) minimum_per_record: Option<Amount>,
    #[serde(default)]
    pub(super) maximum_per_record: Option<Amount>,
    #[serde(default)]
    pub(super) multiplier: Option<Quantity>,
}

/// The fields of the tiers of all models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFields {
    #[serde(default)]
    up_to: Option<Quantity>,
    #[serde(default, deserialize_with = "present")]
    unit_amount: Option<Amount>,
    #[serde(default, deserialize_with = "present")]
    percent: Option<Percent>,
    #[serde(default, deserialize_with = "present")]
    flat_amount: Option<Amount>,
    #[serde(default)]
    package_size: Option<Quantity>,
}

/// Reads a field that may be left out, but is not null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Model {
    /// What stands in JSON, and the fields that the model knows.
    fn name_and_fields(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Model::FlatFee => ("flat_fee", &["amount"]),
            Model::PerUnit => ("per_unit", &["unit_amount"]),
            Model::Tiered => ("tiered", &["tiers"]),
            Model::Volume => ("volume", &["tiers"]),
            Model::Stairstep => ("stairstep", &["tiers"]),
            Model::Package => ("package", &["package_size", "package_amount"]),
            Model::Percentage => (
                "percentage",
                &[
                    "percent",
                    "amount_per_record",
                    "free_records",
                    "free_amount",
                    "minimum_per_record",
                    "maximum_per_record",
                ],
            ),
            Model::GraduatedPercentage => ("graduated_percentage", &["tiers"]),
            Model::Dynamic => ("dynamic", &["multiplier"]),
        }
    }
}

impl Fields {
    /// Refuses a field that the model would have to ignore.
    pub(super) fn check(&self) -> Result<(), PriceError> {
        let said = [
            ("amount", self.amount.is_some()),
            ("unit_amount", self.unit_amount.is_some()),
            ("tiers", self.tiers.is_some()),
            ("package_size", self.package_size.is_some()),
            ("package_amount", self.package_amount.is_some()),
            ("percent", self.percent.is_some()),
            ("amount_per_record", self.amount_per_record.is_some()),
            ("free_records", self.free_records.is_some()),
            ("free_amount", self.free_amount.is_some()),
            ("minimum_per_record", self.minimum_per_record.is_some()),
            ("maximum_per_record", self.maximum_per_record.is_some()),
            ("multiplier", self.multiplier.is_some()),
        ];
        let (model, known) = self.model.name_and_fields();
        match said.into_iter().find(|(field, is_said)| *is_said && !known.contains(field)) {
            Some((field, _)) => Err(PriceError::NotInModel { field: field.to_owned(), model }),
            None => Ok(()),
        }
    }

    pub(super) fn unit_tiers(&self) -> Result<Tiers, PriceError> {
        let tier = |(index, tier): (usize, &TierFields)| {
            self.refuse(index, "percent", tier.percent.is_some())?;
            Ok(Tier {
                up_to: tier.up_to,
                unit_amount: tier.unit_amount.unwrap_or_default(),
                flat_amount: tier.flat_amount.unwrap_or_default(),
                package_size: tier.package_size,
            })
        };
        Tiers::new(self.tiers()?.iter().enumerate().map(tier).collect::<Result<_, _>>()?)
    }

    pub(super) fn percent_tiers(&self) -> Result<Vec<PercentTier>, PriceError> {
        let tier = |(index, tier): (usize, &TierFields)| {
            self.refuse(index, "unit_amount", tier.unit_amount.is_some())?;
            self.refuse(index, "package_size", tier.package_size.is_some())?;
            Ok(PercentTier {
                up_to: tier.up_to,
                percent: tier.percent.unwrap_or_default(),
                flat_amount: tier.flat_amount.unwrap_or_default(),
            })
        };
        self.tiers()?.iter().enumerate().map(tier).collect()
    }

    fn tiers(&self) -> Result<&[TierFields], PriceError> {
        self.tiers.as_deref().ok_or(PriceError::Missing { field: "tiers" })
    }

    /// Refuses a field of a tier that the model would have to ignore.
    fn refuse(&self, index: usize, field: &str, is_said: bool) -> Result<(), PriceError> {
        let (model, _) = self.model.name_and_fields();
        match is_said {
            true => Err(PriceError::NotInModel { field: format!("tiers[{index}].{field}"), model }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::price::Price;

    #[test]
    fn what_is_not_a_price_is_refused_by_name() {
        for (json, told) in [
            (r#"{"amount":"1"}"#, "missing field `model`"),
            (r#"{"model":"gift","amount":"1"}"#, "unknown variant `gift`"),
            (r#"{"model":"flat_fee"}"#, "missing field `amount`"),
            (r#"{"model":"flat_fee","amount":"1","tiers":[]}"#, "`tiers` has no meaning in a flat_fee price"),
            (r#"{"model":"flat_fee","amount":"1","gift":"1"}"#, "unknown field `gift`"),
            (r#"{"model":"flat_fee","amount":"-1"}"#, "`amount` is not negative"),
            (r#"{"model":"flat_fee","amount":1}"#, "invalid type: integer `1`, expected an amount as a string"),
            (r#"{"model":"flat_fee","amount":null}"#, "invalid type: null, expected an amount as a string"),
            (r#"{"model":"per_unit","unit_amount":"-1"}"#, "`unit_amount` is not negative"),
            (r#"{"model":"per_unit","unit_amount":"1","unit_price":"1"}"#, "unknown field `unit_price`"),
            (r#"{"model":"per_unit"}"#, "missing field `unit_amount`"),
            (r#"{"model":"tiered"}"#, "missing field `tiers`"),
            (r#"{"model":"tiered","tiers":[]}"#, "`tiers` has at least one entry"),
            (r#"{"model":"tiered","tiers":[{}],"unit_amount":"1"}"#, "`unit_amount` has no meaning in a tiered price"),
            (r#"{"model":"tiered","tiers":[{"percent":"1"}]}"#, "`tiers[0].percent` has no meaning in a tiered price"),
            (r#"{"model":"tiered","tiers":[{"unit_amount":null}]}"#, "invalid type: null"),
            (r#"{"model":"volume","tiers":[{"unit_amount":"-1"}]}"#, "`tiers[0].unit_amount` is not negative"),
            (r#"{"model":"volume","tiers":[{}],"free":"1"}"#, "unknown field `free`"),
            (
                r#"{"model":"stairstep","tiers":[{"up_to":"1"},{"unit_amount":"1"}]}"#,
                "`tiers[1].unit_amount` has no meaning in a stairstep price",
            ),
            (
                r#"{"model":"stairstep","tiers":[{"package_size":"1"}]}"#,
                "`tiers[0].package_size` has no meaning in a stairstep price",
            ),
            (r#"{"model":"package","package_size":"0","package_amount":"1"}"#, "`package_size` is greater than 0"),
            (r#"{"model":"package","package_size":"1","package_amount":"-1"}"#, "`package_amount` is not negative"),
            (r#"{"model":"package","package_size":"1"}"#, "missing field `package_amount`"),
            (r#"{"model":"package","package_amount":"1"}"#, "missing field `package_size`"),
            (r#"{"model":"percentage"}"#, "missing field `percent`"),
            (r#"{"model":"percentage","percent":"-1"}"#, "`percent` is not negative"),
            (r#"{"model":"percentage","percent":"1","free_amount":"-1"}"#, "`free_amount` is not negative"),
            (
                r#"{"model":"percentage","percent":"1","minimum_per_record":"-1"}"#,
                "`minimum_per_record` is not negative",
            ),
            (
                r#"{"model":"percentage","percent":"1","maximum_per_record":"-1"}"#,
                "`maximum_per_record` is not negative",
            ),
            (r#"{"model":"percentage","percent":"1","amount_per_record":"-1"}"#, "`amount_per_record` is not negative"),
            (r#"{"model":"percentage","percent":"1","free_records":-1}"#, "invalid value: integer `-1`"),
            (r#"{"model":"percentage","percent":"1","rate":"1"}"#, "unknown field `rate`"),
            (r#"{"model":"graduated_percentage","tiers":[]}"#, "`tiers` has at least one entry"),
            (r#"{"model":"graduated_percentage","tiers":[{"percent":"-1"}]}"#, "`tiers[0].percent` is not negative"),
            (
                r#"{"model":"graduated_percentage","tiers":[{"unit_amount":"1"}]}"#,
                "`tiers[0].unit_amount` has no meaning in a graduated_percentage price",
            ),
            (
                r#"{"model":"graduated_percentage","tiers":[{},{"package_size":"1"}]}"#,
                "`tiers[1].package_size` has no meaning in a graduated_percentage price",
            ),
            (r#"{"model":"dynamic","multiplier":"0"}"#, "`multiplier` is greater than 0"),
            (r#"{"model":"dynamic","amount":"1"}"#, "`amount` has no meaning in a dynamic price"),
        ] {
            let error = serde_json::from_str::<Price>(json).unwrap_err().to_string();
            assert!(error.starts_with(told), "{json}: {error}");
        }
    }

    #[test]
    fn the_fields_of_a_price_stand_in_any_order() {
        let read = |json: &str| serde_json::from_str::<Price>(json).unwrap();
        assert_eq!(
            read(r#"{"package_amount":"5","package_size":"10","model":"package"}"#),
            read(r#"{"model":"package","package_size":"10","package_amount":"5"}"#)
        );
    }
}
