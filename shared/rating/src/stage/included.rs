//! Included usage: what costs nothing.
//!
//! 150 used with 100 included leave 50 to charge for. What is included is used up by the first units of the period, and
//! what is not used is lost. Elsewhere: free units, allowance, quota.

use super::billable::Billable;
use super::trail::Trail;
use crate::error::RatingError;
use crate::number::Number;
use crate::quantity::Quantity;
use crate::step::Step;

/// # Errors
/// `NegativeIncluded`.
pub(crate) fn subtract_included(
    quantity: &mut Billable,
    included: Quantity,
    trail: &mut Trail,
) -> Result<(), RatingError> {
    let included = Number::from(included);
    if included.is_negative() {
        return Err(RatingError::NegativeIncluded { included });
    }
    let beyond = |quantity: &Number| quantity.subtract(&included).max(Number::ZERO);
    let billable = Billable { before: beyond(&quantity.before), after: beyond(&quantity.after) };
    let used = quantity.after.subtract(&quantity.before);
    let charged = billable.after.subtract(&billable.before);
    trail.push(Step::Included { quantity: used.subtract(&charged) });
    *quantity = billable;
    Ok(())
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
            let mut left = Billable { before: before.parse().unwrap(), after: after.parse().unwrap() };
            let mut trail = Trail::of("0");
            subtract_included(&mut left, included.parse().unwrap(), &mut trail).unwrap();
            assert_eq!([left.before.to_text(), left.after.to_text()], [left_before, left_after]);
            assert_eq!(trail.steps, [Step::Included { quantity: free.parse().unwrap() }], "{before} {after}");
        }
    }

    #[test]
    fn less_than_nothing_cannot_be_included() {
        let mut quantity = Billable { before: Number::ZERO, after: 1.into() };
        let error = subtract_included(&mut quantity, "-5".parse().unwrap(), &mut Trail::of("0")).unwrap_err();
        assert_eq!(error, RatingError::NegativeIncluded { included: (-5).into() });
    }
}
