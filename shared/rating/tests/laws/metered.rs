//! Usage that is rated as it comes is charged as all of it at once.

use proptest::prelude::*;
use rating::{HeldAtEnd, Measurement, Meter, Total, Window, aggregate, rate_usage};

use crate::CASES;
use crate::generators::{self, Record, measured, records};

/// Each record once, by date and id.
fn in_order(mut records: Vec<Record>) -> Vec<Record> {
    records.sort();
    records.dedup_by(|one, other| (one.0, &one.1) == (other.0, &other.1));
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_meter_charges_what_all_its_records_are_charged(inputs in generators::inputs(), records in records()) {
        let records = in_order(records);
        let mut meter = Meter::new(inputs.clone());
        measured(&records).into_iter().for_each(|record| meter.add(record));
        prop_assert_eq!(meter.charge(), rate_usage(&inputs, &measured(&records)));
    }

    #[test]
    fn a_meter_refuses_what_rating_refuses(inputs in generators::inputs(), records in records(), odd in 0_usize..8) {
        let records = in_order(records);
        let mut measured = measured(&records);
        for (index, record) in measured.iter_mut().enumerate().filter(|(index, _)| index % 8 >= odd) {
            *record = match index % 3 {
                0 => Measurement { unique_value: None, ..*record },
                1 => Measurement { amount: None, ..*record },
                _ => Measurement { quantity: "-1".parse().unwrap(), amount: Some("-1".parse().unwrap()), ..*record },
            };
        }
        let mut meter = Meter::new(inputs.clone());
        measured.iter().for_each(|record| meter.add(*record));
        prop_assert_eq!(meter.charge(), rate_usage(&inputs, &measured));
    }

    #[test]
    fn a_total_is_what_all_its_records_amount_to(
        inputs in generators::inputs(),
        records in records(),
        let_go in proptest::option::of(-3_i64..3),
    ) {
        let window = Window { let_go_ms: let_go.into_iter().collect(), ..Window::new(-3, 3, 7.into()) };
        let mut total = Total::new(inputs.aggregation, Some(&window));
        let mut held = HeldAtEnd::new(&window);
        for record in measured(&records) {
            total.add(record);
            held.add(record);
        }
        prop_assert_eq!(total.quantity(), aggregate(inputs.aggregation, Some(&window), measured(&records).into_iter()));
        prop_assert_eq!(held.quantity, window.held_at_end(measured(&records).into_iter()));
    }
}
