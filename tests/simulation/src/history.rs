//! One history: a world, people and functions in it, what goes wrong, and what must hold afterwards. All of it follows
//! from the seed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use billing::time::Timestamp;
use serde_json::Value;

use crate::audit;
use crate::book::Book;
use crate::client::Client;
use crate::cloud::Cloud;
use crate::connector::Network;
use crate::fault::{Fault, Faults};
use crate::prelude::Stage;
use crate::reads::ChargeRead;
use crate::schedule::{Met, Schedule, Task};
use crate::script;
use crate::seed::Seed;
use crate::weakness::Weakness;
use crate::world::{self, Environment, Kind, World};

/// How many environments each function has.
const ENVIRONMENTS: usize = 3;

const HOUR: i64 = 3_600_000;

/// What was done, and how much of it was checked.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Histories.
    pub histories: u64,
    /// Calls to DynamoDB and SQS.
    pub calls: u64,
    /// Requests and invocations.
    pub invocations: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Checks by what was checked.
    pub checks: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Adds what another history did.
    pub fn add(&mut self, other: &Counts) {
        self.histories += other.histories;
        self.calls += other.calls;
        self.invocations += other.invocations;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (check, count) in &other.checks {
            *self.checks.entry(check).or_default() += count;
        }
    }
}

/// What everybody in a history shares.
pub struct Shared {
    /// Where calls go.
    pub network: Arc<Network>,
    /// The world.
    pub world: Arc<World>,
    /// The functions' environments.
    pub environments: Vec<Environment>,
    cloud: Mutex<Cloud>,
    clock: AtomicI64,
    steps: AtomicUsize,
    highest_limit: AtomicUsize,
    lowest_limit: AtomicUsize,
    book: Mutex<Book>,
    charge_reads: Mutex<Vec<ChargeRead>>,
    closed: Mutex<BTreeMap<String, Value>>,
    counts: Mutex<Counts>,
    trace: Option<Mutex<Vec<String>>>,
    wrong: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(world: Arc<World>, cloud: Cloud, clock: Timestamp, traced: bool) -> Arc<Shared> {
        let limit = world.kind.limit.unwrap_or(usize::MAX);
        Arc::new(Shared {
            network: Arc::default(),
            world,
            environments: (0..ENVIRONMENTS).map(|_| Environment::cold()).collect(),
            cloud: Mutex::new(cloud),
            clock: AtomicI64::new(clock.millis()),
            steps: AtomicUsize::new(0),
            highest_limit: AtomicUsize::new(limit),
            lowest_limit: AtomicUsize::new(limit),
            book: Mutex::default(),
            charge_reads: Mutex::default(),
            closed: Mutex::default(),
            counts: Mutex::default(),
            trace: traced.then(Mutex::default),
            wrong: Mutex::default(),
        })
    }

    /// The table and the queue.
    pub fn cloud(&self) -> MutexGuard<'_, Cloud> {
        lock(&self.cloud)
    }

    /// What was done to every usage.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    /// Notes a charge that was read.
    pub fn note_read(&self, read: ChargeRead) {
        lock(&self.charge_reads).push(read);
    }

    /// The charges that were read.
    pub fn charge_reads(&self) -> Vec<ChargeRead> {
        lock(&self.charge_reads).clone()
    }

    /// A closed invoice as it was when it was first seen.
    pub fn first_seen(&self, name: String, invoice: &Value) -> Value {
        lock(&self.closed).entry(name).or_insert_with(|| invoice.clone()).clone()
    }

    /// The real time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }

    /// Moves the real time; it never goes back.
    pub fn move_clock(&self, to: Timestamp) {
        self.clock.fetch_max(to.millis(), Ordering::SeqCst);
    }

    /// The highest usage limit that any subscription ever had.
    pub fn highest_limit(&self) -> usize {
        self.highest_limit.load(Ordering::SeqCst)
    }

    /// The lowest usage limit that any subscription ever had.
    pub fn lowest_limit(&self) -> usize {
        self.lowest_limit.load(Ordering::SeqCst)
    }

    /// Notes a limit before it is asked for.
    pub fn note_limit(&self, limit: usize) {
        self.highest_limit.fetch_max(limit, Ordering::SeqCst);
        self.lowest_limit.fetch_min(limit, Ordering::SeqCst);
    }

    /// The next moment; every beginning, end and call has one of its own.
    pub fn next_step(&self) -> usize {
        self.steps.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Counts.
    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut lock(&self.counts));
    }

    /// Writes a line into the trace, where there is one.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            lock(trace).push(line());
        }
    }

    /// Notes that a check was made, and what is wrong where it failed.
    pub fn check(&self, what: &'static str, holds: bool, wrong: impl FnOnce() -> String) {
        self.count(|counts| *counts.checks.entry(what).or_default() += 1);
        if !holds {
            let wrong = format!("{what}: {}", wrong());
            self.tell(|| format!("!!! {wrong}"));
            lock(&self.wrong).push(wrong);
        }
    }
}

/// What a history came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub counts: Counts,
    /// What does not hold.
    pub wrong: Vec<String>,
    /// What happened, where that was asked for.
    pub trace: Vec<String>,
    /// The calls, up to where everything is settled.
    pub met: Vec<Met>,
}

/// What a history is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What everything follows from.
    pub seed: u64,
    /// What goes wrong; what the seed says, where nothing is given.
    pub faults: Option<Faults>,
    /// One after another, where nothing goes wrong: every answer has to be the reference's.
    pub sequential: bool,
    /// The fixed course of events of that number instead of what the seed says.
    pub script: Option<usize>,
    /// How the product is weakened on purpose.
    pub weakness: Option<Weakness>,
    /// Whether it is told what happens.
    pub traced: bool,
}

/// From here on seeds are those of scripts.
pub const FIRST_SCRIPT: u64 = 1 << 60;

impl Plan {
    /// The history of a seed.
    pub fn of(seed: u64) -> Plan {
        let script = seed.checked_sub(FIRST_SCRIPT).and_then(|script| usize::try_from(script).ok());
        let sequential = script.is_some() || seed.is_multiple_of(8);
        Plan { seed, faults: None, sequential, script, weakness: None, traced: false }
    }
}

/// Lives through a history.
///
/// # Errors
/// Where it could not be carried out at all.
pub fn live(plan: Plan) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(Box::pin(tell_history(plan)))
}

async fn tell_history(plan: Plan) -> Result<Outcome, String> {
    let mut seed = Seed::new(plan.seed);
    let kind = seed.below(world::KINDS);
    let world = world_of(plan.script.map_or(kind, script::kind_of)).await?;
    let faults = match plan.faults {
        Some(faults) => faults,
        None if plan.sequential => Faults::NONE,
        None => Faults::of(&mut seed),
    };
    let mut cloud = Cloud::new(world.engine()?, &world.items, seed.chance(500));
    cloud.weakness = plan.weakness;
    let first_end = world.ends.first().copied().ok_or("the world has no periods")?;
    let shared = Shared::new(Arc::clone(&world), cloud, first_end.plus_millis(-2 * HOUR), plan.traced);
    shared.tell(|| format!("seed {} {:?} {faults:?}", plan.seed, world.kind));
    let clients = if plan.sequential { 1 } else { 2 + seed.below(4) };
    let races = !plan.sequential && seed.chance(300);
    let known = match plan.script {
        Some(_) => Vec::new(),
        None => {
            let how_far = if races { Stage::Generated } else { *seed.one_of(&Stage::ALL) };
            let (client, known) = (Client::new(clients, &shared, seed.fork()), Arc::default());
            let prelude = Task::new(clients, &shared, client.prelude(how_far, Arc::clone(&known)));
            Schedule::new(&shared, &mut seed, Faults::NONE).run(vec![prelude]).await?;
            lock(&known).clone()
        }
    };
    shared.tell(|| "--- from here on at the same time".to_owned());
    let mut tasks = Vec::new();
    for caller in 0..clients {
        let deeds = if plan.sequential { 8 + seed.below(14) } else { 3 + seed.below(8) };
        let mut client = Client::new(caller, &shared, seed.fork());
        client.known.clone_from(&known);
        client.races = races;
        tasks.push(match plan.script {
            Some(_) => Task::new(caller, &shared, client.act()),
            None => Task::new(caller, &shared, client.live(deeds)),
        });
    }
    let mut met = Vec::new();
    let mut lived = {
        let mut schedule = Schedule::new(&shared, &mut seed, faults);
        let ran = schedule.run(tasks).await;
        met.append(&mut schedule.met);
        ran
    };
    if lived.is_ok() {
        shared.tell(|| "--- everything that is due is done".to_owned());
        let auditor = seed.fork();
        // From here on nothing is written at the same time, and most calls are the audit's own.
        shared.cloud().compares = false;
        let mut schedule = Schedule::new(&shared, &mut seed, Faults::NONE);
        let task = Task::new(clients, &shared, audit::settle_and_check(Client::new(clients, &shared, auditor)));
        lived = schedule.run(vec![task]).await;
    }
    if let Err(hung) = lived {
        shared.check("everybody goes on", false, || hung);
    }
    let cloud = shared.cloud();
    for disagreement in &cloud.disagreements {
        shared.check("reads are the engine's", false, || disagreement.clone());
    }
    shared.count(|counts| {
        counts.histories += 1;
        *counts.checks.entry("reads are the engine's").or_default() += cloud.compared;
    });
    drop(cloud);
    let trace = shared.trace.as_ref().map(|trace| lock(trace).clone()).unwrap_or_default();
    let counts = lock(&shared.counts).clone();
    let wrong = lock(&shared.wrong).clone();
    Ok(Outcome { counts, wrong, trace, met })
}

/// The world of that kind, made by the handlers where it is not known yet.
async fn world_of(kind: usize) -> Result<Arc<World>, String> {
    if let Some(world) = world::known(kind) {
        return Ok(world);
    }
    let made = Kind::of(kind);
    let start = made.start();
    let empty = Arc::new(World { kind: made.clone(), items: Vec::new(), ends: Vec::new() });
    let shared = Shared::new(empty, Cloud::new(world::empty_engine()?, &[], false), start, false);
    let client = Client::new(0, &shared, Seed::new(0));
    let mut seed = Seed::new(0);
    let mut schedule = Schedule::new(&shared, &mut seed, Faults::NONE);
    schedule.run(vec![Task::new(0, &shared, client.make_world(made.clone()))]).await?;
    if let Some(wrong) = lock(&shared.wrong).first() {
        return Err(format!("the world could not be made: {wrong}"));
    }
    let items = shared.cloud().past().present().map(|(key, item)| (key.clone(), Arc::clone(item))).collect();
    let world = Arc::new(World::new(made, items));
    lock(world::worlds()).insert(kind, Arc::clone(&world));
    Ok(world)
}
