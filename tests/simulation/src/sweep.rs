//! Every fault at every call: the script once without any, then once for each call and each fault that it can meet.

use crate::fault::{Fault, Faults};
use crate::history::{FIRST_SCRIPT, Plan};
use crate::run::{Failure, try_one};
use crate::script::SCRIPTS;

/// To a call that only reads these are the same as a connection that fails.
const SAME_TO_A_READ: [Fault; 2] = [Fault::Throttle, Fault::ServerError];

/// The plans of the sweep. Calls that only read are gone through in the first script, which has all of them.
///
/// # Errors
/// Where a script does not even hold without a fault.
pub fn plans() -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    for script in 0..SCRIPTS {
        let plan = Plan::of(FIRST_SCRIPT + u64::try_from(script).unwrap_or_default());
        let quiet = try_one(plan)?;
        for (at, faults) in quiet.faults.iter().enumerate() {
            let single =
                |fault: &_| Plan { faults: Some(Faults { single: Some((at, *fault)), ..Faults::NONE }), ..plan };
            let is_read = !faults.contains(&Fault::FailAfter);
            let told_apart = |fault: &&Fault| !is_read || (script == 0 && !SAME_TO_A_READ.contains(fault));
            plans.extend(faults.iter().filter(told_apart).map(single));
        }
    }
    Ok(plans)
}
