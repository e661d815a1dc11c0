//! Subscriptions: created, read, changed, started and ended.

use api::Kind;
use api::openapi::Operation;
use billing::id::{CustomerId, SubscriptionId};
use serde_json::{Value, json};

use super::documents::{CREATED_ONCE, idempotent};
use crate::subscription::{NewSubscription, SubscriptionBody};
use crate::subscription_change::{Activation, Nothing, PeriodEnd, SubscriptionChange};

const TAG: &str = "Subscriptions";
const ONE: &str = "/v1/subscriptions/{id}";

pub fn operations() -> Vec<Operation> {
    let create = idempotent(Operation::new(
        ("POST", "/v1/subscriptions"),
        "createSubscription",
        TAG,
        "Create a subscription",
        CREATED_ONCE,
    ))
    .body::<NewSubscription>(json!({
        "id": "storage-globex",
        "customer_id": "globex",
        "start_date": "2015-10-01T00:00:00Z",
        "items": [{ "item_price_id": "storage-usd-monthly" }],
    }))
    .answer::<SubscriptionBody<'static>>(200, "It was created before, by the same request.", subscription())
    .answer::<SubscriptionBody<'static>>(
        201,
        "It is created; with its first invoice, if it has started.",
        subscription(),
    )
    .problems(&[Kind::NotFound, Kind::Conflict, Kind::Invalid, Kind::UnknownItemPrice]);
    let list = Operation::new(
        ("GET", "/v1/subscriptions"),
        "listSubscriptions",
        TAG,
        "List subscriptions",
        "Lists subscriptions by customer and id.",
    )
    .query::<CustomerId>("customer_id", "Only subscriptions of this customer.")
    .paged()
    .list::<SubscriptionBody<'static>>("A page of subscriptions.", subscription());
    let read = of_one("GET", ONE, "getSubscription", "Read a subscription", "Reads one subscription.");
    let change = of_one(
        "PATCH",
        ONE,
        "updateSubscription",
        "Change a subscription",
        "Replaces the list of items, or changes settings. A price that is new on the list is on the subscription from now \
         on, one that is not listed any more was on it until now. Where all prices of the list have another period length, \
         the period that runs ends now and the next one, of that length, begins: what this means for its amounts is said \
         at move-period-end. A subscription that has not started has them from its start, and one that ends with its \
         period refuses them.",
    )
    .change::<SubscriptionChange>(json!({ "grace_seconds": 7_200 }))
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::UnknownItemPrice, Kind::PeriodsPending]);
    let activate = of_one(
        "POST",
        "/v1/subscriptions/{id}/activate",
        "activateSubscription",
        "Activate a subscription",
        "Lets a subscription start, now or at a date, and makes its first invoice where prices are billed in advance. \
         Sending it again changes nothing.",
    )
    .body::<Activation>(json!({}))
    .optional_body()
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending]);
    let schedule_cancel = of_one(
        "POST",
        "/v1/subscriptions/{id}/schedule-cancel",
        "scheduleSubscriptionCancel",
        "End a subscription with its period",
        "Lets a subscription end when the period ends that runs. Sending it again changes nothing.",
    )
    .body::<Nothing>(json!({}))
    .optional_body()
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending]);
    let cancel = of_one(
        "POST",
        "/v1/subscriptions/{id}/cancel",
        "cancelSubscription",
        "End a subscription now",
        "Ends a subscription and the period that runs. Its usage until now is billed; recurring amounts are billed whole. \
         Sending it again changes nothing.",
    )
    .body::<Nothing>(json!({}))
    .optional_body()
    .problems(&[Kind::PeriodsPending]);
    vec![create, list, read, change, activate, schedule_cancel, cancel, move_period_end()]
}

fn move_period_end() -> Operation {
    of_one(
        "POST",
        "/v1/subscriptions/{id}/move-period-end",
        "moveSubscriptionPeriodEnd",
        "Move the end of the period that runs",
        "Lets the period that runs end earlier or later, or now. The next period begins there, those behind it are counted \
         from there, and a subscription that ends with its period ends there. Usage belongs to the period that its date \
         lies in, whenever it was recorded. Amounts stay relative to the period as it would have been: where its price has \
         a proration, a flat amount of a shortened period is charged for that part, and that of a stretched one whole; \
         what is held by weighted_sum counts for its part, or for more than one period. What else stands for a period is \
         whole, however long it is: included usage, minimum, maximum, discounts, and recurring amounts without a \
         proration. What was billed in advance is neither credited nor charged again, and the period that begins is \
         billed as any. An end can be moved again until it has come. Sending the same end again changes nothing, also \
         after it has come. A period that is to end now is named by its number, so that a retry does not end the next one.",
    )
    .body::<PeriodEnd>(json!({ "period": 0, "end": "2015-10-20T00:00:00Z" }))
    .problems(&[Kind::Conflict, Kind::Invalid, Kind::PeriodsPending])
}

/// What names one subscription, and answers with it.
fn of_one(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    about: &'static str,
) -> Operation {
    Operation::new((method, path), id, TAG, summary, about)
        .path::<SubscriptionId>("id", "The subscription.", "voip-acme")
        .answer::<SubscriptionBody<'static>>(200, "The subscription as it stands now.", subscription())
        .problems(&[Kind::NotFound])
}

fn subscription() -> Value {
    json!({
        "id": "storage-globex",
        "customer_id": "globex",
        "status": "active",
        "currency_code": "USD",
        "cadence": { "every": 1, "unit": "month", "anchor": "2015-10-01T00:00:00", "time_zone": "UTC" },
        "start_date": "2015-10-01T00:00:00Z",
        "current_period": { "number": 0, "start": "2015-10-01T00:00:00Z", "end": "2015-11-01T00:00:00Z" },
        "items": [{
            "id": "si_7m3k9w2x5t8p4r6v1y0z",
            "item_price_id": "storage-usd-monthly",
            "item_price_version": 1,
            "metered": true,
            "billed": "in_arrears",
            "added_at": "2015-10-01T00:00:00Z",
        }],
        "created_at": "2015-10-01T01:00:00Z",
        "updated_at": "2015-10-01T01:00:00Z",
    })
}
