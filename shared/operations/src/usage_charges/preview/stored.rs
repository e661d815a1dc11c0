//! What a stored period of a subscription would cost by other terms, beside what it costs now.

use billing::error::BillingError;
use billing::id::{ItemPriceId, SubscriptionId};
use billing::invoice::UsageMeter;
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::proration::part_of_period;
use billing::subscription::{CurrentPeriod, Subscription, SubscriptionItem};
use billing::time::Timestamp;
use billing::usage::UsageRecord;
use rating::{Charge, ChargeInputs, Currency, Explanation, Meter, Money, Number, ProrationBasis, Warning, Window};
use store::Store;

use super::super::asked::Asked;
use super::super::period;
use super::terms::is_held;
use super::{NewPreview, PreviewTerms, PreviewedCharge, unrateable};
use crate::error::unrated;
use crate::recorded_usage::subscription;

/// What a period costs, and what it would cost.
#[derive(Clone, Debug)]
pub struct PeriodPreview {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The price.
    pub item_price_id: ItemPriceId,
    /// The currency of the subscription.
    pub currency_code: Currency,
    /// The period.
    pub period: CurrentPeriod,
    /// How many usages count.
    pub usage_count: usize,
    /// SHA-256 over them, in lower-case hexadecimal.
    pub usage_digest: String,
    /// What it costs.
    pub present: PreviewedCharge,
    /// What it would cost.
    pub previewed: PreviewedCharge,
    /// How much more that is; below zero where it is less.
    pub difference: PreviewDifference,
    /// What is legal in what is said, but odd enough to be asked about.
    pub warnings: Vec<Warning>,
}

/// One amount less another one.
#[derive(Clone, Debug)]
pub struct PreviewDifference {
    /// Of the exact amounts.
    pub unrounded: Number,
    /// Of the rounded amounts, without the taxes that they do not contain.
    pub amount: Money,
}

pub(super) async fn preview(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    new: &NewPreview,
    now: Timestamp,
) -> Result<PeriodPreview, Refusal> {
    let price = check(new)?;
    let subscription = subscription(store, site, id).await?;
    let currency_code = subscription.currency_code;
    if new.currency_code.is_some_and(|currency| currency != currency_code) {
        return Err(Refusal::invalid("currency_code", format!("the subscription is in {currency_code}")));
    }
    let not_there = || {
        let detail = "the subscription does not have this metered item price in the period";
        Refusal::new(Kind::PriceNotOnSubscription, detail).field("item_price_id")
    };
    let basis = period::find(store, site, &subscription, new.period, now).await?.ok_or_else(not_there)?;
    let lines = basis.lines(store, site).await?;
    let asked = Asked { store, site, subscription: &subscription, basis: &basis, lines: lines.as_deref() };
    let is_asked = |item: &SubscriptionItem| item.item_price_id == *price && item.metered;
    let subject = asked.subjects().into_iter().find(|subject| is_asked(subject.item)).ok_or_else(not_there)?;
    let version = asked.version(&subject).await?;
    // A closed line keeps what it was computed from, whatever was changed since.
    let inputs = match asked.line(&subject).and_then(|line| line.inputs.clone()) {
        Some(inputs) => inputs,
        None => asked.inputs(&subject, &version).await?,
    };
    let replaced = replaced(&new.terms, inputs.clone(), &subscription, subject.item, basis.period())?;
    let warnings = replaced.warnings();
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
    Ok(PeriodPreview {
        subscription_id: id.clone(),
        item_price_id: price.clone(),
        currency_code,
        period: basis.period(),
        usage_count,
        difference: difference(&present, &previewed, currency_code)?,
        present,
        previewed,
        warnings,
        usage_digest,
    })
}

/// The item price that is asked about, once nothing is said that has no meaning here.
fn check(new: &NewPreview) -> Result<&ItemPriceId, Refusal> {
    let brought = [("usages", new.usages.is_some()), ("from", new.from.is_some()), ("to", new.to.is_some())];
    if let Some((field, _)) = brought.into_iter().find(|(_, is_said)| *is_said) {
        return Err(Refusal::invalid(field, format!("{field} has a meaning only without a subscription_id")));
    }
    let price = new.item_price_id.as_ref();
    let price = price.ok_or_else(|| Refusal::invalid("item_price_id", "say whose usage is priced"))?;
    if !new.terms.replace_something() {
        let detail = "say what is to be different: another price, or another of its options";
        return Err(Refusal::invalid("price", detail));
    }
    Ok(price)
}

fn replaced<'a>(
    terms: &'a PreviewTerms,
    inputs: ChargeInputs<'a>,
    subscription: &Subscription,
    item: &SubscriptionItem,
    current: CurrentPeriod,
) -> Result<ChargeInputs<'a>, Refusal> {
    let mut replaced = terms.replaced(inputs)?;
    if let Some(proration) = terms.proration {
        let cadence = subscription.cadence.as_ref().map(|cadence| cadence.cadence_of(current.number.into()).1);
        let unit = cadence.map_or(subscription.period_length.unit, |cadence| cadence.unit());
        if proration == Some(ProrationBasis::ThirtyDayMonths) && !unit.is_in_months() {
            let detail = "months of 30 days are counted in periods of months or years";
            return Err(Refusal::invalid("proration", detail));
        }
        let part = |basis| part_of_period(basis, subscription, item, current.number);
        replaced.proration = match proration {
            Some(basis) => part(basis).map_err(|error| unrated(error.into()))?,
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

fn refused(error: BillingError) -> Refusal {
    match error {
        BillingError::Rating { source, .. } => unrateable(source),
        error => unrated(error.into()),
    }
}

fn difference(
    present: &PreviewedCharge,
    previewed: &PreviewedCharge,
    currency: Currency,
) -> Result<PreviewDifference, Refusal> {
    let exact = |of: &PreviewedCharge| of.charge.as_ref().map_or(Number::ZERO, |charge| charge.unrounded.clone());
    let rounded = |of: &PreviewedCharge| of.charge.as_ref().map_or(Money::zero(currency), |charge| charge.amount);
    let taken = Money::from_minor_units(rounded(present).minor_units().saturating_neg(), currency);
    Ok(PreviewDifference {
        unrounded: exact(previewed).subtract(&exact(present)),
        amount: rounded(previewed).checked_add(taken).map_err(unrateable)?,
    })
}
