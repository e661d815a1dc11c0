//! Who goes next: everybody runs until they wait for a call, then the seed picks the call that is carried out.
//!
//! Time stands still while calls wait, but for the delays that the seed puts in; where nobody waits for a call, it passes
//! until somebody does. So the order of everything follows from the seed, whatever the product's own jitter.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use local::engine::Answer;

use crate::call::Call;
use crate::cloud::{Cloud, View, conflict, refusal};
use crate::connector::{CALLER, Parked};
use crate::fault::{Fault, Faults};
use crate::history::Shared;
use crate::seed::Seed;
use crate::world::SITES;

/// Longer than any wait between two attempts.
const WHILE: Duration = Duration::from_millis(250);

/// How often time passes in vain until the history counts as hung.
const PATIENCE: usize = 2_000;

/// Somebody's part of the history.
pub struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Task {
    /// The task of the caller of that number.
    pub fn new(caller: usize, shared: &Arc<Shared>, future: impl Future<Output = ()> + Send + 'static) -> Task {
        let network = Arc::clone(&shared.network);
        // The runtime would hold back whoever does much without waiting.
        let future = tokio::task::unconstrained(CALLER.scope((caller, network), future));
        Task { future: Some(Box::pin(future)), woken: Arc::new(Woken(AtomicBool::new(true))) }
    }

    fn poll(&mut self) -> bool {
        let Some(future) = &mut self.future else { return false };
        if !self.woken.0.swap(false, Ordering::SeqCst) {
            return false;
        }
        let waker = Waker::from(Arc::clone(&self.woken));
        if let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.future = None;
        }
        true
    }
}

/// A call that was carried out.
#[derive(Clone, Debug)]
pub struct Met {
    /// The step of the protocol that it is.
    pub statement: String,
    /// The faults that it can meet.
    pub faults: Vec<Fault>,
}

/// Carries out one part of a history.
pub struct Schedule<'a> {
    /// What everybody shares.
    pub shared: &'a Arc<Shared>,
    /// Decides.
    pub seed: &'a mut Seed,
    /// What goes wrong.
    pub faults: Faults,
    /// The calls that were carried out.
    pub met: Vec<Met>,
    waiting: Vec<(String, Parked)>,
    late: Vec<Call>,
}

impl<'a> Schedule<'a> {
    /// Nobody waits yet.
    pub fn new(shared: &'a Arc<Shared>, seed: &'a mut Seed, faults: Faults) -> Schedule<'a> {
        Schedule { shared, seed, faults, met: Vec::new(), waiting: Vec::new(), late: Vec::new() }
    }

    /// Runs until everybody is done and everything that was sent is applied and visible.
    ///
    /// # Errors
    /// Where nobody ever goes on.
    pub async fn run(&mut self, mut tasks: Vec<Task>) -> Result<(), String> {
        let mut in_vain = 0;
        loop {
            while tasks.iter_mut().any(Task::poll) {}
            self.collect();
            let (waiting, late, hidden) = (self.waiting.len(), self.late.len(), self.cloud().hidden());
            let options = waiting + late + hidden;
            let over = tasks.iter().all(|task| task.future.is_none());
            if options == 0 && over {
                return Ok(());
            }
            if options == 0 || (!over && self.seed.chance(self.faults.delays)) {
                in_vain += usize::from(options == 0);
                if in_vain > PATIENCE {
                    return Err("nobody goes on".to_owned());
                }
                tokio::time::advance(WHILE).await;
                continue;
            }
            in_vain = 0;
            let step = self.shared.next_step();
            self.cloud().step = step;
            let pick = self.seed.below(options);
            if pick < waiting {
                let (_, parked) = self.waiting.remove(pick);
                self.carry_out(parked);
            } else if pick < waiting + late {
                let call = self.late.remove(pick - waiting);
                let answer = self.cloud().execute(&call, View::default(), None);
                let status = answer.map_or(0, |answer| answer.status);
                self.shared.tell(|| format!("          {} is applied late: {status}", call.told()));
            } else {
                let shown = self.cloud().appear(pick - waiting - late);
                self.shared.tell(|| format!("          {shown:?} becomes visible"));
            }
        }
    }

    fn cloud(&self) -> MutexGuard<'a, Cloud> {
        self.shared.cloud()
    }

    /// Takes in the calls that were made since, in an order that does not depend on how their callers are built.
    fn collect(&mut self) {
        for parked in self.shared.network.take() {
            self.waiting.push((parked.call.canonical(), parked));
        }
        self.waiting.sort_by(|a, b| (a.1.call.caller, &a.0).cmp(&(b.1.call.caller, &b.0)));
        let (gone, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, parked)| parked.reply.is_closed());
        self.waiting = waiting;
        // Whoever gave a call up does not know whether it was sent.
        let gone: Vec<(String, Parked)> = gone;
        for (_, Parked { call, .. }) in gone {
            if call.is_write() && self.faults.failures > 0 && self.seed.chance(500) {
                self.shared.network.taint(call.caller);
                self.late.push(call);
            }
        }
    }

    /// I13: an invocation with the key of one site touches nothing of another.
    fn check_site(&self, call: &Call) {
        let Some(site) = self.shared.network.site(call.caller).filter(|_| !call.is_queue()) else { return };
        let other = SITES.into_iter().filter(|other| *other != site);
        let other: Vec<&str> = other.collect();
        let inside = call.partitions().iter().all(|partition| partition.split('#').all(|part| !other.contains(&part)));
        self.shared.check("I13 a key opens one site", inside, || call.told());
    }

    fn carry_out(&mut self, Parked { mut call, reply }: Parked) {
        let weakness = self.cloud().weakness;
        if weakness.is_some_and(|weakness| weakness.weaken(&mut call)) {
            let _ = reply.send(Ok(Answer { status: 200, body: Bytes::from_static(b"{}") }));
            return;
        }
        let number = self.met.len();
        let fault = self.faults.next(self.seed, number, &call);
        let faults = Fault::ALL.into_iter().filter(|fault| fault.concerns(&call)).collect();
        self.met.push(Met { statement: call.statement(), faults });
        self.shared.count(|counts| {
            counts.calls += 1;
            if fault != Fault::None {
                *counts.faults.entry(fault).or_default() += 1;
            }
        });
        self.shared.tell(|| format!("{number:>5} {:>3} {} {}", call.caller, call.told(), told(fault)));
        self.check_site(&call);
        if fault.hides_an_effect() {
            self.shared.network.taint(call.caller);
        }
        let half_visible =
            fault == Fault::HalfVisible || (fault.hides_an_effect() && self.seed.chance(self.faults.half_visible));
        let view = View { stale: None, half_visible };
        let mut cloud = self.cloud();
        let answer = match fault {
            Fault::Partial => {
                call.cut_short();
                cloud.execute(&call, view, Some(reply))
            }
            Fault::None | Fault::HalfVisible => cloud.execute(&call, view, Some(reply)),
            Fault::Stale => {
                let (oldest, now) = cloud.states();
                let stale = Some(oldest + self.seed.below(now - oldest + 1));
                cloud.execute(&call, View { stale, ..view }, Some(reply))
            }
            Fault::FailBefore => {
                let _ = reply.send(Err("the connection failed"));
                None
            }
            Fault::FailAfter => {
                let _ = reply.send(Err("the connection failed"));
                cloud.execute(&call, view, None)
            }
            Fault::ApplyLater => {
                let _ = reply.send(Err("the connection failed"));
                self.late.push(call);
                None
            }
            Fault::Duplicate => {
                cloud.execute(&call, View::default(), None);
                cloud.execute(&call, View::default(), Some(reply))
            }
            Fault::Throttle => {
                let kind = if call.is_queue() { "RequestThrottled" } else { "ProvisionedThroughputExceededException" };
                let _ = reply.send(Ok(refusal(kind, "the throughput is exceeded")));
                None
            }
            Fault::Conflict => {
                let busy: Vec<bool> = call.settled().iter().enumerate().map(|(n, _)| n == 0).collect();
                let _ = reply.send(Ok(conflict(&call, &busy)));
                None
            }
            Fault::ServerError => {
                let mut answer = refusal("InternalServerError", "the service failed");
                answer.status = 500;
                let _ = reply.send(Ok(answer));
                None
            }
            Fault::CrashBefore | Fault::CrashAfter | Fault::CrashLater => {
                self.shared.network.crash(call.caller);
                match fault {
                    Fault::CrashAfter => cloud.execute(&call, view, None),
                    Fault::CrashLater => {
                        self.late.push(call);
                        None
                    }
                    _ => None,
                }
            }
        };
        drop(cloud);
        if let Some(answer) = answer {
            self.shared.tell(|| {
                // Read and written again: the engine's maps have no order.
                let text = serde_json::from_slice(&answer.body).unwrap_or(serde_json::Value::Null).to_string();
                format!("          {} {}", answer.status, text.chars().take(300).collect::<String>())
            });
        }
    }
}

fn told(fault: Fault) -> String {
    if fault == Fault::None { String::new() } else { format!("*** {fault:?}") }
}
