use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn history(unit: CadenceUnit, start: &str, zone: &str) -> CadenceHistory {
    BillingCadence::new(1, unit, at(start), zone.parse().unwrap()).unwrap().into()
}

impl CadenceHistory {
    /// The same length of periods as before.
    fn moved(&self, number: u32, end: &str) -> CadenceHistory {
        let newest = self.newest();
        self.ending(number, at(end), newest.every(), newest.unit()).unwrap()
    }
}

/// Checks the boundaries from 0 on, and that the periods between them are found from their first and last instants.
#[track_caller]
fn check(history: &CadenceHistory, boundaries: &[&str]) {
    let found: Vec<String> = (0..).zip(boundaries).map(|(n, _)| history.boundary(n).unwrap().to_string()).collect();
    assert_eq!(found, boundaries);
    for (n, _) in (-2..).zip(boundaries) {
        let period = history.period(n).unwrap();
        assert_eq!(history.period_at(period.start), Ok((n, period)));
        assert_eq!(history.period_at(period.end.plus_millis(-1)), Ok((n, period)));
    }
}

#[test]
fn a_moved_end_is_where_the_periods_behind_it_are_counted_from() {
    let monthly = history(CadenceUnit::Month, "2026-01-31T00:00:00Z", "UTC");

    let shortened = monthly.moved(1, "2026-03-20T12:00:00Z");
    let stretched = monthly.moved(1, "2026-06-15T00:00:00Z");
    let twice = shortened.moved(2, "2026-05-01T00:00:00Z");

    check(&monthly, &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]);
    check(
        &shortened,
        &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-20T12:00:00Z", "2026-04-20T12:00:00Z"],
    );
    check(
        &stretched,
        &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-06-15T00:00:00Z", "2026-07-15T00:00:00Z"],
    );
    check(
        &twice,
        &[
            "2026-01-31T00:00:00Z",
            "2026-02-28T00:00:00Z",
            "2026-03-20T12:00:00Z",
            "2026-05-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
        ],
    );
    assert_eq!(stretched.period_at(at("2026-05-10T00:00:00Z")), Ok((1, stretched.period(1).unwrap())));
    assert_eq!(stretched.nominal_period(1).unwrap().end, at("2026-03-31T00:00:00Z"));
    assert_eq!(twice.nominal_period(2).unwrap().end, at("2026-04-20T12:00:00Z"));
    assert_eq!(monthly.period_at(Timestamp::MIN).unwrap(), twice.period_at(Timestamp::MIN).unwrap());
}

#[test]
fn an_end_that_is_moved_again_forgets_the_first_move_and_one_that_is_moved_back_all_of_them() {
    let monthly = history(CadenceUnit::Month, "2026-01-31T00:00:00Z", "UTC");

    let moved = monthly.moved(0, "2026-02-10T00:00:00Z");
    let again = moved.moved(0, "2026-03-05T00:00:00Z");

    assert_eq!(again, monthly.moved(0, "2026-03-05T00:00:00Z"));
    assert_eq!(again.moves(), 1);
    assert_eq!(again.moved(0, "2026-02-28T00:00:00Z"), monthly);
    // Behind a move, what is not moved follows from it.
    let next = moved.moved(1, "2026-03-15T00:00:00Z");
    assert_eq!(next.moved(1, "2026-03-10T00:00:00Z"), moved);
    assert_eq!([monthly, moved, next].map(|history| history.moves()), [0, 1, 2]);
}

#[test]
fn another_length_begins_with_a_boundary_also_where_the_period_would_have_ended() {
    let monthly = history(CadenceUnit::Month, "2026-01-31T00:00:00Z", "UTC");

    let yearly = monthly.ending(0, at("2026-02-28T00:00:00Z"), 1, CadenceUnit::Year).unwrap();

    check(&yearly, &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z"]);
    assert_eq!((yearly.newest().unit(), yearly.cadence_of(0).1.unit()), (CadenceUnit::Year, CadenceUnit::Month));
}

#[test]
fn a_boundary_in_an_hour_that_clocks_show_twice_is_the_instant_that_was_said() {
    // On 25 October the clocks of Berlin go back from 03:00 to 02:00, which is 01:00 in UTC.
    let daily = history(CadenceUnit::Day, "2026-10-24T22:00:00Z", "Europe/Berlin");

    let moved = daily.moved(0, "2026-10-25T01:30:00Z");

    check(&moved, &["2026-10-24T22:00:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]);
    assert_eq!(moved.period_at(at("2026-10-25T00:45:00Z")), Ok((0, moved.period(0).unwrap())));
    // A day that the zone skipped can be given time.
    let skipped = history(CadenceUnit::Day, "2011-12-28T10:00:00Z", "Pacific/Apia").moved(2, "2011-12-30T22:00:00Z");
    assert!(skipped.nominal_period(2).unwrap().is_empty());
    assert_eq!(skipped.period_at(at("2011-12-30T10:00:00Z")), Ok((2, skipped.period(2).unwrap())));
}

#[test]
fn an_end_lies_after_its_period_began_and_leaves_room_for_the_next_one() {
    let monthly = history(CadenceUnit::Month, "2026-01-31T00:00:00Z", "UTC");
    let moved = monthly.moved(0, "2026-02-10T00:00:00Z");
    for (number, end, refused) in [
        (0, "2026-01-31T00:00:00Z", TimeError::EndBeforeStart),
        (0, "2026-01-30T00:00:00Z", TimeError::EndBeforeStart),
        (1, "2026-02-10T00:00:00Z", TimeError::EndBeforeStart),
        (1, "4999-12-31T00:00:00Z", TimeError::OutOfRange),
    ] {
        assert_eq!(moved.ending(number, at(end), 1, CadenceUnit::Month), Err(refused), "{number} {end}");
    }
    assert_eq!(moved.ending(1, at("2026-02-11T00:00:00Z"), 0, CadenceUnit::Month), Err(TimeError::EveryOutOfRange));
}

#[test]
fn what_was_never_moved_is_stored_as_its_cadence_and_read_from_it() {
    let stored = r#"{"every":1,"unit":"month","anchor":"2026-01-31T00:00:00","time_zone":"Europe/Berlin"}"#;
    let read: CadenceHistory = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);

    let moved = read.moved(2, "2026-04-10T12:30:00Z");

    let golden = stored.replace(
        "\"Europe/Berlin\"}",
        r#""Europe/Berlin","moved":[{"number":3,"at":"2026-04-10T12:30:00Z","every":1,"unit":"month"}]}"#,
    );
    assert_eq!(serde_json::to_string(&moved).unwrap(), golden);
    assert_eq!(serde_json::from_str::<CadenceHistory>(&golden).unwrap(), moved);
    for (from, to) in [
        (r#""number":3"#, r#""number":0"#),
        ("2026-04-10", "2026-01-10"),
        (r#""every":1,"unit":"month"}]"#, r#""every":0,"unit":"month"}]"#),
    ] {
        assert!(serde_json::from_str::<CadenceHistory>(&golden.replace(from, to)).is_err(), "{from}");
    }
}

/// What is done with the newest period: so many pass, and then its end is moved by a part of a day or many of them.
type Move = (u32, i64, u32, CadenceUnit);

fn any_moves() -> impl Strategy<Value = Vec<Move>> {
    let unit = proptest::sample::select(vec![CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month]);
    let distance = prop_oneof![1..=3 * 86_400_000_i64, 1..=120 * 86_400_000_i64];
    proptest::collection::vec((0..3_u32, distance, 1..=3_u32, unit), 1..8)
}

fn any_history() -> impl Strategy<Value = CadenceHistory> {
    let unit =
        proptest::sample::select(vec![CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year]);
    let zone = proptest::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ]);
    (1..=3_u32, unit, 1_318_000_000_000..1_900_000_000_000_i64, zone).prop_map(|(every, unit, millis, zone)| {
        let anchor = Timestamp::from_millis(millis).unwrap();
        BillingCadence::new(every, unit, anchor, zone.parse().unwrap()).unwrap().into()
    })
}

/// The histories after each of the moves, with the number of the period whose end was moved last.
fn moved(first: &CadenceHistory, moves: &[Move]) -> Vec<(u32, CadenceHistory)> {
    let (mut number, mut history) = (0_u32, first.clone());
    let each = moves.iter().map(|&(passed, distance, every, unit)| {
        number = number.saturating_add(passed);
        let end = history.boundary(number.into()).unwrap().plus_millis(distance);
        history = history.ending(number, end, every, unit).unwrap();
        assert_eq!(history.boundary(i64::from(number).saturating_add(1)), Ok(end));
        (number, history.clone())
    });
    each.collect()
}

proptest! {
    #[test]
    fn periods_tile_whatever_was_moved(first in any_history(), moves in any_moves()) {
        for (_, history) in moved(&first, &moves) {
            for n in -3..40_i64 {
                let (period, next) = (history.period(n).unwrap(), history.period(n.saturating_add(1)).unwrap());
                prop_assert_eq!(period.end, next.start);
                if !period.is_empty() {
                    prop_assert_eq!(history.period_at(period.start), Ok((n, period)));
                    let middle = period.start.plus_millis(period.end.millis().saturating_sub(period.start.millis()) / 2);
                    prop_assert_eq!(history.period_at(middle), Ok((n, period)));
                    prop_assert_eq!(history.period_at(period.end.plus_millis(-1)), Ok((n, period)));
                }
                let nominal = history.nominal_period(n).unwrap();
                prop_assert!(nominal.start == period.start && nominal.start <= nominal.end);
            }
            let stored = serde_json::to_string(&history).unwrap();
            prop_assert_eq!(serde_json::from_str::<CadenceHistory>(&stored).unwrap(), history);
        }
    }

    #[test]
    fn what_lies_behind_a_move_stays(first in any_history(), moves in any_moves()) {
        let mut before = first.clone();
        for (number, history) in moved(&first, &moves) {
            for n in -3..i64::from(number) {
                prop_assert_eq!(history.period(n), before.period(n));
                prop_assert_eq!(history.nominal_period(n), before.nominal_period(n));
            }
            // What the newest period would be without a move is not changed by one either.
            prop_assert_eq!(history.nominal_period(number.into()), before.nominal_period(number.into()));
            before = history;
        }
    }
}
