//! An item price on the wire.

use billing::catalog::{Billed, ItemPrice, PeriodLength, price_options};
use billing::id::{FeatureId, ItemId, ItemPriceId};
use billing::time::Timestamp;
use rating::{Aggregation, Amount, Currency, Discounts, Price, ProrationBasis, Quantity, Tax, UnitRounding, Warning};
use serde::Serialize;
use utoipa::ToSchema;

use crate::documents::Shown;

#[derive(Serialize, ToSchema)]
#[schema(as = ItemPrice)]
pub struct ItemPriceBody<'a> {
    id: &'a ItemPriceId,
    item_id: &'a ItemId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_name: Option<&'a str>,
    /// 1 at first, one more with each change.
    version: u32,
    currency_code: Currency,
    period: PeriodLength,
    metered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<&'a FeatureId>,
    billed: Billed,
    aggregation: Aggregation,
    included_usage: Quantity,
    bill_zero_usage: bool,
    price: &'a Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_rounding: Option<UnitRounding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proration: Option<ProrationBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<&'a Tax>,
    /// What is legal in the price, but odd enough to be asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<WarningBody>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// One oddity of a price, in words and as data.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceWarning)]
pub struct WarningBody {
    /// What it is.
    detail: String,
    /// The same as data.
    data: Warning,
}

impl Shown for ItemPrice {
    fn body(&self) -> impl Serialize {
        ItemPriceBody {
            id: &self.id,
            item_id: &self.item_id,
            name: &self.name,
            unit_name: self.unit_name.as_deref(),
            version: self.version,
            currency_code: self.currency_code,
            period: self.period,
            metered: self.metered,
            feature_id: self.feature_id.as_ref(),
            billed: self.billed,
            aggregation: self.aggregation,
            included_usage: self.included_usage,
            bill_zero_usage: self.bill_zero_usage,
            price: &self.price,
            unit_rounding: self.unit_rounding,
            minimum_amount: self.minimum_amount,
            maximum_amount: self.maximum_amount,
            proration: self.proration,
            tax: self.tax.as_ref(),
            warnings: price_options::inputs(self, &Discounts::default())
                .warnings()
                .into_iter()
                .map(warning_body)
                .collect(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn warning_body(warning: Warning) -> WarningBody {
    WarningBody { detail: warning.to_string(), data: warning }
}
