//! Exploring a scope to exhaustion, or until something fails.

use std::fmt;
use std::time::Duration;

use stateright::report::{ReportData, ReportDiscovery, Reporter};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::protocol::{Action, Protocol, State};

/// A property that failed, and the way there.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The property.
    pub property: &'static str,
    /// The steps from the beginning.
    pub steps: Vec<Action>,
    /// Where they lead.
    pub state: State,
}

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Explored {
    /// What was explored.
    pub protocol: Protocol,
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// How many steps away the farthest state was met.
    pub depth: usize,
    /// How often a property was looked at.
    pub checks: usize,
    /// How long it took.
    pub took: Duration,
    /// What failed.
    pub failure: Option<Failure>,
    /// What should have happened somewhere, and did nowhere.
    pub unseen: Vec<&'static str>,
}

/// Explores everything that can happen; ends at the first failure.
pub fn explore(protocol: Protocol, threads: usize, progress: bool) -> Explored {
    let began = std::time::Instant::now();
    let checker = protocol.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
    let checker =
        if progress { checker.join_and_report(&mut ProgressLine(protocol.scope.name)) } else { checker.join() };
    let mut found = checker.discoveries();
    let properties = protocol.properties();
    let (always, witnesses): (Vec<_>, Vec<_>) =
        properties.iter().partition(|property| matches!(property.expectation, Expectation::Always));
    let failure = always.iter().find_map(|property| {
        let path = found.remove(property.name)?;
        Some(Failure { property: property.name, state: *path.last_state(), steps: path.into_actions() })
    });
    let unseen = witnesses.iter().map(|witness| witness.name).filter(|name| !found.contains_key(name));
    Explored {
        protocol,
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        checks: checker.unique_state_count() * always.len(),
        took: began.elapsed(),
        unseen: unseen.collect(),
        failure,
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explored { states, steps, depth, checks, took, .. } = self;
        let name = self.protocol.scope.name;
        write!(
            f,
            "{name:<16} {states:>9} states {steps:>10} steps, depth {depth:>2}, {checks:>10} checks, {took:>5.1?}"
        )?;
        if let Some(failure) = &self.failure {
            writeln!(f, "\n  {} fails: {:?}", failure.property, failure.state.wrong)?;
            for step in &failure.steps {
                writeln!(f, "    {step:?}")?;
            }
            write!(f, "{:#?}", failure.state)?;
        }
        Ok(())
    }
}

/// One line on standard error, written over every second.
struct ProgressLine(&'static str);

impl Reporter<Protocol> for ProgressLine {
    fn report_checking(&mut self, data: ReportData) {
        let end = if data.done { "\n" } else { "" };
        let (states, depth, seconds) = (data.unique_states, data.max_depth, data.duration.as_secs());
        eprint!("\r{}: {states} states, depth {depth}, {seconds} s{end}", self.0);
    }

    fn report_discoveries(
        &mut self,
        _: &Protocol,
        _: std::collections::BTreeMap<&'static str, ReportDiscovery<Protocol>>,
    ) {
    }
}
