//! The routes in words and schemas.

use api::Kind;
use api::openapi::{Description, Operation, TimeInput};
use api::usage_json::UsageJson;
use billing::id::{FeatureId, InvoiceId, ItemPriceId, SubscriptionId};
use serde_json::{Value, json};

use crate::ROUTES;
use crate::charge::UsageCharge;
use crate::preview::{BroughtPreview, NewPreview, PeriodPreview};

const CHARGES: &str = "What the usage of each item price costs in one period, as of now: one charge for each price that \
    takes usage and was on the subscription then. Amounts are exact until `amount`, which is rounded once; `steps` say how \
    it came about. A running period is computed anew each time, a closed one stays as its invoice froze it.";

/// Describes the routes.
pub fn openapi() -> Description {
    let of_subscription = Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usage-charges"),
        "listUsageChargesOfSubscription",
        "Usage charges",
        "See what a subscription's usage costs",
        CHARGES,
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    let of_site = Operation::new(
        ("GET", "/v1/usage-charges"),
        "listUsageCharges",
        "Usage charges",
        "See what usage costs",
        CHARGES,
    )
    .required_query::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    let preview = Operation::new(
        ("POST", "/v1/usage-charges/preview"),
        "previewUsageCharge",
        "Usage charges",
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
    .answer_of_two::<BroughtPreview, PeriodPreview<'static>>(200, "What it would cost.", previewed())
    .problems(&[Kind::NotFound, Kind::Invalid, Kind::PriceNotOnSubscription]);
    let list = Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usages"),
        "listUsages",
        "Usage",
        "List usages",
        "Lists recorded usage of a subscription by `usage_date`, over all of its prices.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .query::<ItemPriceId>("item_price_id", "Only usage of this price.")
    .query::<TimeInput>("usage_date_from", "Only usage from then on, inclusive.")
    .query::<TimeInput>("usage_date_to", "Only usage before then.")
    .query::<InvoiceId>(
        "invoice_id",
        "Only usage that this closed invoice billed, as it was billed: what was deleted or corrected later is still there.",
    )
    .query::<String>("source", "Only usage that came here so: api or bulk_operation.")
    .query::<String>("sort", "asc, or desc: the newest first.")
    .paged()
    .list::<UsageJson>("A page of usages.", usage())
    .problems(&[Kind::NotFound]);
    let get = Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usages/{usage_id}"),
        "getUsage",
        "Usage",
        "Read a usage",
        "Reads one usage. An id of your own may stand for several usages of different prices or dates; the query says which.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .path::<String>("usage_id", "The id of the usage: your own, or the one that the system made.", "call-7")
    .query::<ItemPriceId>("item_price_id", "The price of the usage.")
    .query::<TimeInput>("usage_date", "The date of the usage.")
    .answer::<UsageJson>(200, "The usage.", usage())
    .problems(&[Kind::NotFound, Kind::Ambiguous]);
    Description::of(ROUTES).with(charges(of_subscription)).with(charges(of_site)).with(preview).with(list).with(get)
}

fn charges(operation: Operation) -> Operation {
    operation
        .query::<FeatureId>("feature_id", "Only prices that are counted against this feature.")
        .query::<ItemPriceId>("item_price_id", "Only this price.")
        .query::<u32>(
            "period",
            "The number of the period, from 0; the one that runs, or the last one, where it is left out.",
        )
        .list::<UsageCharge<'static>>("The charges, all of them.", charge())
        .problems(&[Kind::NotFound, Kind::Invalid])
}

fn usage() -> Value {
    json!({
        "id": "call-7",
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "usage_date": "2015-10-01T00:40:00Z",
        "quantity": "30",
        "source": "api",
        "billable": true,
        "updated_at": "2015-10-01T01:00:00Z",
        "resource_version": 1_443_661_200_000_i64,
    })
}

fn charge() -> Value {
    json!({
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "included_usage": "0",
        "total_usage": "49.75",
        "on_demand_usage": "49.75",
        "metered_item_price_id": "voip-minutes-usd-monthly",
        "amount": "2.49",
        "currency_code": "USD",
        "usage_from": "2015-10-01T00:00:00Z",
        "usage_to": "2015-11-01T00:00:00Z",
        "period": 1,
        "status": "open",
        "steps": [
            { "step": "aggregate", "aggregation": "sum", "quantity": "49.75" },
            { "step": "units", "quantity": "49.75", "unit_amount": "0.05", "amount": "2.4875" },
        ],
        "unrounded_amount": "2.4875",
        "usage_count": 3,
    })
}

fn previewed() -> Value {
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
