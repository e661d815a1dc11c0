//! The explained result of rating.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::currency::Currency;
use crate::money::Money;
use crate::number::Number;
use crate::stage::Taxed;
use crate::step::Step;

/// An amount with all that explains it.
///
/// In JSON every number is a string. What was written is read back and written again to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What was used.
    pub total: Number,
    /// The included quantity that was granted, used or not.
    pub included: Number,
    /// What is charged for: `total` less `included`, at least 0, rounded to whole units where the price says so.
    pub billable: Number,
    /// How the amount came about, in order.
    pub steps: Vec<Step>,
    /// The exact sum of the steps' amounts, in major units.
    pub unrounded: Number,
    /// `unrounded`, rounded once to the currency's minor unit.
    pub amount: Money,
    /// `amount` without and with tax; absent where the line has none.
    pub tax: Option<Box<Taxed>>,
}

/// An amount with all that explains it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Charge)]
struct Stored {
    /// What was used.
    total_usage: Number,
    /// The included quantity that was granted, used or not.
    included_usage: Number,
    /// What is charged for.
    on_demand_usage: Number,
    /// How the amount came about, in order.
    steps: Vec<Step>,
    /// The exact sum of the steps' amounts, in major units.
    unrounded_amount: Number,
    /// The same, rounded once to the currency's minor unit.
    amount: String,
    currency_code: Currency,
    /// The amount without and with tax; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tax: Option<Box<Taxed>>,
}

impl PartialSchema for Charge {
    fn schema() -> RefOr<Schema> {
        Stored::schema()
    }
}

impl ToSchema for Charge {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Stored::schemas(schemas);
    }
}

impl Serialize for Charge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored {
            total_usage: self.total.clone(),
            included_usage: self.included.clone(),
            on_demand_usage: self.billable.clone(),
            steps: self.steps.clone(),
            unrounded_amount: self.unrounded.clone(),
            amount: self.amount.to_string(),
            currency_code: self.amount.currency(),
            tax: self.tax.clone(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Charge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        Ok(Charge {
            total: stored.total_usage,
            included: stored.included_usage,
            billable: stored.on_demand_usage,
            steps: stored.steps,
            unrounded: stored.unrounded_amount,
            amount: Money::parse(&stored.amount, stored.currency_code).map_err(serde::de::Error::custom)?,
            tax: stored.tax,
        })
    }
}
