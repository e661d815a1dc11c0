//! What the published examples look like in `rating.json`; a field that is not named here fails the test.

use rating::{Aggregation, Number, Quantity};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    pub id: String,
    pub model: String,
    pub params: Value,
    pub usage: Value,
    pub expected_amount: String,
    pub expected_exact: Option<String>,
    pub currency: String,
    #[serde(rename = "source")]
    pub _source: String,
    #[serde(rename = "note")]
    pub _note: String,
    #[serde(rename = "basis")]
    pub _basis: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerUnitParams {
    pub unit: String,
    pub round: Option<Round>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierParams {
    pub tiers: Vec<VectorTier>,
    #[serde(default)]
    pub zero_usage_bills_first_flat: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorTier {
    pub up_to: Option<String>,
    pub unit: String,
    pub flat: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageParams {
    pub package_size: String,
    pub package_price: String,
    pub free_units: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncrementalParams {
    pub tiers: Vec<VectorTier>,
    pub already_billed_quantity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PercentageParams {
    pub rate_percent: String,
    pub fixed_per_event: String,
    pub free_events: u64,
    pub free_amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumParams {
    pub minimum: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaximumParams {
    pub maximum: String,
    pub already_billed_amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProrationParams {
    pub amount: String,
    pub days_used: u64,
    pub days_in_period: u64,
    pub round: Round,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundParams {
    pub round: UnitRound,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRound {
    pub dp: i32,
    pub mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedParams {
    pub period_start: String,
    pub period_end: String,
    pub initial: Number,
    pub unit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapParams {
    pub cap: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceParams {
    pub lines: Vec<String>,
    pub tax_percent: String,
    pub round: Round,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregationParams {
    pub aggregation: Aggregation,
    pub field: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    pub dp: u8,
    pub mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantityUsage {
    pub quantity: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventUsage {
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub ts: String,
    pub value: Quantity,
    pub user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaUsage {
    pub deltas: Vec<Delta>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    pub ts: String,
    pub value: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionUsage {
    pub transactions: Vec<Quantity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountUsage {
    pub event_amounts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatedUsage {
    pub rated_amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargesUsage {
    pub charges: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinutesUsage {
    pub quantity: Quantity,
    pub unit: String,
}
