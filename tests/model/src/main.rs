//! Explores the larger scopes, or those that are named, with a line of progress: `cargo run -p model -- closers-large`.

use std::process::ExitCode;

use model::explore::explore;
use model::protocol::Protocol;
use model::scope::{LARGE, SMALL};

/// How many explore at once.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let all = || SMALL.iter().chain(&LARGE);
    if let Some(unknown) = names.iter().find(|name| all().all(|scope| scope.name != *name)) {
        let known: Vec<&str> = all().map(|scope| scope.name).collect();
        eprintln!("there is no scope {unknown}; there are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let mut failed = false;
    for &scope in all().filter(|scope| names.iter().any(|name| name == scope.name)) {
        failed |= told(scope);
    }
    if names.is_empty() {
        for scope in LARGE {
            failed |= told(scope);
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Explores a scope and prints what came of it; whether it failed.
fn told(scope: model::scope::Scope) -> bool {
    let explored = explore(Protocol { scope, mutation: None }, THREADS, true);
    println!("{explored}");
    explored.failure.is_some()
}
