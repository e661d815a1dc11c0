//! A site that lives through a month: the VoIP service of the ChargeOver document.
//!
//! 10.00 flat and 0.05 a minute, 361 minutes in September 2015, an invoice of 28.05. Everything goes through the HTTP
//! API, as a client would send it, and everything may be sent again: what is there already is answered as such.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::error::Error;
use crate::functions::ROOT_KEY;
use crate::system::System;

/// The key of the demo site.
pub const DEMO_KEY: &str = "local-demo-key";

/// The total that the demo's invoice must have.
pub const TOTAL: &str = "28.05";

const SITE: &str = "/v1/sites/demo";

/// The invoice of the subscription's first boundary.
const INVOICE: &str = "/v1/invoices/inv_voip-acme_1";

/// Days of September 2015 and the minutes spoken: 361 of them.
const MINUTES: [(u8, u16); 12] = [
    (1, 31),
    (3, 18),
    (5, 40),
    (8, 27),
    (10, 35),
    (12, 14),
    (15, 22),
    (17, 45),
    (20, 33),
    (23, 29),
    (26, 38),
    (29, 29),
];

/// One request of the demo.
struct Step {
    says: String,
    key: &'static str,
    method: &'static str,
    path: &'static str,
    body: Value,
}

/// What became of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The invoice's total, as the API wrote it.
    pub total: String,
    /// The invoice as a readable table.
    pub table: String,
}

impl Outcome {
    /// Says whether the invoice has the total of the document.
    pub fn is_right(&self) -> bool {
        self.total == TOTAL
    }
}

/// Loads the demo, lets its month pass and reads its invoice; `say` gets a line for every step.
///
/// # Errors
/// [`Error::Demo`] when an answer is neither a success nor a repetition, or when there is no invoice.
pub async fn run(system: &System, mut say: impl FnMut(&str)) -> Result<Outcome, Error> {
    for step in steps() {
        if is_past(system, &step).await? {
            say(&format!("{} (was past it already)", step.says));
            continue;
        }
        let (status, _) = send(system, &step).await?;
        // What was made now is answered 201, what was there already 200.
        let before = match status {
            StatusCode::CONFLICT => " (was there, and was changed since)",
            StatusCode::OK if step.method == "POST" => " (was there already)",
            _ => "",
        };
        say(&format!("{}{before}", step.says));
    }
    let done = system.settle().await?;
    say(&format!("ran what was due: {} messages worked off", done.deleted));
    let invoice = invoice(system).await?;
    let total = text(&invoice["total"]);
    Ok(Outcome { table: table(&invoice), total })
}

fn steps() -> Vec<Step> {
    let root = |says: &str, path, body| step(says, ROOT_KEY, "POST", path, body);
    let post = |says: &str, path, body| step(says, DEMO_KEY, "POST", path, body);
    let month = json!({ "every": 1, "unit": "month" });
    let mut steps = vec![
        root(
            "site demo, a test site whose clock stands at 2015-09-01",
            "/v1/sites",
            json!({ "id": "demo", "time_zone": "UTC", "grace_seconds": 3600, "test_clock": "2015-09-01T00:00:00Z" }),
        ),
        root(
            "its API key local-demo-key",
            "/v1/api-keys",
            json!({ "site_id": "demo", "scopes": ["admin"], "key": DEMO_KEY }),
        ),
        post(
            "customer acme, payment terms NET 7",
            "/v1/customers",
            json!({
                "id": "acme",
                "name": "Acme",
                "number": "1234",
                "email": "billing@acmecorp.com",
                "payment_terms": "NET 7",
            }),
        ),
        post("item voip-line", "/v1/items", json!({ "id": "voip-line", "name": "VoIP line", "type": "plan" })),
        post(
            "item voip-minutes",
            "/v1/items",
            json!({ "id": "voip-minutes", "name": "VoIP minutes", "type": "addon", "unit_name": "minute" }),
        ),
        post(
            "price voip-line-usd-monthly: 10.00 a month",
            "/v1/item-prices",
            json!({
                "id": "voip-line-usd-monthly",
                "item_id": "voip-line",
                "currency_code": "USD",
                "period": month,
                "billed": "in_arrears",
                "price": { "model": "flat_fee", "amount": "10.00" },
            }),
        ),
        post(
            "price voip-minutes-usd-monthly: 0.05 a minute",
            "/v1/item-prices",
            json!({
                "id": "voip-minutes-usd-monthly",
                "item_id": "voip-minutes",
                "currency_code": "USD",
                "period": month,
                "metered": true,
                "price": { "model": "per_unit", "unit_amount": "0.05" },
            }),
        ),
        post(
            "subscription voip-acme from 2015-09-01, monthly",
            "/v1/subscriptions",
            json!({
                "id": "voip-acme",
                "customer_id": "acme",
                "start_date": "2015-09-01T00:00:00Z",
                "items": [
                    { "item_price_id": "voip-line-usd-monthly" },
                    { "item_price_id": "voip-minutes-usd-monthly" },
                ],
            }),
        ),
    ];
    steps.push(clock("2015-09-30T23:00:00Z"));
    steps.extend(MINUTES.map(|(day, minutes)| {
        post(
            &format!("{minutes} minutes on September {day}"),
            "/v1/subscriptions/voip-acme/usages",
            json!({
                "item_price_id": "voip-minutes-usd-monthly",
                "quantity": minutes.to_string(),
                "usage_date": format!("2015-09-{day:02}T12:00:00Z"),
            }),
        )
    }));
    // The first moment after the period and the hour of grace in which its usage is still taken.
    steps.push(clock("2015-10-01T01:00:00Z"));
    steps
}

fn clock(at: &str) -> Step {
    step(&format!("the site's clock moved to {at}"), DEMO_KEY, "PATCH", SITE, json!({ "test_clock": at }))
}

/// Whether the site's clock stands at that instant or behind it: clocks only move forward.
async fn is_past(system: &System, step: &Step) -> Result<bool, Error> {
    if step.path != SITE {
        return Ok(false);
    }
    let (_, site) = send(system, &self::step("", DEMO_KEY, "GET", SITE, Value::Null)).await?;
    // Both are RFC 3339 in UTC without fractions, which sort as texts.
    Ok(text(&site["test_clock"]) >= text(&step.body["test_clock"]))
}

fn step(says: &str, key: &'static str, method: &'static str, path: &'static str, body: Value) -> Step {
    Step { says: says.to_owned(), key, method, path, body }
}

async fn invoice(system: &System) -> Result<Value, Error> {
    let (_, invoice) = send(system, &step("", DEMO_KEY, "GET", INVOICE, Value::Null)).await?;
    Ok(invoice)
}

async fn send(system: &System, step: &Step) -> Result<(StatusCode, Value), Error> {
    let request = Request::builder()
        .method(step.method)
        .uri(step.path)
        .header(AUTHORIZATION, format!("Bearer {}", step.key))
        .header(CONTENT_TYPE, "application/json");
    let body = if step.body.is_null() { Bytes::new() } else { Bytes::from(step.body.to_string()) };
    let request = request.body(body).map_err(|error| Error::Demo(error.to_string()))?;
    let (parts, body) = system.call(request).await.into_parts();
    // Over a data directory, what the demo made may have been deleted or corrected since.
    let changed_since = parts.status == StatusCode::CONFLICT && step.path.ends_with("/usages");
    if !parts.status.is_success() && !changed_since {
        let body = String::from_utf8_lossy(&body);
        return Err(Error::Demo(format!("{} {} was answered {}: {body}", step.method, step.path, parts.status)));
    }
    let body = serde_json::from_slice(&body).map_err(|error| Error::Demo(format!("an unreadable answer: {error}")))?;
    Ok((parts.status, body))
}

/// The invoice the way a customer would see it.
fn table(invoice: &Value) -> String {
    let field = |name: &str| text(&invoice[name]);
    let mut table = format!("Invoice {}   {}   due {}\n\n", field("number"), field("status"), field("due_date"));
    table += &format!("  {:<28} {:>10} {:>10} {:>10}\n", "", "quantity", "price", "amount");
    for line in invoice["lines"].as_array().into_iter().flatten() {
        let of = |name: &str| text(&line[name]);
        table += &format!(
            "  {:<28} {:>10} {:>10} {:>10}\n",
            of("description"),
            of("quantity"),
            of("unit_amount"),
            of("amount")
        );
    }
    table + &format!("  {:<28} {:>10} {:>10} {:>10}\n", "Total", "", field("currency_code"), field("total"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_add_up_to_those_of_the_document() {
        assert_eq!(MINUTES.iter().map(|(_, minutes)| minutes).sum::<u16>(), 361);
        assert!(MINUTES.contains(&(15, 22)));
    }

    #[test]
    fn an_invoice_is_shown_line_by_line() {
        let shown = table(&json!({
            "number": "1234-1",
            "lines": [{ "description": "VoIP minutes", "quantity": "361", "unit_amount": "0.05", "amount": "18.05" }],
            "total": "28.05",
        }));

        assert!(shown.contains("Invoice 1234-1"), "{shown}");
        assert!(shown.contains("VoIP minutes                        361       0.05      18.05"), "{shown}");
        assert!(shown.ends_with("28.05\n"), "{shown}");
    }
}
