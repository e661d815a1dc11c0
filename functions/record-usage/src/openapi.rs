//! The routes in words and schemas.

use api::Kind;
use api::openapi::{Description, Operation, TimeInput};
use api::usage_json::UsageJson;
use billing::id::{ItemPriceId, SubscriptionId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::ROUTES;
use crate::csv::{Line, Summary};
use crate::record::{Batch, Outcomes};
use crate::usage::Fields;

const TAG: &str = "Usage";

const RECORDING: &str = "Records one usage, or a batch of up to 1,000 that are answered one by one (207).\n\n\
    A usage is known by its price, its `usage_date`, and its `id` where it has one: the same again is answered with what \
    stands (200) and counts once, so that a request without an answer is simply sent again. Other content under the same \
    date and id is a conflict; to correct a usage, delete it and record it anew. Usage for a period that is closed \
    already is kept and answered with `billable: false`, or refused where the site says so.\n\n\
    With `text/csv`, the body is a table of up to 50,000 rows and 4 MiB. Its first row names the columns: \
    `subscription_id` (not where the path names it), `item_price_id`, `usage_date`, `quantity`, `unique_value`, `amount`, \
    `id`, `note`, `from`, `to`; an empty cell is a field that is not given. With `Accept: text/csv`, the answer is the same table with the columns \
    `outcome` and `detail` at its end.";

/// What became of the rows of a table, as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageTableOutcomes)]
struct TableOutcomes {
    summary: Summary,
    outcomes: Vec<Line>,
}

/// Describes the routes.
pub fn openapi() -> Description {
    let of_subscription = Operation::new(
        ("POST", "/v1/subscriptions/{subscription_id}/usages"),
        "recordUsageOfSubscription",
        TAG,
        "Record usage of a subscription",
        RECORDING,
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    let of_several =
        Operation::new(("POST", "/v1/usages"), "recordUsage", TAG, "Record usage of several subscriptions", RECORDING);
    let delete = Operation::new(
        ("DELETE", "/v1/subscriptions/{subscription_id}/usages/{usage_id}"),
        "deleteUsage",
        TAG,
        "Delete a usage",
        "Deletes one version of a usage; also when it is sent again (204). A retry that brings the deleted content back is \
         refused. The id of the system names a version by itself; for an id of your own, `If-Match` does.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .path::<String>(
        "usage_id",
        "The id of the usage: your own, or the one that the system made.",
        "usg_voip-minutes-usd-monthly.if7hj680.if7ilr40",
    )
    .query::<ItemPriceId>("item_price_id", "Where an id of your own stands for several usages: the price.")
    .query::<TimeInput>("usage_date", "Where an id of your own stands for several usages: the date.")
    .header::<String>("If-Match", "The resource_version of a usage with an id of your own, in quotes or without.")
    .empty_answer(204, "It is deleted.")
    .problems(&[Kind::NotFound, Kind::Ambiguous, Kind::LateUsage, Kind::PreconditionFailed, Kind::PreconditionRequired]);
    Description::of(ROUTES)
        .with(recording(of_subscription, one(), "item_price_id,usage_date,quantity", ""))
        .with(recording(
            of_several,
            one_of_several(),
            "subscription_id,item_price_id,usage_date,quantity",
            "voip-acme,",
        ))
        .with(delete)
}

fn recording(operation: Operation, example: Value, columns: &str, subscription: &str) -> Operation {
    let row = format!("{subscription}voip-minutes-usd-monthly,2015-10-01T00:45:00Z,3.5");
    operation
        .body_of_two::<Fields, Batch>(example)
        .text_body("text/csv", &format!("{columns}\n{row}\n"))
        .answer::<UsageJson>(200, "The one usage was there already, with the same content.", usage())
        .answer::<UsageJson>(201, "The one usage is recorded.", usage())
        .answer_of_two::<Outcomes, TableOutcomes>(
            207,
            "A batch or a table: what became of each usage.",
            json!({ "outcomes": [
                { "index": 0, "status": 201, "usage": usage() },
                { "index": 1, "status": 400, "problem": {
                    "type": "/problems/unreadable", "title": "The request cannot be read", "status": 400,
                    "detail": "a quantity is a plain decimal number such as 12.50, without sign +, exponent or spaces",
                    "field": "usages[1].quantity",
                } },
            ] }),
        )
        .text_answer(
            207,
            "A batch or a table: what became of each usage.",
            "text/csv",
            &format!("{columns},outcome,detail\n{row},recorded,\n"),
        )
        .problems(&[
            Kind::NotFound,
            Kind::ConflictingUsage,
            Kind::DeletedUsage,
            Kind::LateUsage,
            Kind::UnknownItemPrice,
            Kind::NotMetered,
            Kind::PriceNotOnSubscription,
            Kind::TooFarAhead,
            Kind::UnsuitableUsage,
            Kind::UsageLimitReached,
        ])
}

fn one() -> Value {
    json!({
        "item_price_id": "voip-minutes-usd-monthly",
        "quantity": "12.5",
        "usage_date": "2015-10-01T00:30:00Z",
    })
}

fn one_of_several() -> Value {
    json!({
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "quantity": "12.5",
        "usage_date": "2015-10-01T00:30:00Z",
    })
}

fn usage() -> Value {
    json!({
        "id": "usg_voip-minutes-usd-monthly.if7hj680.if7ilr40",
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "usage_date": "2015-10-01T00:30:00Z",
        "quantity": "12.5",
        "source": "api",
        "billable": true,
        "updated_at": "2015-10-01T01:00:00Z",
        "resource_version": 1_443_661_200_000_i64,
    })
}
