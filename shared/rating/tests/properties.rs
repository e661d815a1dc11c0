//! What holds of every charge, whatever the price and the usage.

#![allow(clippy::unwrap_used)]

#[path = "properties/generators.rs"]
mod generators;

use proptest::prelude::*;
use proptest::sample::select;
use rating::{
    Aggregation, Amount, Charge, ChargeInputs, Explanation, Money, Number, PerUnit, Price, Quantity, Rounding, Step,
    Tier, Tiered, Tiers, Volume, rate_usage, verify,
};

use generators::{Record, amount, decimal, measured, price, quantity, records, tiers};

/// How often each law is tried.
const CASES: u32 = 10_000;

fn rated(inputs: &ChargeInputs, records: &[Record]) -> Option<Charge> {
    rate_usage(inputs, &measured(records)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_charge_is_the_sum_of_its_steps_rounded_once(
        price in price(),
        records in records(),
        included in quantity(),
        aggregation in select(vec![Aggregation::Sum, Aggregation::Last, Aggregation::Max]),
        rounding in select(vec![Rounding::HalfAwayFromZero, Rounding::HalfEven]),
        code in select(vec!["USD", "JPY", "KWD"]),
        bill_zero_usage in any::<bool>(),
        order in any::<prop::sample::Index>(),
    ) {
        let currency = code.parse().unwrap();
        let per_record = matches!(price, Price::Percentage(_));
        let included = if per_record { Quantity::ZERO } else { included };
        let aggregation = if per_record { Aggregation::Sum } else { aggregation };
        let defaults = ChargeInputs::new(&price, currency);
        let inputs = ChargeInputs { aggregation, included, bill_zero_usage, rounding, ..defaults };
        let charge = rated(&inputs, &records);

        let mut reordered = records.clone();
        if !reordered.is_empty() {
            let middle = order.index(reordered.len());
            reordered.rotate_left(middle);
            reordered[..middle].reverse();
        }
        let again = rated(&inputs, &reordered);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&charge).unwrap());

        prop_assert_eq!(charge.is_some(), bill_zero_usage || !records.is_empty());
        if let Some(charge) = charge {
            prop_assert_eq!(&Step::sum(&charge.steps), &charge.unrounded);
            let beyond = charge.total.subtract(&charge.included).max(Number::ZERO);
            prop_assert_eq!(&charge.billable, &beyond);

            let error = Number::from(charge.amount).subtract(&charge.unrounded);
            let twice = error.add(&error);
            let minor_unit = Number::from(Money::from_minor_units(1, currency));
            prop_assert!(twice <= minor_unit && twice >= Number::ZERO.subtract(&minor_unit));

            let explanation = Explanation::of(inputs, &measured(&records), "digest".to_owned()).unwrap().unwrap();
            prop_assert_eq!(&explanation.charge, &charge);
            let stored = serde_json::to_string(&explanation).unwrap();
            let read: Explanation = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
            prop_assert_eq!(verify(&read, &measured(&reordered), "digest"), []);
        }
    }

    #[test]
    fn a_graduated_price_never_falls_as_the_quantity_rises(tiers in tiers(false), one in quantity(), other in quantity()) {
        let price = Price::Tiered(Tiered::new(tiers));
        let amount = |quantity: Quantity| Step::sum(&price.price(&quantity.into()).unwrap());
        prop_assert!(amount(one.min(other)) <= amount(one.max(other)));
    }

    #[test]
    fn the_tiers_of_a_graduated_price_share_out_the_whole_quantity(tiers in tiers(false), quantity in quantity()) {
        let steps = Price::Tiered(Tiered::new(tiers)).price(&quantity.into()).unwrap();
        let shares = steps.iter().map(|step| match step {
            Step::Tier { quantity, .. } => quantity.clone(),
            _ => Number::ZERO,
        });
        prop_assert_eq!(shares.fold(Number::ZERO, |sum, share| sum.add(&share)), Number::from(quantity));
    }

    #[test]
    fn one_open_tier_is_a_price_per_unit(unit_amount in amount(), quantity in quantity()) {
        let tier = Tier { up_to: None, unit_amount, flat_amount: Amount::ZERO, package_size: None };
        let tiers = Tiers::new(vec![tier]).unwrap();
        let amount = |price: Price| Step::sum(&price.price(&quantity.into()).unwrap());
        let per_unit = amount(Price::PerUnit(PerUnit::new(unit_amount).unwrap()));
        prop_assert_eq!(&amount(Price::Tiered(Tiered::new(tiers.clone()))), &per_unit);
        prop_assert_eq!(&amount(Price::Volume(Volume::new(tiers))), &per_unit);
    }

    #[test]
    fn what_the_door_lets_in_is_written_as_it_was_read(text in decimal(), minor_units in any::<i128>()) {
        prop_assert_eq!(text.parse::<Quantity>().unwrap().to_string(), text.clone());
        prop_assert_eq!(text.parse::<Amount>().unwrap().to_string(), text.clone());
        let quantity: Quantity = text.parse().unwrap();
        prop_assert_eq!(quantity.canonical().parse::<Quantity>().unwrap(), quantity);
        prop_assert_eq!(Number::from(quantity).to_text(), quantity.canonical());

        for code in ["USD", "JPY", "KWD"] {
            let money = Money::from_minor_units(minor_units, code.parse().unwrap());
            prop_assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
        }
    }

    #[test]
    fn a_price_is_read_back_as_it_was_written(price in price()) {
        let stored = serde_json::to_string(&price).unwrap();
        let read: Price = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        prop_assert_eq!(read, price);
    }
}
