//! What a function costs on Lambda, as far as it can be told without Lambda: how long it takes to start, how much
//! processor time a warm call takes, how much memory the process needs, how large the binary is.
//!
//! Plays the Lambda runtime API to the release binaries, over the embedded engines on loopback sockets. There is no TLS
//! in it, and no network: what a handshake costs comes on top of a start.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binary;
mod process;
mod runtime_api;
mod samples;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use binary::Binary;
use process::Process;
use samples::Samples;
use table::{Row, print};

/// The functions, in the order of the table.
const FUNCTIONS: [&str; 8] =
    ["record-usage", "usage-charges", "catalog", "subscriptions", "invoices", "docs", "close-periods", "issue-invoice"];

/// How long a start or a call may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Measures the release binaries of the functions.
#[derive(Debug, Parser)]
struct Options {
    /// How often each function is started.
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// How many warm calls are measured.
    #[arg(long, default_value_t = 1_000)]
    calls: usize,
    /// Measure the binaries of this folder, relative to the root, as they are, instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<std::path::PathBuf>,
    /// The functions; all of them where none is named.
    functions: Vec<String>,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let chosen = |name: &&str| options.functions.is_empty() || options.functions.iter().any(|wanted| wanted == name);
    let functions: Vec<&str> = FUNCTIONS.into_iter().filter(chosen).collect();
    let binaries = binary::find(&functions, options.binaries.as_deref());
    let mut samples = Samples::over_a_demo().await;
    let mut rows = Vec::new();
    for binary in &binaries {
        eprintln!("{}: {} starts, {} calls", binary.name, options.starts, options.calls);
        rows.push(measure(binary, &mut samples, &options).await);
    }
    print(&rows);
    ExitCode::SUCCESS
}

async fn measure(binary: &Binary, samples: &mut Samples, options: &Options) -> Row {
    let mut starts = Vec::new();
    for _ in 0..options.starts.max(1) {
        let process = Process::start(binary, samples.environment()).await;
        starts.push(process.start);
        process.end().await;
    }
    let mut process = Process::start(binary, samples.environment()).await;
    // The first calls fill what a function remembers.
    let warming = options.calls.min(50);
    for _ in 0..warming {
        process.call(samples.event(&binary.name)).await;
    }
    let before = process.cpu();
    let begun = std::time::Instant::now();
    for _ in 0..options.calls {
        process.call(samples.event(&binary.name)).await;
    }
    let calls = u32::try_from(options.calls.max(1)).unwrap();
    let row = Row {
        name: binary.name.clone(),
        bytes: binary.bytes,
        starts,
        cpu: (process.cpu() - before) / calls,
        wall: begun.elapsed() / calls,
        peak_kib: process.peak_kib(),
    };
    process.end().await;
    row
}
