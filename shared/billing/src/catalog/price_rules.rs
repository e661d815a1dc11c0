//! What an item price has to be: its period, when it is billed, and which of its fields have a meaning.

use rating::{Aggregation, Price};

use super::item_price::{Billed, ItemPrice, PeriodLength};
use super::price_options;
use super::record_rules::RecordRules;
use crate::field;
use crate::refusal::Refusal;
use crate::time::{BillingCadence, Timestamp, Zone};

/// Checks that a billing period may be that long.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check_period(period: PeriodLength) -> Result<(), Refusal> {
    let cadence = BillingCadence::new(period.every, period.unit, Timestamp::MIN, Zone::UTC);
    cadence.map(drop).map_err(|error| Refusal::invalid("period.every", error.to_string()))
}

/// Checks that a price may be billed then: what depends on usage is not known before the period ends.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check_billed(metered: bool, billed: Billed) -> Result<(), Refusal> {
    if metered && billed == Billed::InAdvance {
        let detail = "a metered price is billed in_arrears: its usage is not known in advance";
        return Err(Refusal::invalid("billed", detail));
    }
    Ok(())
}

/// Checks that every field of a price has a meaning, and that none contradicts the rest: a field that would be ignored is
/// refused.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check(price: &ItemPrice) -> Result<(), Refusal> {
    field::not_negative(price.included_usage, "included_usage")?;
    let refused =
        |field| Err(Refusal::invalid(field, format!("{field} has no meaning in a price that takes no usage")));
    if !price.takes_usage() && price.aggregation != Aggregation::default() {
        return refused("aggregation");
    }
    if !price.takes_usage() && !price.included_usage.is_zero() {
        return refused("included_usage");
    }
    if !price.metered && matches!(price.price, Price::Dynamic(_)) {
        let detail = "a dynamic price is what usages say that they cost, so it is metered";
        return Err(Refusal::invalid("price", detail));
    }
    if !price.metered && price.bill_zero_usage {
        let detail = "bill_zero_usage has no meaning in a price that is not metered";
        return Err(Refusal::invalid("bill_zero_usage", detail));
    }
    price_options::check(price)
}

/// Checks that a price may become another version: it asks the same of usage and of subscriptions as before, and is a price
/// that could be made.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check_change(before: &ItemPrice, after: &ItemPrice) -> Result<(), Refusal> {
    price_options::check_change(before, after)?;
    check_record_rules(before.record_rules(), after.record_rules())?;
    check(after)
}

/// A price asks the same of usage as long as it lives: what was taken by one version is rated by another.
fn check_record_rules(before: RecordRules, after: RecordRules) -> Result<(), Refusal> {
    let fixed = "what a price asks of each usage stays: unique_value for unique_count, amount for dynamic, and changes of \
        what is held for weighted_sum; make another item price";
    match (before == after, before.amount == after.amount) {
        (true, _) => Ok(()),
        (false, true) => Err(Refusal::invalid("aggregation", fixed)),
        (false, false) => Err(Refusal::invalid("price", fixed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::price;
    use crate::time::CadenceUnit;

    fn refused_field(outcome: Result<(), Refusal>) -> Option<String> {
        outcome.err().and_then(|refusal| refusal.field)
    }

    #[test]
    fn a_period_is_1_to_1000_units_long() {
        for (every, refused) in [(0, Some("period.every")), (1, None), (1_000, None), (1_001, Some("period.every"))] {
            let period = PeriodLength { every, unit: CadenceUnit::Day };
            assert_eq!(refused_field(check_period(period)).as_deref(), refused, "{every}");
        }
    }

    #[test]
    fn only_a_price_that_is_not_metered_is_billed_in_advance() {
        for (metered, billed, accepted) in [
            (true, Billed::InAdvance, false),
            (true, Billed::InArrears, true),
            (false, Billed::InAdvance, true),
            (false, Billed::InArrears, true),
        ] {
            assert_eq!(check_billed(metered, billed).is_ok(), accepted, "{metered} {billed:?}");
        }
    }

    #[test]
    fn a_version_asks_the_same_of_each_usage_as_the_one_before() {
        let before = ItemPrice { metered: true, ..price("minutes", 1).1 };
        let counted = ItemPrice { aggregation: Aggregation::UniqueCount, ..before.clone() };

        assert_eq!(check_change(&before, &before), Ok(()));
        assert_eq!(refused_field(check_change(&before, &counted)).as_deref(), Some("aggregation"));
    }
}
