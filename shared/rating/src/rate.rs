//! The entry points: usage or a quantity in, an explained amount out.

use crate::aggregation::{Aggregation, Measurement, aggregate};
use crate::charge::Charge;
use crate::error::RatingError;
use crate::inputs::ChargeInputs;
use crate::money::Money;
use crate::number::Number;
use crate::price::{PerRecord, Price};
use crate::quantity::Quantity;
use crate::stage::{
    Billable, Trail, cap, discount, limit, price_between, prorate, round_units, subtract_included, tax_line,
};
use crate::step::Step;

/// The steps before and after those of a price.
const OTHER_STEPS: usize = 2;

/// Rates the usage of one period; the order of the records changes nothing.
///
/// The stages, in the order in which they are taken, each only where the inputs ask for it:
///
/// | stage | from | to |
/// |---|---|---|
/// | aggregate | records | the total; what is held below zero counts as 0 |
/// | included | the total | what is charged for |
/// | unit rounding | what is charged for | multiples of something |
/// | price | quantity, or each record | amounts; of what is beyond the part that is billed already |
/// | proration | flat amounts | their part of the period |
/// | discounts | the amount | less, never below 0 |
/// | minimum, maximum | the amount | no less, no more |
/// | cap | the amount | no more than what is left of a capped amount |
/// | rounding | the exact amount | whole minor units, once |
/// | tax | the rounded amount | without and with tax, each rate rounded once |
///
/// No record makes no charge. A total of 0, or one that is all included, makes a charge of 0, which enters no tier.
/// `bill_zero_usage` makes both a charge of the flat fee or the first tier's flat amount; a minimum above 0 is charged
/// without a record, too, and so is what is held over from the period before.
///
/// # Errors
/// What `ChargeInputs::check` refuses, what `aggregate` refuses, `NegativeUsage`, `BeyondLastTier`, `MissingAmount`,
/// `NegativeAmount`, `Overflow`.
///
/// # Examples
/// ```
/// use rating::{ChargeInputs, Measurement, rate_usage};
///
/// let price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
/// let inputs = ChargeInputs::new(&price, "USD".parse()?);
/// let minutes = Measurement::new(0, None, "361".parse()?);
/// let charge = rate_usage(&inputs, &[minutes])?;
/// assert_eq!(charge.map(|charge| charge.amount.to_string()), Some("18.05".to_owned()));
/// assert_eq!(rate_usage(&inputs, &[])?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rate_usage(inputs: &ChargeInputs, records: &[Measurement]) -> Result<Option<Charge>, RatingError> {
    inputs.check()?;
    if records.is_empty() && !is_charged_without_usage(inputs) {
        return Ok(None);
    }
    let total = aggregate(inputs.aggregation, inputs.window.as_ref(), records.iter().copied())?;
    let mut seen = inputs.price.per_record();
    if inputs.price.is_by_order() {
        let mut records: Vec<&Measurement> = records.iter().collect();
        records.sort_by_key(|record| (record.date_ms, record.id, record.quantity));
        records.into_iter().for_each(|record| seen.add(record));
    } else if inputs.price.is_per_record() {
        records.iter().for_each(|record| seen.add(record));
    }
    rate_total(inputs, total, &seen).map(Some)
}

/// Rates what records amount to, and what the price keeps of them.
pub(crate) fn rate_total(inputs: &ChargeInputs, total: Number, seen: &PerRecord) -> Result<Charge, RatingError> {
    let mut trail = Trail::with_capacity(inputs.price.most_steps().saturating_add(OTHER_STEPS));
    trail.push(Step::Aggregate { aggregation: inputs.aggregation, quantity: total.clone() });
    let total = if inputs.aggregation == Aggregation::WeightedSum { at_least_zero(total, &mut trail) } else { total };
    charge(inputs, total, Some(seen), &mut trail)
}

/// Rates a quantity that is agreed and not metered, such as seats.
///
/// A flat fee is charged whatever the quantity; otherwise a quantity of 0 is charged as `rate_usage` charges it. All of
/// the amount is prorated, not only what is flat.
///
/// # Errors
/// As `rate_usage`; `MissingAmount` where records say what they cost.
///
/// # Examples
/// See `rate_usage`; the case table is `an_agreed_quantity_is_priced_as_it_is`.
pub fn rate_quantity(inputs: &ChargeInputs, quantity: Quantity) -> Result<Charge, RatingError> {
    inputs.check()?;
    let mut trail = Trail::with_capacity(inputs.price.most_steps());
    charge(inputs, quantity.into(), None, &mut trail)
}

/// What is held below zero counts as 0. It is what remains where a change upwards came too late to be counted, or not at
/// all: an error would keep the invoice open, and all that come after it.
fn at_least_zero(held: Number, trail: &mut Trail) -> Number {
    if !held.is_negative() {
        return held;
    }
    trail.push(Step::HeldBelowZero { quantity: held });
    Number::ZERO
}

pub(crate) fn is_charged_without_usage(inputs: &ChargeInputs) -> bool {
    let has_minimum = inputs.minimum_amount.is_some_and(|minimum| !minimum.is_zero());
    let is_held = inputs.aggregation == Aggregation::WeightedSum
        && inputs.window.as_ref().is_some_and(|window| !window.carried_over.is_zero());
    inputs.bill_zero_usage || has_minimum || is_held
}

/// The pipeline from the total on; without records the quantity is an agreed one.
fn charge(
    inputs: &ChargeInputs,
    total: Number,
    records: Option<&PerRecord>,
    trail: &mut Trail,
) -> Result<Charge, RatingError> {
    if total.is_negative() {
        return Err(RatingError::NegativeUsage { quantity: total });
    }
    let mut quantity = Billable { before: Number::ZERO, after: total.clone() };
    if let Some(billed) = &inputs.already_billed {
        trail.push(Step::AlreadyBilled { quantity: billed.quantity.clone() });
        quantity = Billable { before: billed.quantity.clone(), after: billed.quantity.add(&total) };
    }
    if !inputs.included.is_zero() {
        subtract_included(&mut quantity, inputs.included, trail)?;
    }
    if let Some(rounding) = inputs.unit_rounding {
        round_units(&mut quantity, rounding, trail)?;
    }
    trail.extend_with(|steps| match inputs.already_billed {
        Some(_) => price_between(&inputs.price, &quantity.before, &quantity.after, steps),
        None => price_all(inputs, &quantity.after, records, steps),
    })?;
    if let Some(proration) = inputs.proration {
        prorate(proration, records.is_some(), trail)?;
    }
    if !inputs.discounts.is_empty() {
        // What units are worth is prorated as the amount was that they are taken off.
        let price = |quantity: &Number| {
            let mut trail = Trail::with_capacity(inputs.price.most_steps());
            trail.extend_with(|steps| price_all(inputs, quantity, records, steps))?;
            if let Some(proration) = inputs.proration {
                prorate(proration, records.is_some(), &mut trail)?;
            }
            Ok(trail.amount)
        };
        discount(&inputs.discounts, &quantity, price, trail)?;
    }
    if inputs.minimum_amount.is_some() || inputs.maximum_amount.is_some() {
        let already_billed = inputs.already_billed.as_ref().map_or(Number::ZERO, |billed| billed.amount.clone());
        limit(inputs.minimum_amount, inputs.maximum_amount, &already_billed, trail);
    }
    if let Some(balance_remaining) = inputs.balance_remaining {
        cap(balance_remaining, trail);
    }

    let amount = Money::round(&trail.amount, inputs.currency, inputs.rounding)?;
    let tax = match &inputs.tax {
        Some(tax) => Some(Box::new(tax_line(amount, tax, inputs.rounding)?)),
        None => None,
    };
    if inputs.already_billed.is_some() {
        quantity.after = quantity.after.subtract(&quantity.before);
    }
    Ok(Charge {
        total,
        included: inputs.included.into(),
        billable: quantity.after,
        steps: std::mem::take(&mut trail.steps),
        unrounded: std::mem::take(&mut trail.amount),
        amount,
        tax,
    })
}

/// Prices a whole quantity, or nothing as it is billed, and returns the sum.
#[inline]
fn price_all(
    inputs: &ChargeInputs,
    quantity: &Number,
    records: Option<&PerRecord>,
    steps: &mut Vec<Step>,
) -> Result<Number, RatingError> {
    let price: &Price = &inputs.price;
    if !quantity.is_zero() || price.is_per_record() {
        return price.add_steps(quantity, records, steps);
    }
    if inputs.bill_zero_usage {
        let zero = price.price_zero_usage();
        let sum = Step::sum(&zero);
        steps.extend(zero);
        return Ok(sum);
    }
    match records {
        Some(_) => Ok(Number::ZERO),
        None => price.add_steps(quantity, records, steps),
    }
}

#[cfg(test)]
mod tests;
