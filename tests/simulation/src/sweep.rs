//! Every fault at every call: the script once without any, then once for each call and each fault that it can meet.

use crate::fault::Faults;
use crate::history::{FIRST_SCRIPT, Plan};
use crate::run::{Failure, try_one};
use crate::script::SCRIPTS;

/// The plans of the sweep.
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
            plans.extend(faults.iter().map(single));
        }
    }
    Ok(plans)
}
