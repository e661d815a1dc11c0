//! Included usage: what costs nothing.
//!
//! 150 used with 100 included leave 50 to charge for. What is included is used up by the first units of the period, and
//! what is not used is lost. Elsewhere: free units, allowance, quota.

use super::{Billable, Trail};
use crate::error::RatingError;
use crate::number::Number;
use crate::quantity::Quantity;
use crate::step::Step;

/// # Errors
/// `NegativeIncluded`.
#[inline]
pub(crate) fn subtract_included(
    quantity: Billable,
    included: Quantity,
    trail: &mut Trail,
) -> Result<Billable, RatingError> {
    if included.is_zero() {
        return Ok(quantity);
    }
    let included = Number::from(included);
    if included.is_negative() {
        return Err(RatingError::NegativeIncluded { included });
    }
    let beyond = |quantity: &Number| quantity.subtract(&included).max(Number::ZERO);
    let billable = Billable { before: beyond(&quantity.before), after: beyond(&quantity.after) };
    let used = quantity.after.subtract(&quantity.before);
    let charged = billable.after.subtract(&billable.before);
    trail.push(Step::Included { quantity: used.subtract(&charged) });
    Ok(billable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_included_is_used_up_first() {
        let most = "999999999999999.999999999999";
        for (before, after, included, [left_before, left_after, free]) in [
            ("0", "0", "100", ["0", "0", "0"]),
            ("0", "50", "100", ["0", "0", "50"]),
            ("0", "100", "100", ["0", "0", "100"]),
            ("0", "100.000000000001", "100", ["0", "0.000000000001", "100"]),
            ("0", "150", "99.5", ["0", "50.5", "99.5"]),
            ("0", most, "0.000000000001", ["0", "999999999999999.999999999998", "0.000000000001"]),
            ("60", "150", "100", ["0", "50", "40"]),
            ("120", "150", "100", ["20", "50", "0"]),
        ] {
            let quantity = Billable { before: before.parse().unwrap(), after: after.parse().unwrap() };
            let mut trail = Trail::of("0");
            let left = subtract_included(quantity, included.parse().unwrap(), &mut trail).unwrap();
            assert_eq!([left.before.to_text(), left.after.to_text()], [left_before, left_after]);
            assert_eq!(trail.steps, [Step::Included { quantity: free.parse().unwrap() }], "{before} {after}");
        }
    }

    #[test]
    fn less_than_nothing_cannot_be_included() {
        let quantity = Billable { before: Number::ZERO, after: 1.into() };
        let error = subtract_included(quantity, "-5".parse().unwrap(), &mut Trail::of("0")).unwrap_err();
        assert_eq!(error, RatingError::NegativeIncluded { included: (-5).into() });
    }
}
