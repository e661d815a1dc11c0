//! What usage would cost, on the wire.

use billing::id::{ItemPriceId, SubscriptionId};
use billing::time::Timestamp;
use operations::usage_charges::{PeriodPreview, PreviewedCharge, UsagesPreview};
use rating::{Charge, ChargeInputs, Currency, Number, Warning};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What usages would cost.
#[derive(Serialize, ToSchema)]
#[schema(as = UsagesPreview)]
pub struct UsagesPreviewBody {
    /// How many usages were priced.
    usage_count: usize,
    #[serde(flatten)]
    previewed: PreviewedChargeBody,
    /// What is legal in the price, but odd enough to be asked about.
    warnings: Vec<WarningBody>,
}

/// What a period costs, and what it would cost.
#[derive(Serialize, ToSchema)]
#[schema(as = PeriodPreview)]
pub struct PeriodPreviewBody {
    subscription_id: SubscriptionId,
    item_price_id: ItemPriceId,
    currency_code: Currency,
    /// Where the period begins.
    usage_from: Timestamp,
    /// Where it ends, exclusive.
    usage_to: Timestamp,
    /// Its number, from 0.
    period: u32,
    /// How many usages count.
    usage_count: usize,
    /// SHA-256 over them, in lower-case hexadecimal.
    usage_digest: String,
    /// What it costs.
    present: PreviewedChargeBody,
    /// What it would cost.
    previewed: PreviewedChargeBody,
    /// How much more that is; below zero where it is less.
    difference: DifferenceBody,
    /// What is legal in what is said, but odd enough to be asked about.
    warnings: Vec<WarningBody>,
}

/// One amount less another one.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewDifference)]
struct DifferenceBody {
    /// Of the exact amounts.
    unrounded_amount: Number,
    /// Of the rounded amounts, without the taxes that they do not contain.
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: String,
}

/// A charge with all that it is computed from.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedCharge)]
pub struct PreviewedChargeBody {
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
pub struct WarningBody {
    /// What it is.
    detail: String,
    /// The same as data.
    data: Warning,
}

/// Returns what the caller's usages would cost as callers see it.
pub fn of_usages(preview: UsagesPreview) -> UsagesPreviewBody {
    UsagesPreviewBody {
        usage_count: preview.usage_count,
        previewed: charge(preview.previewed),
        warnings: warnings(preview.warnings),
    }
}

/// Returns what a period costs and would cost as callers see it.
pub fn of_period(preview: PeriodPreview) -> PeriodPreviewBody {
    PeriodPreviewBody {
        subscription_id: preview.subscription_id,
        item_price_id: preview.item_price_id,
        currency_code: preview.currency_code,
        usage_from: preview.period.period.start,
        usage_to: preview.period.period.end,
        period: preview.period.number,
        usage_count: preview.usage_count,
        usage_digest: preview.usage_digest,
        present: charge(preview.present),
        previewed: charge(preview.previewed),
        difference: DifferenceBody {
            unrounded_amount: preview.difference.unrounded,
            amount: preview.difference.amount.to_string(),
        },
        warnings: warnings(preview.warnings),
    }
}

fn charge(previewed: PreviewedCharge) -> PreviewedChargeBody {
    let PreviewedCharge { charge, explanation, inputs } = previewed;
    PreviewedChargeBody { charge, explanation, inputs }
}

fn warnings(warnings: Vec<Warning>) -> Vec<WarningBody> {
    warnings.into_iter().map(|warning| WarningBody { detail: warning.to_string(), data: warning }).collect()
}

/// What usages would cost, as an example.
pub fn example() -> Value {
    json!({
        "usage_count": 1,
        "charge": {
            "total_usage": "150",
            "included_usage": "0",
            "on_demand_usage": "150",
            "steps": [
                { "step": "aggregate", "aggregation": "sum", "quantity": "150" },
                {
                    "step": "tier", "from": "0", "to": "100", "quantity": "100",
                    "unit_amount": "0.10", "flat_amount": "0", "amount": "10",
                },
                {
                    "step": "tier", "from": "100", "to": null, "quantity": "50",
                    "unit_amount": "0.08", "flat_amount": "0", "amount": "4",
                },
            ],
            "unrounded_amount": "14",
            "amount": "14.00",
            "currency_code": "USD",
        },
        "explanation": "price: tiered\nusage: 1 records\nsum of the records: 150\n\
            above 0 up to 100: 100 x 0.10 + 0 = 10\nabove 100: 50 x 0.08 + 0 = 4\nexactly: 14\namount: 14.00 USD",
        "inputs": {
            "price": { "model": "tiered", "tiers": [
                { "up_to": "100", "unit_amount": "0.10", "flat_amount": "0" },
                { "up_to": null, "unit_amount": "0.08", "flat_amount": "0" },
            ] },
            "aggregation": "sum",
            "included_usage": "0",
            "bill_zero_usage": false,
            "currency_code": "USD",
            "rounding": "half_away_from_zero",
        },
        "warnings": [],
    })
}
