//! What usages of the request would cost.

use std::collections::HashSet;

use api::usage_place::read_time;
use api::{Call, NumberText, Problem, fault, json_response};
use billing::catalog::ItemPrice;
use billing::record_rules::RecordRules;
use billing::usage::{Content, LONGEST_UNIQUE_VALUE};
use billing::usage_charge::{self, OwnTerms};
use billing::zone::Zone;
use lambda_http::{Body, Response};
use rating::{Amount, ChargeInputs, Discounts, Measurement, Number, Quantity, Window, rate_usage};
use serde::Serialize;
use utoipa::ToSchema;

use super::terms::is_held;
use super::{NewPreview, NewUsage, PreviewedCharge, WarningText, invalid, unrateable, warnings};
use crate::{Deps, Route};

const MOST_USAGES: usize = 1_000;

/// What usages would cost.
#[derive(Serialize, ToSchema)]
#[schema(as = UsagesPreview)]
pub struct BroughtPreview {
    /// How many usages were priced.
    usage_count: usize,
    #[serde(flatten)]
    previewed: PreviewedCharge,
    /// What is legal in the price, but odd enough to be asked about.
    warnings: Vec<WarningText>,
}

pub(super) async fn preview(deps: &Deps, call: &Call<Route>, new: &NewPreview) -> Result<Response<Body>, Problem> {
    let site = call.site()?;
    let usages = new.usages.as_deref().ok_or_else(|| invalid("usages", "say usages, or a subscription_id"))?;
    if usages.len() > MOST_USAGES {
        return Err(invalid("usages", format!("a preview has at most {MOST_USAGES} usages")));
    }
    let only_stored = [("period", new.period.is_some()), ("proration", new.proration.is_some())];
    if let Some((field, _)) = only_stored.into_iter().find(|(_, is_said)| *is_said) {
        return Err(invalid(field, format!("{field} has a meaning only with a subscription_id")));
    }
    let item_price = match &new.item_price_id {
        Some(id) => {
            let found = deps.store.get::<ItemPrice>(&site.id, id.as_str()).await.map_err(fault)?;
            let missing = || invalid("item_price_id", format!("there is no item price {id}"));
            Some(found.ok_or_else(missing)?.value)
        }
        None => None,
    };
    let none = Discounts::default();
    let own = OwnTerms { included_usage: None, discounts: &none };
    let inputs = match (&item_price, &new.price, new.currency_code) {
        (Some(price), _, Some(currency)) if price.currency_code != currency => {
            return Err(invalid("currency_code", format!("the item price is in {}", price.currency_code)));
        }
        (Some(price), ..) => usage_charge::inputs(price, own, site.rounding),
        (None, Some(price), Some(currency)) => {
            ChargeInputs { rounding: site.rounding, ..ChargeInputs::new(price, currency) }
        }
        (None, None, _) => return Err(invalid("price", "say a price, or an item_price_id")),
        (None, Some(_), None) => return Err(invalid("currency_code", "say the currency of the price")),
    };
    let inputs = new.replaced(inputs)?;
    let window = window(new, is_held(&inputs), site.time_zone)?;
    let inputs = ChargeInputs { window, ..inputs };
    let rules = RecordRules::of(inputs.aggregation, &inputs.price, true);
    let measurements = measurements(usages, rules, site.time_zone)?;
    let charge = rate_usage(&inputs, &measurements).map_err(unrateable)?;
    let explanation = charge
        .as_ref()
        .map(|charge| format!("price: {}\nusage: {} records\n{charge}", inputs.price.model(), measurements.len()));
    let answer = BroughtPreview {
        usage_count: measurements.len(),
        warnings: warnings(&inputs),
        previewed: PreviewedCharge { charge, explanation, inputs: inputs.into_owned() },
    };
    Ok(json_response(200, &answer))
}

/// The time over which quantities are held; nothing is held when it begins.
fn window(new: &NewPreview, is_held: bool, zone: Zone) -> Result<Option<Window>, Problem> {
    let time = |field: &'static str, given: &Option<NumberText>| match (is_held, given) {
        (true, Some(text)) => read_time(field, text.as_str(), zone).map(|time| Some(time.millis())),
        (true, None) => Err(invalid(field, "weighted_sum needs from and to, over which quantities are held")),
        (false, Some(_)) => {
            Err(invalid(field, "from and to have a meaning only where the aggregation is weighted_sum"))
        }
        (false, None) => Ok(None),
    };
    let (from, to) = (time("from", &new.from)?, time("to", &new.to)?);
    Ok(from.zip(to).map(|(from, to)| Window::new(from, to, Number::ZERO)))
}

/// The usages as rating looks at them, where they say what the price asks for; the same one twice would be recorded once.
fn measurements(usages: &[NewUsage], rules: RecordRules, zone: Zone) -> Result<Vec<Measurement<'_>>, Problem> {
    let mut seen = HashSet::new();
    let mut measurements = Vec::with_capacity(usages.len());
    for (index, usage) in usages.iter().enumerate() {
        let measurement = measurement(usage, index, zone)?;
        let content = Content {
            unique_value: usage.unique_value.clone(),
            amount: measurement.amount,
            ..Content::new(measurement.quantity)
        };
        rules.check(&content).map_err(|wrong| invalid(&place(index, wrong.field()), wrong.to_string()))?;
        if !seen.insert((measurement.date_ms, measurement.id)) {
            let detail = "a usage with this date and id is there already; tell them apart by their ids";
            return Err(invalid(&place(index, "id"), detail));
        }
        measurements.push(measurement);
    }
    Ok(measurements)
}

fn measurement(usage: &NewUsage, index: usize, zone: Zone) -> Result<Measurement<'_>, Problem> {
    let refuse = |name: &str, detail: String| invalid(&place(index, name), detail);
    let date = read_time(&place(index, "usage_date"), usage.usage_date.as_str(), zone)?;
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
    let id = usage.id.as_ref().map(|id| id.as_str());
    let unique_value = usage.unique_value.as_deref();
    Ok(Measurement { unique_value, amount, ..Measurement::new(date.millis(), id, quantity) })
}

fn is_unique_value(value: &str) -> bool {
    (1..=LONGEST_UNIQUE_VALUE).contains(&value.chars().count()) && !value.chars().any(char::is_control)
}

fn place(index: usize, name: &str) -> String {
    format!("usages[{index}].{name}")
}
