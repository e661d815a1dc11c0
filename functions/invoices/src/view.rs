//! Invoices on the wire.

use operations::invoices::Shown;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use billing::id::{CustomerId, InvoiceId, ItemPriceId, SubscriptionId, SubscriptionItemId};
use billing::invoice::{Invoice, InvoiceStatus, LineItem, Rated, Standing};
use billing::time::{BillingPeriod, Timestamp};
use rating::{Amount, ChargeInputs, Currency, Money, Number, Percent, Step, TaxLine, TaxRounding, Taxed};

/// An invoice with its lines: rated live while it is pending, frozen afterwards.
#[derive(Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceBody {
    id: InvoiceId,
    /// Given when it is closed: the number of the customer, and a count without gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SubscriptionId, required)]
    subscription_id: Option<SubscriptionId>,
    customer_id: CustomerId,
    status: InvoiceStatus,
    currency_code: Currency,
    /// The one that ended; at the activation, the one that begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<BillingPeriod>,
    lines: Vec<LineBody>,
    /// The sum of the lines, where any of them has a tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    subtotal: Option<String>,
    /// The taxes of the lines, those of equal rates together.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_lines: Option<Vec<TaxLineBody>>,
    /// Where they were rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_rounding: Option<TaxRounding>,
    /// The sum of the lines and of the taxes that they do not contain; absent where they cannot be rated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    total: Option<String>,
    /// What is left to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount_due: Option<String>,
    /// Why there are no amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    unrated_reason: Option<String>,
    generated_at: Timestamp,
    /// When a pending invoice is closed by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    /// When it is due, in the time zone of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    due_date: Option<String>,
}

/// One tax of the lines of an invoice.
#[derive(Serialize, ToSchema)]
#[schema(as = InvoiceTaxLine)]
struct TaxLineBody {
    name: String,
    percent: Percent,
    /// Whether the taxed amount contains it, so that it adds nothing to the total.
    inclusive: bool,
    /// The sum of the lines that it was taken of.
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    taxed_amount: String,
    unrounded_amount: Number,
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LineItem)]
struct LineBody {
    id: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SubscriptionItemId, required)]
    subscription_item_id: Option<SubscriptionItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ItemPriceId, required)]
    item_price_id: Option<ItemPriceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required)]
    item_price_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_name: Option<String>,
    period: BillingPeriod,
    quantity: Number,
    /// The price of a unit, where every unit has the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_amount: Option<Amount>,
    included_usage: Number,
    total_usage: Number,
    on_demand_usage: Number,
    steps: Vec<Step>,
    unrounded_amount: Number,
    /// Rounded once, to the minor unit of the currency.
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: String,
    /// The amount without and with tax, each rate rounded for this line alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Box<Taxed>>,
    /// How many usages were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_count: Option<usize>,
    /// SHA-256 over the usages that were counted, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_digest: Option<String>,
    /// What the amount was computed from, beside the usages or the quantity; absent on lines of invoices that were closed
    /// before it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<ChargeInputs<'static>>,
    /// What was held when the period ended, which the next one begins with; only where quantities are held (weighted_sum).
    #[serde(skip_serializing_if = "Option::is_none")]
    held_at_end: Option<Number>,
}

/// Puts an invoice with what it says into the shape of the wire; one that cannot be rated has the reason and no amounts.
pub fn invoice_body(shown: Shown) -> InvoiceBody {
    match shown.rated {
        Ok(rated) => rated_body(shown.invoice, rated),
        Err(reason) => unrated_body(shown.invoice, reason),
    }
}

/// The period is the one that ended; at the activation, where none did, the one that begins.
fn rated_body(invoice: Invoice, rated: Rated) -> InvoiceBody {
    let nothing = Money::zero(invoice.currency_code).to_string();
    let total = rated.total.to_string();
    // The sum is part of the total, so that it is representable.
    let subtotal = rated.tax.as_ref().and_then(|_| rated.subtotal().ok()).map(|subtotal| subtotal.to_string());
    let (tax_rounding, taxed) = rated.tax.map(|tax| (tax.rounding, tax.taxed)).unzip();
    let Standing { is_rated_live: pending, is_owed, .. } = invoice.status.standing();
    let closing = invoice.closing.as_ref();
    InvoiceBody {
        id: invoice.id(),
        number: closing.and_then(|closing| closing.number.clone()),
        status: invoice.status,
        currency_code: invoice.currency_code,
        period: invoice.ended.or(invoice.begun),
        lines: rated.lines.into_iter().map(line_body).collect(),
        subtotal,
        tax_lines: taxed.map(|taxed| taxed.taxes.into_iter().map(tax_line_body).collect()),
        tax_rounding,
        amount_due: Some(if is_owed { total.clone() } else { nothing }),
        total: Some(total),
        unrated_reason: None,
        generated_at: invoice.generated_at,
        closes_at: pending.then_some(invoice.closes_at),
        closed_at: closing.map(|closing| closing.closed_at),
        due_date: closing.map(|closing| closing.due_date.to_string()),
        subscription_id: invoice.subscription_id().cloned(),
        customer_id: invoice.customer_id,
    }
}

/// The shape of an invoice that has no amounts, for the given reason.
fn unrated_body(invoice: Invoice, reason: String) -> InvoiceBody {
    let rated = Rated { lines: Vec::new(), tax: None, total: Money::zero(invoice.currency_code) };
    InvoiceBody { total: None, amount_due: None, unrated_reason: Some(reason), ..rated_body(invoice, rated) }
}

fn tax_line_body(tax: TaxLine) -> TaxLineBody {
    TaxLineBody {
        name: tax.name,
        percent: tax.percent,
        inclusive: tax.inclusive,
        taxed_amount: tax.taxed_amount.to_string(),
        unrounded_amount: tax.unrounded,
        amount: tax.amount.to_string(),
    }
}

fn line_body(line: LineItem) -> LineBody {
    let charge = line.charge;
    LineBody {
        id: line.id,
        description: line.description,
        subscription_item_id: line.subscription_item_id,
        item_price_id: line.item_price_id,
        item_price_version: line.item_price_version,
        unit_name: line.unit_name,
        period: line.period,
        quantity: charge.billable.clone(),
        unit_amount: unit_amount(&charge.steps),
        included_usage: charge.included,
        total_usage: charge.total,
        on_demand_usage: charge.billable,
        steps: charge.steps,
        unrounded_amount: charge.unrounded,
        amount: charge.amount.to_string(),
        tax: charge.tax,
        usage_count: line.usage_count,
        usage_digest: line.usage_digest,
        inputs: line.inputs,
        held_at_end: line.held_at_end,
    }
}

/// The price of a unit, where every unit has the same.
fn unit_amount(steps: &[Step]) -> Option<Amount> {
    steps.iter().find_map(|step| match step {
        Step::Units { unit_amount, .. } => Some(*unit_amount),
        _ => None,
    })
}

/// An invoice as an example.
pub fn example() -> Value {
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

#[cfg(test)]
mod tests {
    use billing::catalog::Billed;
    use billing::id::ItemPriceId;
    use billing::invoice::{Closing, InvoiceItem, InvoiceOwner};
    use rating::{Measurement, Quantity, rate_usage};

    use super::*;

    fn rated() -> Rated {
        let price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#).unwrap();
        let usd = "USD".parse().unwrap();
        let inputs = ChargeInputs { included: "100".parse().unwrap(), ..ChargeInputs::new(&price, usd) };
        let minutes = Measurement::new(0, None, "461".parse().unwrap());
        let charge = rate_usage(&inputs, &[minutes]).unwrap().unwrap();
        let total = charge.amount;
        let line = LineItem {
            id: "li_si_1".to_owned(),
            description: "VoIP minutes".to_owned(),
            source: None,
            subscription_item_id: Some("si".parse().unwrap()),
            item_price_id: Some(minutes_id()),
            item_price_version: Some(2),
            unit_name: Some("minute".to_owned()),
            period: september(),
            usage_count: Some(1),
            usage_digest: Some("ab".to_owned()),
            inputs: Some(inputs.into_owned()),
            held_at_end: None,
            charge,
        };
        Rated { lines: vec![line], tax: None, total }
    }

    fn minutes_id() -> ItemPriceId {
        "minutes".parse().unwrap()
    }

    fn september() -> BillingPeriod {
        BillingPeriod::new("2015-09-01T00:00:00Z".parse().unwrap(), "2015-10-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    fn pending() -> Invoice {
        let item = InvoiceItem {
            subscription_item_id: "si".parse().unwrap(),
            item_price_id: minutes_id(),
            version: 2,
            metered: true,
            takes_usage: true,
            only_sealed: false,
            billed: Billed::InArrears,
            quantity: Quantity::ZERO,
            included_usage: None,
            discounts: Default::default(),
        };
        Invoice {
            owner: InvoiceOwner::boundary("voip".parse().unwrap(), 1),
            customer_id: "acme".parse().unwrap(),
            currency_code: "USD".parse().unwrap(),
            status: InvoiceStatus::Pending,
            ended: Some(september()),
            begun: None,
            items: vec![item],
            generated_at: "2015-10-01T00:00:00Z".parse().unwrap(),
            closes_at: "2015-10-01T01:00:00Z".parse().unwrap(),
            closing: None,
        }
    }

    #[test]
    fn a_pending_invoice_says_when_it_closes_and_has_no_number() {
        let body = serde_json::to_value(rated_body(pending(), rated())).unwrap();

        assert_eq!(
            body,
            json!({
                "id": "inv_voip_1",
                "subscription_id": "voip",
                "customer_id": "acme",
                "status": "pending",
                "currency_code": "USD",
                "period": { "start": "2015-09-01T00:00:00Z", "end": "2015-10-01T00:00:00Z" },
                "lines": [{
                    "id": "li_si_1",
                    "description": "VoIP minutes",
                    "subscription_item_id": "si",
                    "item_price_id": "minutes",
                    "item_price_version": 2,
                    "unit_name": "minute",
                    "period": { "start": "2015-09-01T00:00:00Z", "end": "2015-10-01T00:00:00Z" },
                    "quantity": "361",
                    "unit_amount": "0.05",
                    "included_usage": "100",
                    "total_usage": "461",
                    "on_demand_usage": "361",
                    "steps": [
                        { "step": "aggregate", "aggregation": "sum", "quantity": "461" },
                        { "step": "included", "quantity": "100" },
                        { "step": "units", "quantity": "361", "unit_amount": "0.05", "amount": "18.05" },
                    ],
                    "unrounded_amount": "18.05",
                    "amount": "18.05",
                    "usage_count": 1,
                    "usage_digest": "ab",
                    "inputs": {
                        "price": { "model": "per_unit", "unit_amount": "0.05" },
                        "aggregation": "sum",
                        "included_usage": "100",
                        "bill_zero_usage": false,
                        "currency_code": "USD",
                        "rounding": "half_away_from_zero",
                    },
                }],
                "total": "18.05",
                "amount_due": "18.05",
                "generated_at": "2015-10-01T00:00:00Z",
                "closes_at": "2015-10-01T01:00:00Z",
            })
        );
    }

    #[test]
    fn a_paid_invoice_has_a_number_and_nothing_due() {
        let Rated { lines, tax, total } = rated();
        let mut paid = pending();
        paid.status = InvoiceStatus::Paid;
        paid.closing = Some(Closing {
            closed_at: "2015-10-01T01:00:00Z".parse().unwrap(),
            number: Some("1234-1".to_owned()),
            due_date: serde_json::from_str("\"2015-10-08\"").unwrap(),
            lines: lines.clone(),
            tax: None,
            total: total.to_string(),
        });

        let body = serde_json::to_value(rated_body(paid, Rated { lines, tax, total })).unwrap();

        assert_eq!((&body["number"], &body["due_date"]), (&json!("1234-1"), &json!("2015-10-08")));
        assert_eq!((&body["total"], &body["amount_due"]), (&json!("18.05"), &json!("0.00")));
        assert_eq!(body.get("closes_at"), None);
    }
}
