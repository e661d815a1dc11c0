//! An item price that a caller asks for.

use api::canonical::{add_given, canonical_numbers};
use api::request_digest;
use billing::catalog::{Billed, PeriodLength};
use billing::id::{FeatureId, ItemId, ItemPriceId};
use operations::catalogue;
use rating::{Aggregation, Amount, Currency, Price, ProrationBasis, Quantity, Tax, TaxRate, UnitRounding};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItemPrice {
    id: Option<ItemPriceId>,
    item_id: ItemId,
    /// The name on invoice lines; the item's, where it is left out.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    currency_code: Currency,
    /// How long a billing period is.
    period: PeriodLength,
    /// Whether it is billed by recorded usage; false, where it is left out.
    metered: Option<bool>,
    /// What its usage is counted against.
    feature_id: Option<FeatureId>,
    /// When it is billed: in_arrears where it is metered, otherwise in_advance unless said.
    billed: Option<Billed>,
    /// How the usages of a period become one quantity: sum, where it is left out.
    aggregation: Option<Aggregation>,
    /// Usage that costs nothing, in each period.
    included_usage: Option<Quantity>,
    /// Whether a period without usage is billed the first flat amount.
    bill_zero_usage: Option<bool>,
    price: Price,
    /// How the quantity is rounded before it is priced.
    unit_rounding: Option<UnitRounding>,
    /// The least that a period is charged; above 0, also one without usage.
    minimum_amount: Option<Amount>,
    /// The most that a period is charged.
    maximum_amount: Option<Amount>,
    /// What is counted where it is on a subscription for a part of a period only: amounts that stand for a period are then
    /// charged for that part. Whole, where it is left out. Only what is billed in_arrears can be prorated.
    proration: Option<ProrationBasis>,
    /// The taxes on its amounts, or in them where they are inclusive.
    tax: Option<Tax>,
}

impl NewItemPrice {
    /// Whether the caller named it.
    pub fn is_named(&self) -> bool {
        self.id.is_some()
    }

    /// The digest of the request.
    pub fn digest(&self) -> String {
        // The name is left as it was asked for: the item's may be another one by the time the request is repeated.
        let mut request = json!({
            "id": self.id,
            "item_id": self.item_id,
            "name": self.name,
            "currency_code": self.currency_code,
            "period": self.period,
            "metered": self.is_metered(),
            "feature_id": self.feature_id,
            "billed": self.billed(),
            "aggregation": self.aggregation.unwrap_or_default(),
            "included_usage": self.included_usage.unwrap_or(Quantity::ZERO).canonical(),
            "bill_zero_usage": self.bill_zero_usage.unwrap_or(false),
            "price": canonical_price(&self.price),
        });
        add_given(&mut request, "unit_rounding", &self.unit_rounding);
        add_given(&mut request, "minimum_amount", &self.minimum_amount);
        add_given(&mut request, "maximum_amount", &self.maximum_amount);
        add_given(&mut request, "proration", &self.proration);
        if let Some(tax) = &self.tax {
            request["tax"] = canonical_tax(tax);
        }
        request_digest(&request)
    }

    /// What is asked for, with what is left out filled in.
    pub fn asked(self) -> catalogue::NewItemPrice {
        catalogue::NewItemPrice {
            metered: self.is_metered(),
            billed: self.billed(),
            id: self.id,
            item_id: self.item_id,
            name: self.name,
            currency_code: self.currency_code,
            period: self.period,
            feature_id: self.feature_id,
            aggregation: self.aggregation.unwrap_or_default(),
            included_usage: self.included_usage.unwrap_or(Quantity::ZERO),
            bill_zero_usage: self.bill_zero_usage.unwrap_or(false),
            price: self.price,
            unit_rounding: self.unit_rounding,
            minimum_amount: self.minimum_amount,
            maximum_amount: self.maximum_amount,
            proration: self.proration,
            tax: self.tax,
        }
    }

    fn is_metered(&self) -> bool {
        self.metered.unwrap_or(false)
    }

    fn billed(&self) -> Billed {
        self.billed.unwrap_or(if self.is_metered() { Billed::InArrears } else { Billed::InAdvance })
    }
}

/// Numbers are the same however they are written, names are not.
fn canonical_tax(tax: &Tax) -> Value {
    let rate = |rate: &TaxRate| json!([rate.name, canonical_numbers(json!(rate.percent))]);
    json!({ "rates": tax.rates().iter().map(rate).collect::<Vec<_>>(), "inclusive": tax.is_inclusive() })
}

fn canonical_price(price: &Price) -> Value {
    canonical_numbers(json!(price))
}
