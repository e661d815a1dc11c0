//! Rounding of the quantity before it is priced.

use super::billable::Billable;
use super::trail::Trail;
use crate::error::RatingError;
use crate::step::Step;
use crate::unit_rounding::UnitRounding;

pub(crate) fn round_units(
    quantity: &mut Billable,
    rounding: UnitRounding,
    trail: &mut Trail,
) -> Result<(), RatingError> {
    let rounded = Billable { before: rounding.apply(&quantity.before)?, after: rounding.apply(&quantity.after)? };
    trail.push(Step::Rounded { quantity: quantity.after.clone(), rounding, rounded: rounded.after.clone() });
    *quantity = rounded;
    Ok(())
}
