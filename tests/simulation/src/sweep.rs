//! Every fault at every call: the script once without any, then once for each call and each fault that it can meet.

use std::collections::BTreeSet;

use crate::fault::{Fault, Faults};
use crate::history::{FIRST_SCRIPT, Plan};
use crate::run::{Failure, try_one};
use crate::script::SCRIPTS;

/// To a call that only reads these are the same as a connection that fails.
const SAME_TO_A_READ: [Fault; 2] = [Fault::Throttle, Fault::ServerError];

/// At which calls of the scripts each fault is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// The first call of each step of the protocol, over all scripts.
    FirstOfEachStep,
    /// All of them.
    All,
}

/// The plans of the sweep. Calls that only read are gone through in the first script, which has all of them.
///
/// # Errors
/// Where a script does not even hold without a fault.
pub fn plans(calls: Calls) -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    let mut tried = BTreeSet::new();
    for script in 0..SCRIPTS {
        let plan = Plan::of(FIRST_SCRIPT + u64::try_from(script).unwrap_or_default());
        for (at, met) in try_one(plan)?.met.into_iter().enumerate() {
            let is_read = !met.faults.contains(&Fault::FailAfter);
            if is_read && script > 0 && calls == Calls::All {
                continue;
            }
            for fault in met.faults {
                let told_apart = !(is_read && SAME_TO_A_READ.contains(&fault));
                if told_apart && (tried.insert((met.statement.clone(), fault)) || calls == Calls::All) {
                    plans.push(Plan { faults: Some(Faults { single: Some((at, fault)), ..Faults::NONE }), ..plan });
                }
            }
        }
    }
    Ok(plans)
}
