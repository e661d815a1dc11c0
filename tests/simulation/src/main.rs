//! Runs many histories with a line of progress, or replays one with everything that happens in it:
//! `cargo simulate --histories 100000`, `cargo simulate --seed 7`.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use simulation::fault::{Fault, Faults};
use simulation::history::{Counts, Plan, live};
use simulation::run::{Failure, try_all};
use simulation::sweep::{self, Calls};
use simulation::weakness::Weakness;

/// The system under a seed.
#[derive(Parser)]
struct Arguments {
    /// Replays the history of this seed, and prints everything that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// The call, counted from 0, that one fault is put into, and nothing else goes wrong.
    #[arg(long, requires = "seed", requires = "fault")]
    at: Option<usize>,
    /// The fault, such as FailAfter.
    #[arg(long, requires = "at", value_parser = parse_fault)]
    fault: Option<Fault>,
    /// How many histories are lived through.
    #[arg(long, default_value_t = 1_000)]
    histories: u64,
    /// The first of their seeds.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// How many run at a time.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Puts every fault into every call of the scripts instead.
    #[arg(long)]
    sweep: bool,
    /// Weakens the product in one way after the other, and says how many histories it takes to see it.
    #[arg(long)]
    weaken: bool,
}

/// How many histories each weakening needs until it is seen.
fn weaken(first: u64, histories: u64, threads: usize) -> ExitCode {
    let mut unseen = 0;
    for weakness in Weakness::ALL {
        let weak = |seed| Plan { weakness: Some(weakness), ..Plan::of(seed) };
        let plans: Vec<Plan> = (first..first.saturating_add(histories)).map(weak).collect();
        match try_all(&plans, threads, || ()) {
            (_, None) => {
                unseen += 1;
                println!("{weakness:?} is not seen in {histories} histories");
            }
            (counts, Some(failure)) => {
                let what = failure.wrong.first().and_then(|wrong| wrong.split(':').next()).unwrap_or_default();
                println!("{weakness:?} is seen after {} histories: {what}", counts.histories + 1);
            }
        }
    }
    if unseen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse_fault(text: &str) -> Result<Fault, String> {
    let found = Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == text);
    found.ok_or_else(|| format!("the faults are {:?}", Fault::ALL))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        return replay(seed, arguments.at.zip(arguments.fault));
    }
    if arguments.weaken {
        return weaken(arguments.first, arguments.histories, arguments.threads);
    }
    let plans = if arguments.sweep {
        match sweep::plans(Calls::All) {
            Ok(plans) => plans,
            Err(failure) => return told(Instant::now(), (Counts::default(), Some(failure))),
        }
    } else {
        (arguments.first..arguments.first.saturating_add(arguments.histories)).map(Plan::of).collect()
    };
    println!("{} histories", plans.len());
    let begun = Instant::now();
    let bar = ProgressBar::new(u64::try_from(plans.len()).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} histories, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    let done = try_all(&plans, arguments.threads, || bar.inc(1));
    bar.finish_and_clear();
    told(begun, done)
}

fn told(begun: Instant, (counts, failure): (Counts, Option<Failure>)) -> ExitCode {
    print!("{counts}");
    println!("{:.0} seconds", begun.elapsed().as_secs_f32());
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            println!("after {} histories: {failure}", counts.histories);
            ExitCode::FAILURE
        }
    }
}

fn replay(seed: u64, single: Option<(usize, Fault)>) -> ExitCode {
    let plan = match single {
        Some(single) => Plan { faults: Some(Faults { single: Some(single), ..Faults::NONE }), ..Plan::of(seed) },
        None => Plan::of(seed),
    };
    match live(Plan { traced: true, ..plan }) {
        Ok(outcome) => {
            for line in &outcome.trace {
                println!("{line}");
            }
            for wrong in &outcome.wrong {
                println!("WRONG {wrong}");
            }
            if outcome.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
