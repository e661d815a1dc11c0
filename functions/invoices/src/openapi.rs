//! The routes in words and schemas.

use serde_json::{Value, json};

use api::Kind;
use api::openapi::{Description, Operation};
use billing::id::{CustomerId, InvoiceId, SubscriptionId};
use billing::invoice::InvoiceStatus;
use store::Stuck;

use crate::ROUTES;
use crate::close::Nothing;
use crate::view::InvoiceBody;

const TAG: &str = "Invoices";

/// Describes the routes.
pub fn openapi() -> Description {
    let list = Operation::new(
        ("GET", "/v1/invoices"),
        "listInvoices",
        TAG,
        "List invoices",
        "Lists invoices by customer, and by when they were generated; those without a line are left out. A pending one is \
         rated anew whenever it is read.",
    )
    .query::<CustomerId>("customer_id", "Only invoices of this customer.")
    .query::<SubscriptionId>("subscription_id", "Only invoices of this subscription.")
    .query::<InvoiceStatus>("status", "Only invoices that stand so; empty ones are in no list.")
    .paged()
    .list::<InvoiceBody>("A page of invoices.", invoice());
    let read = Operation::new(
        ("GET", "/v1/invoices/{id}"),
        "getInvoice",
        TAG,
        "Read an invoice",
        "Reads one invoice: what it would say if it were closed now while it is pending, and what was frozen afterwards.",
    )
    .path::<InvoiceId>("id", "The invoice.", "inv_voip-acme_1")
    .answer::<InvoiceBody>(200, "The invoice.", invoice())
    .problems(&[Kind::NotFound]);
    let close = Operation::new(
        ("POST", "/v1/invoices/{id}/close"),
        "closeInvoice",
        TAG,
        "Close a pending invoice",
        "Numbers and freezes a pending invoice before its grace has run out. One that is closed already is answered as it \
         stands. Invoices of a subscription are closed in order.",
    )
    .path::<InvoiceId>("id", "The invoice.", "inv_voip-acme_1")
    .body::<Nothing>(json!({}))
    .optional_body()
    .answer::<InvoiceBody>(200, "The closed invoice.", invoice())
    .problems(&[Kind::NotFound, Kind::EarlierInvoicePending, Kind::Invalid]);
    let stuck = Operation::new(
        ("GET", "/v1/stuck"),
        "listStuck",
        TAG,
        "List what is stuck",
        "Lists subscriptions whose invoices keep failing to be generated or closed, with the reason. They are tried again by \
         themselves, with growing distance; once the cause is gone, they leave the list.",
    )
    .paged()
    .list::<Stuck>("A page of what is stuck.", stuck());
    Description::of(ROUTES).with(list).with(read).with(close).with(stuck)
}

fn invoice() -> Value {
    let september = json!({ "start": "2015-09-01T00:00:00Z", "end": "2015-10-01T00:00:00Z" });
    json!({
        "id": "inv_voip-acme_1",
        "number": "1234-1",
        "subscription_id": "voip-acme",
        "customer_id": "acme",
        "status": "payment_due",
        "currency_code": "USD",
        "period": september,
        "lines": [{
            "id": "li_voip-acme.minutes_1",
            "description": "VoIP minutes",
            "subscription_item_id": "voip-acme.minutes",
            "item_price_id": "voip-minutes-usd-monthly",
            "item_price_version": 1,
            "unit_name": "minute",
            "period": september,
            "quantity": "361",
            "unit_amount": "0.05",
            "included_usage": "0",
            "total_usage": "361",
            "on_demand_usage": "361",
            "steps": [
                { "step": "aggregate", "aggregation": "sum", "quantity": "361" },
                { "step": "units", "quantity": "361", "unit_amount": "0.05", "amount": "18.05" },
            ],
            "unrounded_amount": "18.05",
            "amount": "18.05",
            "usage_count": 12,
            "usage_digest": "4fac02890832fd5eb0523e55047c740eecb39154cbb1d47d240b145bef9574ca",
            "inputs": {
                "price": { "model": "per_unit", "unit_amount": "0.05" },
                "aggregation": "sum",
                "included_usage": "0",
                "bill_zero_usage": false,
                "currency_code": "USD",
                "rounding": "half_away_from_zero",
            },
        }],
        "total": "18.05",
        "amount_due": "18.05",
        "generated_at": "2015-10-01T00:00:00Z",
        "closed_at": "2015-10-01T01:00:00Z",
        "due_date": "2015-10-08",
    })
}

fn stuck() -> Value {
    json!({
        "subscription_id": "voip-acme",
        "reason": "the usage of voip-minutes-usd-monthly cannot be rated: the quantity 11 is beyond the last tier, which ends at 10",
        "failures": 3,
        "first_failed_at": "2015-10-01T01:00:00Z",
        "next_attempt_at": "2015-10-01T01:40:00Z",
    })
}
