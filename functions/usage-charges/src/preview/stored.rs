//! What a stored period of a subscription would cost by other terms, beside what it costs now.

use api::{Call, Kind, Problem, json_response};
use billing::error::BillingError;
use billing::id::{ItemPriceId, SubscriptionId};
use billing::proration::{is_in_months, part_of_period};
use billing::subscription::{Subscription, SubscriptionItem};
use billing::timestamp::Timestamp;
use billing::usage::UsageRecord;
use billing::usage_charge::UsageMeter;
use lambda_http::{Body, Response};
use rating::{Charge, ChargeInputs, Currency, Explanation, Meter, Money, Number, ProrationBasis, Window};
use serde::Serialize;
use utoipa::ToSchema;

use super::terms::is_held;
use super::{NewPreview, PreviewedCharge, WarningText, invalid, unrateable, warnings};
use crate::charge::{Asked, unrateable as unbillable};
use crate::charges::unrated;
use crate::period::{self, Basis};
use crate::{Deps, Route, subscription};

/// What a period costs, and what it would cost.
#[derive(Serialize, ToSchema)]
pub struct PeriodPreview<'a> {
    subscription_id: &'a SubscriptionId,
    item_price_id: &'a ItemPriceId,
    currency_code: Currency,
    /// Where the period begins.
    usage_from: Timestamp,
    /// Where it ends, exclusive.
    usage_to: Timestamp,
    /// Its number, from 0.
    period: u32,
    /// How many usages count.
    usage_count: usize,
    /// SHA-256 over them, in lower-case hexadecimal.
    usage_digest: String,
    /// What it costs.
    present: PreviewedCharge,
    /// What it would cost.
    previewed: PreviewedCharge,
    /// How much more that is; below zero where it is less.
    difference: PreviewDifference,
    /// What is legal in what is said, but odd enough to be asked about.
    warnings: Vec<WarningText>,
}

/// One amount less another one.
#[derive(Serialize, ToSchema)]
struct PreviewDifference {
    /// Of the exact amounts.
    unrounded_amount: Number,
    /// Of the rounded amounts, without the taxes that they do not contain.
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: String,
}

pub(super) async fn preview(
    deps: &Deps,
    call: &Call<Route>,
    id: &SubscriptionId,
    new: &NewPreview,
) -> Result<Response<Body>, Problem> {
    let price = check(new)?;
    let site = call.site()?;
    let subscription = subscription(deps, site, id).await?;
    if new.currency_code.is_some_and(|currency| currency != subscription.currency_code) {
        return Err(invalid("currency_code", format!("the subscription is in {}", subscription.currency_code)));
    }
    let not_there = || {
        let detail = "the subscription does not have this metered item price in the period";
        Problem::new(Kind::PriceNotOnSubscription, detail).field("item_price_id")
    };
    let basis = period::find(deps, site, &subscription, new.period, call.now).await?.ok_or_else(not_there)?;
    let lines = match &basis {
        Basis::Running(_) => None,
        Basis::Invoiced(invoice, _) => Some(deps.store.rated(site, invoice).await.map_err(unrated)?.lines),
    };
    let asked =
        Asked { deps, site, subscription: &subscription, basis: &basis, lines: lines.as_deref(), now: call.now };
    let is_asked = |item: &SubscriptionItem| item.item_price_id == *price && item.metered;
    let subject = asked.subjects().into_iter().find(|subject| is_asked(subject.item)).ok_or_else(not_there)?;
    let version = asked.version(&subject).await?;
    // A closed line keeps what it was computed from, whatever was changed since.
    let line = lines.iter().flatten().find(|line| line.item_price_id == *price && line.usage_count.is_some());
    let inputs = match line.and_then(|line| line.inputs.clone()) {
        Some(inputs) => inputs,
        None => asked.inputs(&subject, &version).await?,
    };
    let replaced = replaced(new, inputs.clone(), &subscription, subject.item, &basis)?;
    let warnings = warnings(&replaced);
    let (mut present, mut previewed) = (UsageMeter::new(price, inputs), Meter::new(replaced));
    let measure = |record: &UsageRecord| {
        present.add(record);
        previewed.add(record.measurement());
    };
    asked.each_billable(&subject, measure).await?;
    let (rated, inputs) = present.rated().map_err(refused)?;
    let replaced = previewed.charge().map_err(unrateable)?;
    let (usage_count, usage_digest) = (rated.usage_count, rated.usage_digest);
    let explained = |charge: Option<Charge>, inputs| explained(charge, inputs, usage_count, &usage_digest);
    let (present, previewed) = (explained(rated.charge, inputs), explained(replaced, previewed.into_inputs()));
    let current = basis.period();
    let answer = PeriodPreview {
        subscription_id: id,
        item_price_id: price,
        currency_code: subscription.currency_code,
        usage_from: current.period.start,
        usage_to: current.period.end,
        period: current.number,
        usage_count,
        difference: difference(&present, &previewed, subscription.currency_code)?,
        present,
        previewed,
        warnings,
        usage_digest,
    };
    Ok(json_response(200, &answer))
}

/// The item price that is asked about, once nothing is said that has no meaning here.
fn check(new: &NewPreview) -> Result<&ItemPriceId, Problem> {
    let brought = [("usages", new.usages.is_some()), ("from", new.from.is_some()), ("to", new.to.is_some())];
    if let Some((field, _)) = brought.into_iter().find(|(_, is_said)| *is_said) {
        return Err(invalid(field, format!("{field} has a meaning only without a subscription_id")));
    }
    let price = new.item_price_id.as_ref();
    let price = price.ok_or_else(|| invalid("item_price_id", "say whose usage is priced"))?;
    if !new.replaces_something() {
        return Err(invalid("price", "say what is to be different: another price, or another of its options"));
    }
    Ok(price)
}

fn replaced<'a>(
    new: &'a NewPreview,
    inputs: ChargeInputs<'a>,
    subscription: &Subscription,
    item: &SubscriptionItem,
    basis: &Basis,
) -> Result<ChargeInputs<'a>, Problem> {
    let current = basis.period();
    let mut replaced = new.replaced(inputs)?;
    if let Some(proration) = new.proration {
        let cadence = subscription.cadence.as_ref().map(|cadence| cadence.cadence_of(current.number.into()).1);
        let unit = cadence.map_or(subscription.period_length.unit, |cadence| cadence.unit());
        if proration == Some(ProrationBasis::ThirtyDayMonths) && !is_in_months(unit) {
            return Err(invalid("proration", "months of 30 days are counted in periods of months or years"));
        }
        replaced.proration = match proration {
            Some(basis) => part_of_period(basis, subscription, item, current.number).map_err(unbillable)?,
            None => None,
        };
    }
    if is_held(&replaced) && replaced.window.is_none() {
        // By what the price said until now, nothing was held.
        let period = current.period;
        replaced.window = Some(Window::new(period.start.millis(), period.end.millis(), Number::ZERO));
    }
    Ok(replaced)
}

fn explained(charge: Option<Charge>, inputs: ChargeInputs, usage_count: usize, usage_digest: &str) -> PreviewedCharge {
    let inputs = inputs.into_owned();
    let explanation = charge.map(|charge| Explanation {
        inputs: inputs.clone(),
        usage_count: u64::try_from(usage_count).unwrap_or(u64::MAX),
        usage_digest: usage_digest.to_owned(),
        charge,
    });
    let text = explanation.as_ref().map(ToString::to_string);
    PreviewedCharge { charge: explanation.map(|explanation| explanation.charge), explanation: text, inputs }
}

fn refused(error: BillingError) -> Problem {
    match error {
        BillingError::Rating { source, .. } => unrateable(source),
        error => unbillable(error),
    }
}

fn difference(
    present: &PreviewedCharge,
    previewed: &PreviewedCharge,
    currency: Currency,
) -> Result<PreviewDifference, Problem> {
    let exact = |of: &PreviewedCharge| of.charge.as_ref().map_or(Number::ZERO, |charge| charge.unrounded.clone());
    let rounded = |of: &PreviewedCharge| of.charge.as_ref().map_or(Money::zero(currency), |charge| charge.amount);
    let taken = Money::from_minor_units(rounded(present).minor_units().saturating_neg(), currency);
    Ok(PreviewDifference {
        unrounded_amount: exact(previewed).subtract(&exact(present)),
        amount: rounded(previewed).checked_add(taken).map_err(unrateable)?.to_string(),
    })
}
