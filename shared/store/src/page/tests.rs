use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_442_275_200_000 + millis).unwrap()
}

fn key(millis: i64, id: Option<&str>) -> RecordKey {
    RecordKey { date: at(millis), id: id.map(|id| id.parse().unwrap()) }
}

fn content(quantity: &str) -> Content {
    Content::new(quantity.parse().unwrap())
}

fn cell(quantity: &str) -> Cell {
    Cell::new(content(quantity), at(0))
}

fn cells(millis: impl IntoIterator<Item = i64>) -> BTreeMap<RecordKey, Cell> {
    millis.into_iter().map(|millis| (key(millis, None), cell("1"))).collect()
}

fn page(from: i64, to: i64, cells: BTreeMap<RecordKey, Cell>) -> Page {
    Page { start: Bound::at(at(from)), end: Bound::at(at(to)), bytes: 0, sealed: None, cells }
}

#[test]
fn bounds_sort_as_record_keys_do() {
    let keys = [key(0, None), key(0, Some("A")), key(0, Some("a")), key(1, None), key(36, Some("0"))];

    assert!(keys.is_sorted());
    assert!(keys.iter().map(Bound::of).is_sorted());
    assert!(keys.iter().all(|key| Bound::of(key).key().as_ref() == Some(key)));
    assert!(Bound::origin().key().is_none());
    assert!(Bound::origin() < Bound::at(Timestamp::MIN));
    assert!(Bound::at(Timestamp::MAX).as_str().len() == 9);
}

#[test]
fn a_bound_is_nine_digits_and_perhaps_an_id_behind_a_dot() {
    for text in ["000000000", "0if7hj680", "0if7hj680.call-7"] {
        assert_eq!(Bound::parse(text).map(|bound| bound.to_string()).as_deref(), Some(text));
    }
    for text in ["", "0if7hj68", "0IF7HJ680", "0if7hj68-", "0if7hj6800", "0if7hj680-call", "0if7hj68-.call"] {
        assert_eq!(Bound::parse(text), None, "{text}");
    }
}

#[test]
fn a_record_is_named_by_its_distance_from_any_start_and_read_back() {
    for start in [Bound::origin(), Bound::at(at(0)), Bound::of(&key(0, Some("id.with.dots")))] {
        for key in [key(0, None), key(86_400_000, None), key(5, Some("a.b:c-d_E"))] {
            assert_eq!(record_key(&start, &attribute_name(&start, &key)), Some(key));
        }
    }
}

#[test]
fn a_page_answers_in_the_order_of_the_protocol() {
    let mut page =
        page(0, 100, BTreeMap::from([(key(5, None), cell("7")), (key(6, None), cell("7").without_current())]));

    assert!(matches!(page.answer(&key(100, None), &content("1")), Answer::MoveRight));
    assert!(matches!(page.answer(&key(99, Some("x")), &content("1")), Answer::Open(CellAnswer::Free)));
    assert!(matches!(page.answer(&key(5, None), &content("7.0")), Answer::Open(CellAnswer::Replayed(_))));
    assert!(matches!(page.answer(&key(5, None), &content("8")), Answer::Open(CellAnswer::Conflicting(_))));
    assert!(matches!(page.answer(&key(6, None), &content("7")), Answer::Open(CellAnswer::WasDeleted)));
    assert!(matches!(page.answer(&key(6, None), &content("8")), Answer::Open(CellAnswer::Correct { .. })));
    page.sealed = Some(0);
    assert!(matches!(page.answer(&key(5, None), &content("8")), Answer::Sealed(Some(_))));
    assert!(matches!(page.answer(&key(100, None), &content("1")), Answer::MoveRight), "the end comes before the seal");
}

#[test]
fn a_page_holds_its_start_and_not_its_end() {
    let page = page(10, 20, cells([]));

    for (millis, inside) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(page.contains(&Bound::at(at(millis))), inside, "{millis}");
    }
}

#[test]
fn bytes_are_counted_as_dynamodb_counts_them() {
    let plain = page(0, 100, BTreeMap::from([(key(1, None), cell("1")), (key(36, Some("a")), cell("12.5"))])).draft();
    let from_a_record = Draft { start: Bound::of(&key(0, Some("id"))), ..plain.clone() };

    // The names 1 and 10.a, the values 1;-1 and 12.5;-10.
    assert_eq!(plain.bytes(), 1 + 4 + 4 + 8);
    // Two bounds of nine digits, the name E, and two numbers of at most four bytes with their names.
    assert_eq!(plain.bookkeeping(), 9 + 9 + 1 + 10);
    assert_eq!(from_a_record.bookkeeping(), 12 + 9 + 1 + 10);
}

#[test]
fn a_page_is_worn_once_more_was_written_into_it_than_it_holds() {
    let mut page = page(0, 100, cells([1, 2]));
    let held = u64::try_from(page.draft().bytes()).unwrap();

    for (bytes, worn) in [(0, false), (held - 1, false), (held, false), (held + 1, true)] {
        page.bytes = bytes;
        assert_eq!(page.is_worn(), worn, "{bytes} of {held}");
    }
}

/// Records that take 7 bytes each, and the first of a page 4.
fn even(count: i64) -> BTreeMap<RecordKey, Cell> {
    let record = |n: i64| (key(n * 46_656, None), Cell::new(content("1"), at(n * 46_656)));
    (0..count).map(record).collect()
}

/// How many records go into each page, where so many bytes of records fit into one.
fn counts(present: &BTreeMap<RecordKey, Cell>, added: &BTreeMap<RecordKey, Cell>, room: usize) -> Vec<usize> {
    let (start, end) = (Bound::at(at(0)), Bound::at(at(10_000_000)));
    let bookkeeping = page(0, 10_000_000, cells([])).draft().bookkeeping();
    let drafts = lay_out(&start, &end, present, added, FULL_PAGE_BYTES - bookkeeping - room, false);
    for draft in &drafts {
        assert!(draft.cells.keys().all(|key| draft.start <= Bound::of(key) && Bound::of(key) < draft.end));
    }
    drafts.iter().map(|draft| draft.cells.len()).collect()
}

#[test]
fn records_that_come_in_order_fill_one_page_after_the_other() {
    let none = BTreeMap::new();

    assert_eq!(counts(&none, &even(12), 4 + 7 * 4), [5, 5, 2]);
    assert_eq!(counts(&none, &even(12), 4 + 7 * 4 - 1), [4, 4, 4]);
    assert_eq!(counts(&none, &even(5), 4 + 7 * 4), [5]);
    assert_eq!(counts(&none, &even(3), 1), [1, 1, 1], "a record that is longer than a page has one of its own");
}

#[test]
fn a_record_in_between_makes_as_few_pages_as_there_can_be_and_fills_them_evenly() {
    let mut present = even(21);
    present.pop_first();
    let all = present.clone();
    let (between, last) = (all.first_key_value().unwrap(), all.last_key_value().unwrap());
    let [between, last] = [between, last].map(|(key, cell)| BTreeMap::from([(key.clone(), cell.clone())]));
    present.pop_first();

    assert_eq!(counts(&present, &between, 7 * 20), [20]);
    assert_eq!(counts(&present, &between, 7 * 20 - 1), [10, 10]);
    assert_eq!(counts(&all, &last, 7 * 20 - 1), [10, 10], "a correction of the last record is no new record");
}

#[test]
fn pages_of_records_that_share_an_instant_have_room_for_their_longer_bounds() {
    let record = |n: i64| (key(0, Some(&format!("a{n}"))), Cell::new(content("1"), at(0)));
    let shared = (0..8).map(record).collect();

    // Each takes 7 bytes, and each bound between two of them 3 more than one that is an instant.
    assert_eq!(counts(&BTreeMap::new(), &shared, 24), [3, 2, 3]);
}

#[test]
fn a_bound_between_two_records_is_an_instant_where_it_can_be() {
    for (left, right, bound) in [
        (key(0, None), key(1, None), Bound::at(at(1))),
        (key(0, None), key(1, Some("a")), Bound::at(at(1))),
        (key(1, None), key(1, Some("a")), Bound::of(&key(1, Some("a")))),
        (key(1, Some("a")), key(1, Some("b")), Bound::of(&key(1, Some("b")))),
    ] {
        assert_eq!(bound_before(&right, Some(&left)), bound);
        assert!(Bound::of(&left) < bound && bound <= Bound::of(&right));
    }
}

#[test]
fn a_page_is_cut_before_the_record_that_lies_right_at_the_bound() {
    let [left, right] = cut(page(0, 100, cells([4, 5, 6])).draft(), &Bound::at(at(5)));

    assert_eq!((left.start, left.end, left.cells.len()), (Bound::at(at(0)), Bound::at(at(5)), 1));
    assert_eq!((right.start, right.end, right.cells.len()), (Bound::at(at(5)), Bound::at(at(100)), 2));
}

#[test]
fn what_is_too_much_for_one_transaction_stays_together_in_the_last_page_for_later() {
    for (pages, written, in_last) in [(1, 1, 1), (89, 89, 1), (90, 90, 1), (91, 90, 2), (200, 90, 111)] {
        let drafts = (0..pages).map(|n| page(n, n + 1, cells([n])).draft()).collect();

        let now = at_once(drafts);

        assert_eq!((now.len(), now.last().unwrap().cells.len()), (written, in_last));
        assert_eq!(now.last().unwrap().end, Bound::at(at(pages)));
        assert!(now.windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}

#[test]
fn records_in_order_leave_a_full_page_behind_and_move_nothing() {
    let present = cells(0..60);

    let drafts = lay_out(&Bound::at(at(0)), &Bound::at(at(1_000)), &present, &cells([60]), 700, false);

    assert_eq!(drafts.len(), 2);
    assert_eq!(drafts[0].cells.len(), 60);
    assert_eq!(drafts[1].start, Bound::at(at(60)));
    assert_eq!(drafts[1].end, Bound::at(at(1_000)));
}

#[test]
fn a_record_in_between_halves_a_full_page() {
    let present = cells((0..100).map(|i| i * 2));

    let drafts = lay_out(&Bound::at(at(0)), &Bound::at(at(1_000)), &present, &cells([51]), 400, false);

    assert_eq!(drafts.len(), 2);
    assert!(drafts.iter().all(|draft| draft.cells.len() > 40));
}

#[test]
fn a_worn_page_is_split_although_its_records_would_fit() {
    let drafts = lay_out(&Bound::at(at(0)), &Bound::at(at(1_000)), &cells([1]), &cells([2]), 400, true);

    assert_eq!(drafts.iter().map(|draft| draft.cells.len()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_page_full_of_what_was_replaced_is_halved_so_that_its_end_moves() {
    let drafts = lay_out(&Bound::origin(), &Bound::at(at(1_000)), &cells([5]), &cells([7]), 60, true);

    assert_eq!(drafts.iter().map(|draft| draft.cells.len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(drafts[0].end, Bound::at(at(7)));
}

#[test]
fn a_worn_page_whose_only_record_lies_right_at_its_start_cannot_be_split() {
    let drafts = lay_out(&Bound::at(at(0)), &Bound::at(at(1_000)), &cells([0]), &cells([]), 400, true);

    assert_eq!(drafts.len(), 1);
}

#[test]
fn tiling_sees_gaps_half_splits_and_early_ends() {
    let chain = [page(0, 10, cells([])), page(10, 20, cells([]))];
    let (from, to) = (Bound::at(at(5)), Bound::at(at(20)));

    assert_eq!(tile(&chain, &from, &to), Tiling::Complete);
    assert_eq!(tile(&chain[..1], &from, &to), Tiling::EndsEarly(Bound::at(at(10))));
    assert_eq!(tile(&chain[1..], &from, &to), Tiling::Broken);
    assert_eq!(tile(&[chain[0].clone(), page(11, 20, cells([]))], &from, &to), Tiling::Broken);
    assert_eq!(tile(&[], &from, &to), Tiling::EndsEarly(Bound::origin()));
}

proptest! {
    #[test]
    fn a_layout_keeps_every_record_once_and_tiles_the_page(
        present in proptest::collection::btree_set(0_i64..5_000, 0..80),
        added in proptest::collection::btree_set(0_i64..5_000, 1..200),
        overhead in 60_usize..400,
        must_split: bool,
    ) {
        let (start, end) = (Bound::at(at(0)), Bound::at(at(5_000)));
        let (present, added) = (cells(present), cells(added));

        let drafts = lay_out(&start, &end, &present, &added, overhead, must_split);

        let mut all = present.clone();
        all.extend(added);
        let kept: Vec<_> = drafts.iter().flat_map(|draft| draft.cells.keys().cloned()).collect();
        prop_assert_eq!(kept, all.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(&drafts[0].start, &start);
        prop_assert_eq!(&drafts[drafts.len() - 1].end, &end);
        for pair in drafts.windows(2) {
            prop_assert_eq!(&pair[0].end, &pair[1].start);
        }
        for draft in &drafts {
            prop_assert!(draft.start < draft.end);
            for key in draft.cells.keys() {
                prop_assert!(draft.start <= Bound::of(key) && Bound::of(key) < draft.end);
            }
        }
    }
}
