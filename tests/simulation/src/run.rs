//! Many histories: one seed after another, on several threads, until one of them fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::history::{Counts, Outcome, Plan, live};

/// A history that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How it is lived through again.
    pub plan: Plan,
    /// What does not hold.
    pub wrong: Vec<String>,
}

/// Lives through a history; a panic is what is wrong with it.
///
/// # Errors
/// The history, where something does not hold.
pub fn try_one(plan: Plan) -> Result<Outcome, Failure> {
    let failed = |wrong: Vec<String>| Failure { plan, wrong };
    match catch_unwind(AssertUnwindSafe(|| live(plan))) {
        Ok(Ok(outcome)) if outcome.wrong.is_empty() => Ok(outcome),
        Ok(Ok(outcome)) => Err(failed(outcome.wrong)),
        Ok(Err(error)) => Err(failed(vec![error])),
        Err(_) => Err(failed(vec!["somebody panicked".to_owned()])),
    }
}

/// Lives through histories on so many threads until all are done, or one fails; `each` is told of every one.
///
/// Returns what was done, and the first history that failed, if one did.
pub fn try_all(plans: &[Plan], threads: usize, each: impl Fn() + Sync) -> (Counts, Option<Failure>) {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let done: Mutex<(Counts, Option<Failure>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let index = usize::try_from(next.fetch_add(1, Ordering::SeqCst)).unwrap_or(usize::MAX);
                    let Some(plan) = plans.get(index) else { return };
                    let tried = try_one(*plan);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    match tried {
                        Ok(outcome) => done.0.add(&outcome.counts),
                        Err(failure) => {
                            stop.store(true, Ordering::SeqCst);
                            done.1.get_or_insert(failure);
                        }
                    }
                    drop(done);
                    each();
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for wrong in self.wrong.iter().take(3) {
            writeln!(f, "{}", wrong.chars().take(6_000).collect::<String>())?;
        }
        write!(f, "seed {}; with its trace: cargo simulate --seed {}", self.plan.seed, self.plan.seed)?;
        if let Some((at, fault)) = self.plan.faults.and_then(|faults| faults.single) {
            write!(f, " --at {at} --fault {fault:?}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} histories, {} invocations, {} calls", self.histories, self.invocations, self.calls)?;
        let faults: Vec<String> = self.faults.iter().map(|(fault, count)| format!("{fault:?} {count}")).collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        for (check, count) in &self.checks {
            writeln!(f, "{count:>12}  {check}")?;
        }
        Ok(())
    }
}
