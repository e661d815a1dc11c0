//! What usages that the caller brings along would cost.

use std::collections::HashSet;

use billing::catalog::{ItemPrice, OwnTerms, RecordRules, charge_inputs};
use billing::id::UsageId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::{TimeText, Timestamp, Zone};
use billing::usage::{Content, LONGEST_UNIQUE_VALUE};
use rating::{Amount, ChargeInputs, Discounts, Measurement, Number, Quantity, Warning, Window, rate_usage};
use store::Store;

use super::terms::is_held;
use super::{NewPreview, PreviewedCharge, unrateable};
use crate::error::failed;

const MOST_USAGES: usize = 1_000;

/// One usage that is not stored; its numbers and its date are read once the price is known that they are to suit.
#[derive(Clone, Debug)]
pub struct PreviewUsage {
    /// When it was used.
    pub usage_date: TimeText,
    /// How much was used, in decimal; below zero only where quantities are held.
    pub quantity: String,
    /// Tells apart usages that share an instant.
    pub id: Option<UsageId>,
    /// What a `unique_count` counts once.
    pub unique_value: Option<String>,
    /// What a dynamic price charges, in decimal.
    pub amount: Option<String>,
}

/// What usages would cost.
#[derive(Clone, Debug)]
pub struct UsagesPreview {
    /// How many usages were priced.
    pub usage_count: usize,
    /// What they would cost.
    pub previewed: PreviewedCharge,
    /// What is legal in the price, but odd enough to be asked about.
    pub warnings: Vec<Warning>,
}

pub(super) async fn preview(store: &Store, site: &Site, new: &NewPreview) -> Result<UsagesPreview, Refusal> {
    let usages = new.usages.as_deref();
    let usages = usages.ok_or_else(|| Refusal::invalid("usages", "say usages, or a subscription_id"))?;
    if usages.len() > MOST_USAGES {
        return Err(Refusal::invalid("usages", format!("a preview has at most {MOST_USAGES} usages")));
    }
    let only_stored = [("period", new.period.is_some()), ("proration", new.terms.proration.is_some())];
    if let Some((field, _)) = only_stored.into_iter().find(|(_, is_said)| *is_said) {
        return Err(Refusal::invalid(field, format!("{field} has a meaning only with a subscription_id")));
    }
    let item_price = match &new.item_price_id {
        Some(id) => {
            let found = store.get::<ItemPrice>(&site.id, id.as_str()).await.map_err(failed)?;
            let missing = || Refusal::invalid("item_price_id", format!("there is no item price {id}"));
            Some(found.ok_or_else(missing)?.value)
        }
        None => None,
    };
    let none = Discounts::default();
    let own = OwnTerms { included_usage: None, discounts: &none };
    let inputs = new.terms.replaced(inputs(new, item_price.as_ref(), own, site)?)?;
    let window = window(new, is_held(&inputs), site.time_zone)?;
    let inputs = ChargeInputs { window, ..inputs };
    let rules = RecordRules::of(inputs.aggregation, &inputs.price, true);
    let measurements = measurements(usages, rules, site.time_zone)?;
    let charge = rate_usage(&inputs, &measurements).map_err(unrateable)?;
    let explanation = charge
        .as_ref()
        .map(|charge| format!("price: {}\nusage: {} records\n{charge}", inputs.price.model(), measurements.len()));
    Ok(UsagesPreview {
        usage_count: measurements.len(),
        warnings: inputs.warnings(),
        previewed: PreviewedCharge { charge, explanation, inputs: inputs.into_owned() },
    })
}

/// What the charge is computed from before the terms replace any of it: the item price, or the price that is said.
fn inputs<'a>(
    new: &'a NewPreview,
    item_price: Option<&'a ItemPrice>,
    own: OwnTerms<'a>,
    site: &Site,
) -> Result<ChargeInputs<'a>, Refusal> {
    match (item_price, &new.terms.price, new.currency_code) {
        (Some(price), _, Some(currency)) if price.currency_code != currency => {
            Err(Refusal::invalid("currency_code", format!("the item price is in {}", price.currency_code)))
        }
        (Some(price), ..) => Ok(charge_inputs(price, own, site.rounding)),
        (None, Some(price), Some(currency)) => {
            Ok(ChargeInputs { rounding: site.rounding, ..ChargeInputs::new(price, currency) })
        }
        (None, None, _) => Err(Refusal::invalid("price", "say a price, or an item_price_id")),
        (None, Some(_), None) => Err(Refusal::invalid("currency_code", "say the currency of the price")),
    }
}

/// The time over which quantities are held; nothing is held when it begins.
fn window(new: &NewPreview, is_held: bool, zone: Zone) -> Result<Option<Window>, Refusal> {
    let time = |field: &'static str, given: &Option<TimeText>| match (is_held, given) {
        (true, Some(text)) => time(field, text, zone).map(|time| Some(time.millis())),
        (true, None) => Err(Refusal::invalid(field, "weighted_sum needs from and to, over which quantities are held")),
        (false, Some(_)) => {
            let detail = "from and to have a meaning only where the aggregation is weighted_sum";
            Err(Refusal::invalid(field, detail))
        }
        (false, None) => Ok(None),
    };
    let (from, to) = (time("from", &new.from)?, time("to", &new.to)?);
    Ok(from.zip(to).map(|(from, to)| Window::new(from, to, Number::ZERO)))
}

/// The usages as rating looks at them, where they say what the price asks for; the same one twice would be recorded once.
fn measurements(usages: &[PreviewUsage], rules: RecordRules, zone: Zone) -> Result<Vec<Measurement<'_>>, Refusal> {
    let mut seen = HashSet::new();
    let mut measurements = Vec::with_capacity(usages.len());
    for (index, usage) in usages.iter().enumerate() {
        let measurement = measurement(usage, index, zone)?;
        let content = Content {
            unique_value: usage.unique_value.clone(),
            amount: measurement.amount,
            ..Content::new(measurement.quantity)
        };
        rules.check(&content).map_err(|wrong| Refusal::invalid(place(index, wrong.field()), wrong.to_string()))?;
        if !seen.insert((measurement.date_ms, measurement.id)) {
            let detail = "a usage with this date and id is there already; tell them apart by their ids";
            return Err(Refusal::invalid(place(index, "id"), detail));
        }
        measurements.push(measurement);
    }
    Ok(measurements)
}

fn measurement(usage: &PreviewUsage, index: usize, zone: Zone) -> Result<Measurement<'_>, Refusal> {
    let refuse = |name: &str, detail: String| Refusal::invalid(place(index, name), detail);
    let date = time(&place(index, "usage_date"), &usage.usage_date, zone)?;
    let quantity = usage.quantity.parse::<Quantity>().map_err(|error| refuse("quantity", error.to_string()))?;
    let amount = match &usage.amount {
        Some(text) => Some(text.parse::<Amount>().map_err(|error| refuse("amount", error.to_string()))?),
        None => None,
    };
    if amount.is_some_and(|amount| amount.is_negative()) {
        return Err(refuse("amount", "an amount is not negative".to_owned()));
    }
    if usage.unique_value.as_deref().is_some_and(|value| !is_unique_value(value)) {
        let detail = format!("a unique value has 1 to {LONGEST_UNIQUE_VALUE} characters, none of them for control");
        return Err(refuse("unique_value", detail));
    }
    let id = usage.id.as_ref().map(UsageId::as_str);
    let unique_value = usage.unique_value.as_deref();
    Ok(Measurement { unique_value, amount, ..Measurement::new(date.millis(), id, quantity) })
}

fn time(field: &str, text: &TimeText, zone: Zone) -> Result<Timestamp, Refusal> {
    text.read(zone).map_err(|error| Refusal::unreadable(field, error.to_string()))
}

fn is_unique_value(value: &str) -> bool {
    (1..=LONGEST_UNIQUE_VALUE).contains(&value.chars().count()) && !value.chars().any(char::is_control)
}

fn place(index: usize, name: &str) -> String {
    format!("usages[{index}].{name}")
}
