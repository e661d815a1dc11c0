//! POST: usages, as JSON or as a table.

use api::openapi::Operation;
use api::usage_json::UsageJson;
use api::{Call, Kind, MediaType, Problem};
use billing::id::SubscriptionId;
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::csv::TableOutcomes;
use crate::json::{Batch, Outcomes};
use crate::usage::Fields;
use crate::{Deps, Route, TAG, csv, json};

const RECORDING: &str = "Records one usage, or a batch of up to 1,000 that are answered one by one (207).\n\n\
    A usage is known by its price, its `usage_date`, and its `id` where it has one: the same again is answered with what \
    stands (200) and counts once, so that a request without an answer is simply sent again. Other content under the same \
    date and id is a conflict; to correct a usage, delete it and record it anew. Usage for a period that is closed \
    already is kept and answered with `billable: false`, or refused where the site says so.\n\n\
    With `text/csv`, the body is a table of up to 50,000 rows and 4 MiB. Its first row names the columns: \
    `subscription_id` (not where the path names it), `item_price_id`, `usage_date`, `quantity`, `unique_value`, `amount`, \
    `id`, `note`, `from`, `to`; an empty cell is a field that is not given. With `Accept: text/csv`, the answer is the same table with the columns \
    `outcome` and `detail` at its end.";

/// Records what the body holds, for the subscription of the path where there is one.
pub async fn record(deps: &Deps, call: &Call<Route>, of: Option<SubscriptionId>) -> Result<Response<Body>, Problem> {
    call.query().only(&[])?;
    match call.media_type() {
        Some(MediaType::Json) => json::record(deps, call, of).await,
        Some(MediaType::Csv) => csv::record(deps, call, of).await,
        None => {
            let detail = "send JSON as application/json, or CSV in UTF-8 as text/csv";
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

/// Describes recording usage of a subscription that the path names.
pub fn of_subscription_operation() -> Operation {
    let operation = Operation::new(
        ("POST", "/v1/subscriptions/{subscription_id}/usages"),
        "recordUsageOfSubscription",
        TAG,
        "Record usage of a subscription",
        RECORDING,
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme");
    described(operation, one(), "item_price_id,usage_date,quantity", "")
}

/// Describes recording usage of any number of subscriptions.
pub fn of_several_operation() -> Operation {
    let operation =
        Operation::new(("POST", "/v1/usages"), "recordUsage", TAG, "Record usage of several subscriptions", RECORDING);
    described(operation, one_of_several(), "subscription_id,item_price_id,usage_date,quantity", "voip-acme,")
}

fn described(operation: Operation, example: Value, columns: &str, subscription: &str) -> Operation {
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
