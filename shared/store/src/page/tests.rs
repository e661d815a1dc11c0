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
        worn: bool,
    ) {
        let (start, end) = (Bound::at(at(0)), Bound::at(at(5_000)));
        let (present, added) = (cells(present), cells(added));

        let drafts = lay_out(&start, &end, &present, &added, overhead, worn);

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
