//! What `cargo test` tries: a set of seeds, every single fault at every step of the protocol, and that a seed replays.

use simulation::fault::Fault;
use simulation::history::{Counts, FIRST_SCRIPT, Plan, live};
use simulation::run::{Failure, try_all};
use simulation::sweep::{self, Calls};
use simulation::weakness::Weakness;

/// How many histories fit into a test run; `cargo simulate --histories 100000` tries more.
const HISTORIES: u64 = 160;

const THREADS: usize = 2;

fn told(what: &str, (counts, failure): (Counts, Option<Failure>)) -> Counts {
    let failed = failure.map(|failure| format!("after {} histories: {failure}", counts.histories));
    assert_eq!(failed, None, "{what}");
    println!("{what}: {counts}");
    counts
}

#[test]
fn histories_of_many_seeds_hold() {
    let plans: Vec<Plan> = (1..=HISTORIES).map(Plan::of).collect();

    let counts = told("seeds", try_all(&plans, THREADS, || ()));

    assert_eq!(counts.histories, HISTORIES);
    assert_eq!(counts.faults.len(), Fault::ALL.len(), "some fault never happened: {:?}", counts.faults);
    for invariant in
        ["I1 ", "I2 ", "I3 ", "I4 ", "I5 ", "I6 ", "I7 ", "I8 ", "I9 ", "I10 ", "I11 ", "I12 ", "I13 ", "I14 "]
    {
        assert!(counts.checks.keys().any(|check| check.starts_with(invariant)), "{invariant} was never checked");
    }
}

/// `cargo simulate --sweep` tries them at every call.
#[test]
fn every_single_fault_at_every_step_of_the_protocol_holds() {
    let plans = sweep::plans(Calls::FirstOfEachStep).unwrap_or_else(|failure| panic!("{failure}"));

    let counts = told("single faults", try_all(&plans, THREADS, || ()));

    assert_eq!(counts.faults.values().sum::<u64>(), counts.histories, "a plan's fault did not happen");
}

/// Those that are seen soon; `cargo simulate --weaken` tries them all, and says after how many histories.
#[test]
fn a_weakened_product_is_noticed() {
    use Weakness::{
        AcknowledgeOnly, ExchangeAnything, FreezeTwice, PassTheLimit, ReadEventually, RecordBehindTheEnd,
        RecordIntoSealed, RecordOverAnother, ReplaceWrittenPage,
    };
    for weakness in [
        RecordIntoSealed,
        RecordBehindTheEnd,
        RecordOverAnother,
        ReplaceWrittenPage,
        ExchangeAnything,
        FreezeTwice,
        PassTheLimit,
        ReadEventually,
        AcknowledgeOnly,
    ] {
        let plans: Vec<Plan> = (1..=120).map(|seed| Plan { weakness: Some(weakness), ..Plan::of(seed) }).collect();

        let (counts, failure) = try_all(&plans, THREADS, || ());

        println!("{weakness:?} is seen after {} histories", counts.histories + 1);
        assert!(failure.is_some(), "{weakness:?} is not seen in {} histories", counts.histories);
    }
}

#[test]
fn a_seed_tells_the_same_history_each_time() {
    for seed in [1, 2, 3, 5, 8, FIRST_SCRIPT] {
        let trace = || live(Plan { traced: true, ..Plan::of(seed) }).unwrap().trace;

        let (once, again) = (trace(), trace());
        let differs = once.iter().zip(&again).find(|(once, again)| once != again);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once.len(), again.len(), "seed {seed}");
    }
}
