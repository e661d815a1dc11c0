//! POST preview: what usage would cost, with nothing stored.
//!
//! Either of usages that the request brings along, or of a stored period of a subscription beside what that costs now.

mod body;

use api::openapi::{DecimalInput, Operation, SignedDecimalInput, TimeInput};
use api::{Call, Kind, NumberText, Problem, json_response};
use billing::id::{ItemPriceId, SubscriptionId, UsageId};
use billing::time::TimeText;
use lambda_http::{Body, Response};
use operations::usage_charges::{self, Preview, PreviewTerms, PreviewUsage};
use rating::{Aggregation, Amount, Currency, Discounts, Price, ProrationBasis, Quantity, Tax, UnitRounding};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use self::body::{PeriodPreviewBody, UsagesPreviewBody};
use crate::{CHARGES_TAG, Deps, Route};

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

/// Answers with what usage would cost.
pub async fn preview(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&[])?;
    let new: NewPreview = call.json()?;
    let preview = usage_charges::preview(&deps.store, call.site()?, &new.asked(), call.now).await?;
    Ok(match preview {
        Preview::Usages(usages) => json_response(200, &body::of_usages(*usages)),
        Preview::Period(period) => json_response(200, &body::of_period(*period)),
    })
}

impl NewPreview {
    fn asked(self) -> usage_charges::NewPreview {
        usage_charges::NewPreview {
            subscription_id: self.subscription_id,
            item_price_id: self.item_price_id,
            period: self.period,
            currency_code: self.currency_code,
            usages: self.usages.map(|usages| usages.into_iter().map(NewUsage::asked).collect()),
            from: self.from.as_ref().map(time_text),
            to: self.to.as_ref().map(time_text),
            terms: PreviewTerms {
                price: self.price,
                aggregation: self.aggregation,
                included_usage: self.included_usage,
                bill_zero_usage: self.bill_zero_usage,
                discounts: self.discounts,
                unit_rounding: self.unit_rounding,
                minimum_amount: self.minimum_amount,
                maximum_amount: self.maximum_amount,
                proration: self.proration,
                tax: self.tax,
            },
        }
    }
}

impl NewUsage {
    fn asked(self) -> PreviewUsage {
        PreviewUsage {
            usage_date: time_text(&self.usage_date),
            quantity: self.quantity.as_str().to_owned(),
            id: self.id,
            unique_value: self.unique_value,
            amount: self.amount.map(|amount| amount.as_str().to_owned()),
        }
    }
}

fn time_text(text: &NumberText) -> TimeText {
    TimeText::from(text.as_str())
}

/// Describes the preview.
pub fn operation() -> Operation {
    Operation::new(
        ("POST", "/v1/usage-charges/preview"),
        "previewUsageCharge",
        CHARGES_TAG,
        "See what usage would cost",
        "Prices usages that the request brings along, or with `subscription_id` the stored usage of one of its periods by \
         what is said instead of its price: then the answer has what it costs, what it would cost, and the difference. \
         Nothing is stored.",
    )
    .body::<NewPreview>(json!({
        "price": { "model": "tiered", "tiers": [{ "up_to": "100", "unit_amount": "0.10" }, { "unit_amount": "0.08" }] },
        "currency_code": "USD",
        "usages": [{ "usage_date": "2015-10-01T00:30:00Z", "quantity": "150" }],
    }))
    .answer_of_two::<UsagesPreviewBody, PeriodPreviewBody>(200, "What it would cost.", body::example())
    .problems(&[Kind::NotFound, Kind::Invalid, Kind::PriceNotOnSubscription])
}
