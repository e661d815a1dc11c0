//! What can go wrong with a call, and when it does.

use crate::call::Call;
use crate::seed::Seed;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// The connection fails; nothing is applied.
    FailBefore,
    /// It is applied, then the connection fails.
    FailAfter,
    /// The connection fails; it is applied at some later time.
    ApplyLater,
    /// It is applied twice, and answered with the second answer.
    Duplicate,
    /// A throttle refuses it.
    Throttle,
    /// A transaction that nobody knows of has the item.
    Conflict,
    /// The service fails with a 500; nothing is applied.
    ServerError,
    /// The invocation ends before the call is sent.
    CrashBefore,
    /// The invocation ends after the call was applied.
    CrashAfter,
    /// The invocation ends, and the call is applied at some later time.
    CrashLater,
    /// A read shows a state of the past.
    Stale,
    /// A transaction becomes visible item by item.
    HalfVisible,
    /// A query brings only the first item that it finds, and says where it goes on, as where a megabyte is full.
    Partial,
}

impl Fault {
    /// Every fault there is.
    pub const ALL: [Fault; 13] = [
        Fault::FailBefore,
        Fault::FailAfter,
        Fault::ApplyLater,
        Fault::Duplicate,
        Fault::Throttle,
        Fault::Conflict,
        Fault::ServerError,
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::CrashLater,
        Fault::Stale,
        Fault::HalfVisible,
        Fault::Partial,
    ];

    /// Whether the call can meet it, and differently from the others.
    pub fn concerns(self, call: &Call) -> bool {
        match self {
            Fault::FailAfter | Fault::ApplyLater | Fault::Duplicate | Fault::CrashAfter | Fault::CrashLater => {
                call.is_write()
            }
            Fault::Conflict => !call.is_queue() && (call.is_write() || call.operation == "TransactGetItems"),
            Fault::Stale => call.may_be_stale(),
            Fault::HalfVisible => call.is_transaction(),
            Fault::Partial => call.operation == "Query",
            _ => true,
        }
    }

    /// Whether its caller may not know of an effect that the call has.
    pub fn hides_an_effect(self) -> bool {
        matches!(self, Fault::FailAfter | Fault::ApplyLater | Fault::Duplicate | Fault::CrashAfter | Fault::CrashLater)
    }
}

/// How often what goes wrong, in a thousand calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Any of the failures.
    pub failures: usize,
    /// Reads of the past, among those that may be.
    pub stale: usize,
    /// Half visible transactions.
    pub half_visible: usize,
    /// Queries that bring a part only.
    pub partial: usize,
    /// Time passing while calls wait.
    pub delays: usize,
    /// One fault at one call, counted from 0, and nothing else.
    pub single: Option<(usize, Fault)>,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Faults = Faults { failures: 0, stale: 0, half_visible: 0, partial: 0, delays: 0, single: None };

    /// What the seed lets happen in one history: some are quiet, some are stormy.
    pub fn of(seed: &mut Seed) -> Faults {
        Faults {
            failures: *seed.one_of(&[0, 5, 15, 30, 60, 120]),
            stale: *seed.one_of(&[0, 200, 700]),
            half_visible: *seed.one_of(&[0, 300, 800]),
            partial: *seed.one_of(&[0, 100, 500]),
            delays: *seed.one_of(&[0, 30, 80]),
            single: None,
        }
    }

    /// What the call with that number meets.
    pub fn next(&self, seed: &mut Seed, number: usize, call: &Call) -> Fault {
        if let Some((at, fault)) = self.single {
            return if at == number && fault.concerns(call) { fault } else { Fault::None };
        }
        // Most calls are reads, and most of what can go wrong goes wrong with writes.
        let often = if call.is_write() { 4 } else { 1 };
        if seed.chance(self.failures * often) {
            let several: Vec<Fault> = Fault::ALL[..10].iter().copied().filter(|fault| fault.concerns(call)).collect();
            return *seed.one_of(&several);
        }
        if Fault::Stale.concerns(call) && seed.chance(self.stale) {
            return Fault::Stale;
        }
        if Fault::HalfVisible.concerns(call) && seed.chance(self.half_visible) {
            return Fault::HalfVisible;
        }
        if Fault::Partial.concerns(call) && seed.chance(self.partial) {
            return Fault::Partial;
        }
        Fault::None
    }
}
