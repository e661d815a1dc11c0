//! POST preview: what usage would cost, with nothing stored.
//!
//! Either of usages that the request brings along, or of a stored period of a subscription beside what that costs now.

mod brought;
mod stored;
mod terms;

use api::openapi::{DecimalInput, SignedDecimalInput, TimeInput};
use api::{Call, Kind, NumberText, Problem};
use billing::id::{ItemPriceId, SubscriptionId, UsageId};
use lambda_http::{Body, Response};
use rating::{
    Aggregation, Amount, Charge, ChargeInputs, Currency, Discounts, Price, PriceError, ProrationBasis, Quantity,
    RatingError, Tax, UnitRounding, Warning,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Deps, Route};

pub use brought::BroughtPreview;
pub use stored::PeriodPreview;

/// What is to be priced, and by what: usages by a price, or a subscription's period by what is said instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPreview {
    /// Whose stored usage is priced; without it, the usages of the request are.
    subscription_id: Option<SubscriptionId>,
    /// The price; with a subscription, the one whose usage is priced.
    item_price_id: Option<ItemPriceId>,
    /// The period of the subscription; the one that runs, where it is left out.
    period: Option<u32>,
    /// Needed where neither a subscription nor an item price says it.
    currency_code: Option<Currency>,
    /// What is used, at most 1,000 usages; only without a subscription.
    #[schema(max_items = 1000)]
    usages: Option<Vec<NewUsage>>,
    /// Where the time begins over which quantities are held (weighted_sum); only without a subscription.
    #[schema(value_type = Option<TimeInput>)]
    from: Option<NumberText>,
    /// Where it ends.
    #[schema(value_type = Option<TimeInput>)]
    to: Option<NumberText>,
    /// Instead of the item price's, as are all fields below; where one may be null, that takes the option away.
    #[serde(default, deserialize_with = "api::optional::present")]
    price: Option<Price>,
    #[serde(default, deserialize_with = "api::optional::present")]
    aggregation: Option<Aggregation>,
    #[serde(default, deserialize_with = "api::optional::present")]
    included_usage: Option<Quantity>,
    #[serde(default, deserialize_with = "api::optional::present")]
    bill_zero_usage: Option<bool>,
    /// Instead of the item's; an empty list takes them away.
    #[serde(default, deserialize_with = "api::optional::present")]
    discounts: Option<Discounts>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<UnitRounding>)]
    unit_rounding: Option<Option<UnitRounding>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<Amount>)]
    minimum_amount: Option<Option<Amount>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<Amount>)]
    maximum_amount: Option<Option<Amount>>,
    /// Only with a subscription, whose period tells which part of it is charged for.
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<ProrationBasis>)]
    proration: Option<Option<ProrationBasis>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<Tax>)]
    tax: Option<Option<Tax>>,
}

/// One usage that is not stored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PreviewUsage)]
struct NewUsage {
    #[schema(value_type = TimeInput)]
    usage_date: NumberText,
    /// Below zero only where quantities are held (weighted_sum).
    #[schema(value_type = SignedDecimalInput)]
    quantity: NumberText,
    /// Tells apart usages that share an instant.
    id: Option<UsageId>,
    /// What unique_count counts once.
    #[schema(min_length = 1, max_length = 200)]
    unique_value: Option<String>,
    /// What a dynamic price charges.
    #[schema(value_type = Option<DecimalInput>)]
    amount: Option<NumberText>,
}

/// A charge with all that it is computed from.
#[derive(Serialize, ToSchema)]
pub struct PreviewedCharge {
    /// Absent where nothing is charged: there is no usage, and nothing is billed without.
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
    /// The same in words, a line for each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    /// What it is computed from, beside the usage.
    inputs: ChargeInputs<'static>,
}

/// What is legal in a price, but odd, in words and as data.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewWarning)]
pub struct WarningText {
    /// What it is.
    detail: String,
    /// The same as data.
    data: Warning,
}

/// Answers with what usage would cost.
pub async fn preview(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&[])?;
    let new: NewPreview = call.json()?;
    match &new.subscription_id {
        Some(id) => stored::preview(deps, call, id, &new).await,
        None => brought::preview(deps, call, &new).await,
    }
}

fn warnings(inputs: &ChargeInputs) -> Vec<WarningText> {
    let told = |warning: Warning| WarningText { detail: warning.to_string(), data: warning };
    inputs.warnings().into_iter().map(told).collect()
}

fn invalid(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Invalid, detail).field(field)
}

/// Why there is no charge, by the field that has to change.
fn unrateable(error: RatingError) -> Problem {
    let field = match &error {
        RatingError::Inputs(PriceError::NotInModel { field, .. } | PriceError::NegativeAmount { field }) => field,
        RatingError::Inputs(PriceError::EmptyWindow) => "to",
        RatingError::NegativeIncluded { .. } => "included_usage",
        RatingError::BeyondLastTier { .. }
        | RatingError::NegativeUsage { .. }
        | RatingError::NegativeAmount { .. }
        | RatingError::MissingUniqueValue { .. }
        | RatingError::MissingAmount { .. }
        | RatingError::OutsideWindow { .. } => "usages",
        _ => "price",
    };
    invalid(field, error.to_string())
}
