//! What holds of every charge, whatever the price and the usage.

#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rating::{
    Aggregation, Amount, Charge, ChargeInputs, FlatFee, Measurement, Money, Number, Package, PerUnit, Price, Quantity,
    Rounding, Stairstep, Step, Tier, Tiered, Tiers, Volume, rate_usage,
};

/// A decimal as the door lets it in, with 0 to 12 digits after the point; small ones and huge ones.
fn decimal() -> impl Strategy<Value = String> {
    let integer = prop_oneof![0_u64..20, 0_u64..1_000_000_000_000_000];
    (integer, 0_u64..1_000_000_000_000, 0_usize..=12).prop_map(|(integer, fraction, digits)| match digits {
        0 => integer.to_string(),
        digits => format!("{integer}.{}", &format!("{fraction:012}")[..digits]),
    })
}

fn quantity() -> impl Strategy<Value = Quantity> {
    decimal().prop_map(|text| text.parse().unwrap())
}

fn positive_quantity() -> impl Strategy<Value = Quantity> {
    quantity().prop_filter("greater than 0", |quantity| !quantity.is_zero())
}

fn amount() -> impl Strategy<Value = Amount> {
    decimal().prop_map(|text| text.parse().unwrap())
}

/// Up to six tiers with an open end; `plain` ones have flat amounts only.
fn tiers(plain: bool) -> impl Strategy<Value = Tiers> {
    let numbers = (amount(), amount(), proptest::option::of(positive_quantity()));
    (vec(positive_quantity(), 0..6), vec(numbers, 6)).prop_map(move |(mut bounds, numbers)| {
        bounds.sort();
        bounds.dedup();
        let up_to = bounds.into_iter().map(Some).chain([None]);
        let tier = |(up_to, (unit_amount, flat_amount, package_size))| match plain {
            true => Tier { up_to, unit_amount: Amount::ZERO, flat_amount, package_size: None },
            false => Tier { up_to, unit_amount, flat_amount, package_size },
        };
        Tiers::new(up_to.zip(numbers).map(tier).collect()).unwrap()
    })
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![
        amount().prop_map(|amount| Price::FlatFee(FlatFee::new(amount).unwrap())),
        amount().prop_map(|amount| Price::PerUnit(PerUnit::new(amount).unwrap())),
        tiers(false).prop_map(|tiers| Price::Tiered(Tiered::new(tiers))),
        tiers(false).prop_map(|tiers| Price::Volume(Volume::new(tiers))),
        tiers(true).prop_map(|tiers| Price::Stairstep(Stairstep::new(tiers).unwrap())),
        (positive_quantity(), amount()).prop_map(|(size, amount)| Price::Package(Package::new(size, amount).unwrap())),
    ]
}

type Record = (i64, Option<String>, Quantity);

/// Records of which some share an instant.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let id = proptest::option::of(select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    vec((-3_i64..3, id, quantity()), 0..8)
}

fn rated(inputs: &ChargeInputs, records: &[Record]) -> Option<Charge> {
    let measurements: Vec<Measurement> =
        records.iter().map(|(date_ms, id, quantity)| Measurement::new(*date_ms, id.as_deref(), *quantity)).collect();
    rate_usage(inputs, &measurements).unwrap()
}

proptest! {
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

            let stored = serde_json::to_string(&charge).unwrap();
            let read: Charge = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
            prop_assert_eq!(read, charge);
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
