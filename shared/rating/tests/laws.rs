//! The laws of rating, each tried on 100,000 cases, or on as many as `PROPTEST_CASES` says.
//!
//! | law | test |
//! |---|---|
//! | lines sum to the total | `the_steps_of_a_charge_sum_to_its_amount` |
//! | order and batches of records change nothing | `the_order_of_records_changes_nothing`, `batches_amount_to_what_all_records_do` |
//! | monotone models are monotone | `more_never_costs_less_where_a_price_only_rises` |
//! | a graduated price is continuous | `a_graduated_price_without_flat_amounts_does_not_jump_at_a_bound` |
//! | splitting a period conserves the sum | `what_was_used_is_conserved_when_a_period_is_split`, `what_is_held_is_conserved_when_a_period_is_split`, `parts_of_a_period_cost_what_the_whole_does` |
//! | cap and minimum hold | `an_amount_stays_within_its_limits` |
//! | both number paths agree | `number::tests::both_paths_agree`, `ladder::tests::the_short_way_gives_the_steps_of_the_exact_one` in the crate |
//! | explain verifies | `what_was_explained_verifies` |
//! | what was printed is read as the same | `a_number_is_what_was_printed` |
//! | a meter charges what all its records are charged | `metered` |

#![allow(clippy::unwrap_used)]

#[path = "laws/generators.rs"]
mod generators;
#[path = "laws/metered.rs"]
mod metered;
#[path = "laws/others.rs"]
mod others;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::contextualize_config;
use rating::{
    Aggregation, AlreadyBilled, Amount, ChargeInputs, Explanation, Measurement, Money, Number, Package, PerUnit, Price,
    Quantity, Stairstep, Step, Tier, Tiered, Tiers, Window, aggregate, rate_usage, verify,
};

use generators::{Record, amount, decimal, measured, percent_tiers, price, quantity, records, tiers};

const CASES: u32 = 100_000;

fn amount_of(price: &Price, quantity: Quantity) -> Number {
    Step::sum(&price.price(&quantity.into()).unwrap())
}

/// The same records in another order.
fn reordered(records: &[Record], middle: prop::sample::Index) -> Vec<Record> {
    let mut records = records.to_vec();
    if !records.is_empty() {
        let middle = middle.index(records.len());
        records.rotate_left(middle);
        records[..middle].reverse();
    }
    records
}

fn total(aggregation: Aggregation, records: &[Record]) -> Number {
    aggregate(aggregation, None, measured(records).into_iter()).unwrap()
}

/// The same tiers, with nothing that makes an amount jump.
fn plain(tiers: &Tiers) -> Vec<Tier> {
    let tier = |tier: &Tier| Tier { flat_amount: Amount::ZERO, package_size: None, ..tier.clone() };
    tiers.as_slice().iter().map(tier).collect()
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(CASES)))]

    #[test]
    fn the_steps_of_a_charge_sum_to_its_amount(inputs in generators::inputs(), records in records()) {
        if let Some(charge) = rate_usage(&inputs, &measured(&records)).unwrap() {
            prop_assert_eq!(&Step::sum(&charge.steps), &charge.unrounded);
            // Rounded once: half a minor unit away at most.
            let error = Number::from(charge.amount).subtract(&charge.unrounded);
            let twice = error.add(&error);
            let minor_unit = Number::from(Money::from_minor_units(1, inputs.currency));
            prop_assert!(twice <= minor_unit && twice >= Number::ZERO.subtract(&minor_unit));
        } else {
            prop_assert!(records.is_empty() && !inputs.bill_zero_usage);
        }
    }

    #[test]
    fn the_order_of_records_changes_nothing(
        inputs in generators::inputs(),
        records in records(),
        middle in any::<prop::sample::Index>(),
    ) {
        let charge = rate_usage(&inputs, &measured(&records)).unwrap();
        let again = rate_usage(&inputs, &measured(&reordered(&records, middle))).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&charge).unwrap());
    }

    #[test]
    fn what_was_explained_verifies(
        inputs in generators::inputs(),
        records in records(),
        middle in any::<prop::sample::Index>(),
    ) {
        if let Some(explanation) = Explanation::of(inputs, &measured(&records), "digest".to_owned()).unwrap() {
            let stored = serde_json::to_string(&explanation).unwrap();
            let read: Explanation = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
            prop_assert_eq!(verify(&read, &measured(&reordered(&records, middle)), "digest"), []);
            let mut wrong = read;
            wrong.charge.unrounded = wrong.charge.unrounded.add(&"0.000000000001".parse().unwrap());
            prop_assert_eq!(verify(&wrong, &measured(&records), "digest").len(), 1);
        }
    }

    #[test]
    fn what_was_used_is_conserved_when_a_period_is_split(records in records(), middle in -3_i64..=3) {
        let (before, after): (Vec<Record>, Vec<Record>) = records.iter().cloned().partition(|(date_ms, ..)| *date_ms < middle);
        let parts = total(Aggregation::Sum, &before).add(&total(Aggregation::Sum, &after));
        prop_assert_eq!(parts, total(Aggregation::Sum, &records));
    }

    #[test]
    fn batches_amount_to_what_all_records_do(records in records(), middle in any::<prop::sample::Index>()) {
        let (one, other) = records.split_at(middle.index(records.len().max(1)).min(records.len()));
        for aggregation in [Aggregation::Sum, Aggregation::Count] {
            let parts = total(aggregation, one).add(&total(aggregation, other));
            prop_assert_eq!(parts, total(aggregation, &records));
        }
        let parts = total(Aggregation::Max, one).max(total(Aggregation::Max, other));
        prop_assert_eq!(parts, total(Aggregation::Max, &records));
    }

    #[test]
    fn what_is_held_is_conserved_when_a_period_is_split(
        records in records(),
        carried_over in quantity(),
        middle in -3_i64..4,
        let_go in prop::collection::vec(-4_i64..4, 0..3),
    ) {
        let held = |start_ms: i64, end_ms: i64, carried_over: Number| {
            let inside: Vec<Measurement> =
                measured(&records).into_iter().filter(|one| (start_ms..end_ms).contains(&one.date_ms)).collect();
            let let_go_ms = let_go.iter().copied().filter(|instant| (start_ms..end_ms).contains(instant)).collect();
            let window = Window { let_go_ms, ..Window::new(start_ms, end_ms, carried_over) };
            let average = aggregate(Aggregation::WeightedSum, Some(&window), inside.iter().copied()).unwrap();
            (average.multiply(&(end_ms - start_ms).into()), window.held_at_end(inside.into_iter()))
        };
        let whole = held(-4, 4, carried_over.into());
        let (first, at_middle) = held(-4, middle, carried_over.into());
        let (second, at_end) = held(middle, 4, at_middle);
        prop_assert_eq!((first.add(&second), at_end), whole);
    }

    #[test]
    fn more_never_costs_less_where_a_price_only_rises(
        tiers in tiers(false),
        size in generators::positive_quantity(),
        unit in amount(),
        one in quantity(),
        other in quantity(),
    ) {
        let mut flats: Vec<Amount> = tiers.as_slice().iter().map(|tier| tier.flat_amount).collect();
        flats.sort();
        let step = |(tier, flat_amount): (&Tier, Amount)| Tier {
            up_to: tier.up_to,
            unit_amount: Amount::ZERO,
            flat_amount,
            package_size: None,
        };
        let steps = Tiers::new(tiers.as_slice().iter().zip(flats).map(step).collect()).unwrap();
        for price in [
            Price::GraduatedPercentage(percent_tiers(&tiers)),
            Price::Tiered(Tiered::new(tiers)),
            Price::Stairstep(Stairstep::new(steps).unwrap()),
            Price::Package(Package::new(size, unit).unwrap()),
            Price::PerUnit(PerUnit::new(unit).unwrap()),
        ] {
            let (less, more) = (amount_of(&price, one.min(other)), amount_of(&price, one.max(other)));
            prop_assert!(less <= more, "{:?}", price);
            prop_assert_eq!(price.warnings().iter().any(|told| told.to_string().contains("less")), false);
        }
    }

    #[test]
    fn a_graduated_price_without_flat_amounts_does_not_jump_at_a_bound(tiers in tiers(false)) {
        let tiers = plain(&tiers);
        let price = Price::Tiered(Tiered::new(Tiers::new(tiers.clone()).unwrap()));
        let least: Number = "0.000000000001".parse().unwrap();
        for (tier, next) in tiers.iter().zip(tiers.iter().skip(1)) {
            let bound = Number::from(tier.up_to.unwrap());
            let cost = |quantity: &Number| Step::sum(&price.price(quantity).unwrap());
            let step = cost(&bound.add(&least)).subtract(&cost(&bound));
            prop_assert_eq!(step, least.multiply(&next.unit_amount.into()));
            let step = cost(&bound).subtract(&cost(&bound.subtract(&least)));
            prop_assert_eq!(step, least.multiply(&tier.unit_amount.into()));
        }
    }

    #[test]
    fn parts_of_a_period_cost_what_the_whole_does(
        tiers in tiers(false),
        (first, second, included) in (quantity(), quantity(), quantity()),
    ) {
        let price = Price::Tiered(Tiered::new(tiers));
        let record = |quantity| Measurement::new(0, None, quantity);
        let inputs = ChargeInputs { included, ..ChargeInputs::new(&price, "USD".parse().unwrap()) };
        let whole = rate_usage(&inputs, &[record(first), record(second)]).unwrap().unwrap();
        let one = rate_usage(&inputs, &[record(first)]).unwrap().unwrap();
        let already_billed = Some(AlreadyBilled { quantity: first.into(), amount: one.unrounded.clone() });
        let inputs = ChargeInputs { already_billed, ..inputs };
        let other = rate_usage(&inputs, &[record(second)]).unwrap().unwrap();
        prop_assert_eq!(one.unrounded.add(&other.unrounded), whole.unrounded);
        prop_assert_eq!(one.billable.add(&other.billable), whole.billable);
    }

    #[test]
    fn an_amount_stays_within_its_limits(
        price in price(),
        used in quantity(),
        (minimum, maximum, left) in (amount(), amount(), amount()),
        code in select(vec!["USD", "JPY", "KWD"]),
    ) {
        let inputs = ChargeInputs {
            minimum_amount: Some(minimum),
            maximum_amount: Some(maximum.max(minimum)),
            ..ChargeInputs::new(&price, code.parse().unwrap())
        };
        let record = [Measurement { amount: Some(left), ..Measurement::new(0, None, used) }];
        let charge = rate_usage(&inputs, &record).unwrap().unwrap();
        prop_assert!(charge.unrounded >= minimum.into() && charge.unrounded <= maximum.max(minimum).into());
        prop_assert_eq!(&Step::sum(&charge.steps), &charge.unrounded);
        let capped = rate_usage(&ChargeInputs { balance_remaining: Some(left), ..inputs }, &record).unwrap().unwrap();
        prop_assert_eq!(capped.unrounded, charge.unrounded.min(left.into()));
    }

    #[test]
    fn a_number_is_what_was_printed(text in decimal(), divisor in 1_i64..1_000_000) {
        let number = text.parse::<Number>().unwrap().divide(&divisor.into()).unwrap();
        prop_assert_eq!(&number.to_text().parse::<Number>().unwrap(), &number);
        prop_assert_eq!(number.multiply(&divisor.into()), text.parse().unwrap());
        prop_assert_eq!(text.parse::<Quantity>().unwrap().to_string(), text.clone());
        prop_assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
    }
}
