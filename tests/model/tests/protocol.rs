//! The protocol holds in everything that can happen, and each way of weakening it is caught.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::explore::{Explored, Failure, explore};
use model::mutation::Mutation;
use model::protocol::Protocol;
use model::scope::{SMALL, Scope};

const THREADS: usize = 2;

#[test]
fn the_protocol_holds_whatever_happens() {
    for scope in SMALL {
        let explored = explore(Protocol { scope, mutation: None }, THREADS, false);
        println!("{explored}");

        assert!(explored.failure.is_none(), "{}: see the trace above", scope.name);
        assert!(explored.unseen.is_empty(), "{}: never seen: {:?}", scope.name, explored.unseen);
    }
}

/// How long the items of a transaction stay locked is not documented to the item. If one could be written as soon as it
/// is visible, a retry might be told that its record stands while it was just deleted; everything else would hold.
#[test]
fn where_items_unlock_early_a_replay_may_be_answered_from_before_a_deletion_and_no_more() {
    for scope in SMALL.into_iter().filter(|scope| ["boundaries", "readers"].contains(&scope.name)) {
        let scope = Scope { unlocks_early: true, ..scope };
        let explored = explore(Protocol { scope, mutation: None }, THREADS, false);
        println!("unlocked early: {explored}");

        assert!(explored.failure.is_none(), "{}: see the trace above", scope.name);
        assert!(explored.unseen.is_empty(), "{}: never seen: {:?}", scope.name, explored.unseen);
    }
}

#[test]
fn every_weakening_of_the_protocol_is_caught() {
    let caught = Mutation::ALL.iter().filter(|mutation| !Mutation::IMPLIED.contains(mutation)).map(|&mutation| {
        let explored = weakened(mutation);
        let (what, scope, states) = (mutation.what(), mutation.scope(), explored.states);
        match &explored.failure {
            Some(Failure { property, steps, state }) => {
                let wrong = state.wrong.map_or(String::new(), |wrong| format!(" ({wrong:?})"));
                println!("{mutation:?} | {what} | {scope} | {states} | {} | {property}{wrong}", steps.len());
            }
            None => println!("{mutation:?} | {what} | {scope} | {states} | NOT CAUGHT"),
        }
        explored.failure.is_some()
    });

    assert!(caught.fold(true, |all, caught| all & caught), "see NOT CAUGHT above");
}

/// These conditions follow from the others: the store keeps them as a second line of defence.
#[test]
fn what_is_implied_makes_no_difference_alone() {
    for &mutation in Mutation::IMPLIED {
        let explored = weakened(mutation);
        println!("{mutation:?} | {} | {explored}", mutation.what());

        assert!(explored.failure.is_none(), "{mutation:?} matters after all: take it out of IMPLIED");
    }
}

fn weakened(mutation: Mutation) -> Explored {
    let scope = SMALL.into_iter().find(|scope| scope.name == mutation.scope()).unwrap();
    explore(Protocol { scope, mutation: Some(mutation) }, THREADS, false)
}
