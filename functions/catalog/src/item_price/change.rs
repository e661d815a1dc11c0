//! A change of an item price.

use operations::catalogue;
use rating::{Aggregation, Amount, Price, ProrationBasis, Quantity, Tax, UnitRounding};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::or_none::{AmountOrNone, ProrationBasisOrNone, TaxOrNone, UnitRoundingOrNone};

/// What a version may change; the rest is what subscriptions rely on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemPriceChange {
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// It asks the same of each usage as before: to or from unique_count or weighted_sum is another item price.
    #[serde(default, deserialize_with = "api::optional::present")]
    aggregation: Option<Aggregation>,
    #[serde(default, deserialize_with = "api::optional::present")]
    included_usage: Option<Quantity>,
    #[serde(default, deserialize_with = "api::optional::present")]
    bill_zero_usage: Option<bool>,
    /// It asks the same of each usage as before: to or from dynamic is another item price.
    #[serde(default, deserialize_with = "api::optional::present")]
    price: Option<Price>,
    /// Null for none, as with all options below.
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<UnitRoundingOrNone>)]
    unit_rounding: Option<Option<UnitRounding>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<AmountOrNone>)]
    minimum_amount: Option<Option<Amount>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<AmountOrNone>)]
    maximum_amount: Option<Option<Amount>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<ProrationBasisOrNone>)]
    proration: Option<Option<ProrationBasis>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<TaxOrNone>)]
    tax: Option<Option<Tax>>,
}

impl ItemPriceChange {
    /// What is asked for.
    pub fn asked(self) -> catalogue::ItemPriceChange {
        catalogue::ItemPriceChange {
            name: self.name,
            aggregation: self.aggregation,
            included_usage: self.included_usage,
            bill_zero_usage: self.bill_zero_usage,
            price: self.price,
            unit_rounding: self.unit_rounding,
            minimum_amount: self.minimum_amount,
            maximum_amount: self.maximum_amount,
            proration: self.proration,
            tax: self.tax,
        }
    }
}
