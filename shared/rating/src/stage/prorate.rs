//! Proration: what stands for the whole period, charged for a part of it.
//!
//! Of metered usage only flat amounts are prorated, since its quantity already is what was used; of an agreed quantity
//! all is.

use super::trail::Trail;
use crate::error::RatingError;
use crate::number::Number;
use crate::proration::Proration;
use crate::step::Step;

pub(crate) fn prorate(proration: Proration, is_metered: bool, trail: &mut Trail) -> Result<(), RatingError> {
    let prorated = match is_metered {
        true => trail.steps.iter().fold(Number::ZERO, |sum, step| sum.add(&step.flat_amount())),
        false => trail.amount.clone(),
    };
    let amount = proration.of(&prorated)?.subtract(&prorated);
    let Proration { basis, used, period } = proration;
    trail.push(Step::Proration { basis, used, period, prorated, amount });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proration::ProrationBasis;

    #[test]
    fn of_metered_usage_only_flat_amounts_are_prorated() {
        let steps = [
            Step::Flat { amount: 10.into() },
            Step::Units { quantity: 4.into(), unit_amount: "5".parse().unwrap(), amount: 20.into() },
        ];
        let half = Proration::new(ProrationBasis::CalendarDays, 15, 30).unwrap();
        for (is_metered, left) in [(true, "25"), (false, "15")] {
            let mut trail = Trail::with_capacity(3);
            steps.clone().into_iter().for_each(|step| trail.push(step));
            prorate(half, is_metered, &mut trail).unwrap();
            assert_eq!(trail.amount.to_text(), left);
        }
    }
}
