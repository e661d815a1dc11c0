//! How much goes through: closing of very many subscriptions that are due in the same minute, and usages over HTTP. Each
//! figure says what is ours and what the embedded engines took, which on AWS are DynamoDB and SQS and no time of ours.
//!
//! What is measured runs on one thread, called `host`; its processor time counts, and not what passes on a busy machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/kill/client.rs"]
#[allow(dead_code)]
mod client;
mod closing;
mod host;
mod invoices;
mod setup;
#[path = "../../tests/kill/site.rs"]
mod site;
mod spent;
mod throughput;

use std::process::ExitCode;

use clap::Parser;

/// Closing at scale, and throughput.
#[derive(Debug, Parser)]
struct Options {
    /// How many subscriptions are due in the same minute.
    #[arg(long, default_value_t = 10_000)]
    subscriptions: u32,
    /// Usages of each of them in its period.
    #[arg(long, default_value_t = 30)]
    usages: u32,
    /// How long each size of posts is sent, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only posts of this many usages.
    #[arg(long)]
    size: Option<u32>,
    /// The parts to run; both where none is named: closing, throughput.
    parts: Vec<String>,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen = |part: &str| options.parts.is_empty() || options.parts.iter().any(|wanted| wanted == part);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut faults = 0;
    if chosen("closing") {
        faults += closing::run(&runtime, options.subscriptions, options.usages);
    }
    if chosen("throughput") {
        let sizes = options.size.map_or(vec![1, 10, 100, 1_000], |size| vec![size]);
        faults += runtime.block_on(throughput::run(&sizes, options.seconds));
    }
    println!("{}", if faults == 0 { "\nNothing was lost, doubled or refused." } else { "\nSOMETHING WENT WRONG." });
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
