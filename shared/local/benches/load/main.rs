//! Real clients on sockets against the local host, a process of its own: duplicates, a close under fire and a steady
//! stream. It says how many usages were lost, doubled, refused, and fails where one was.
//!
//! It makes a test site of its own. Loopback only, and it ends by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/kill/client.rs"]
mod client;
mod closing;
mod duplicates;
#[path = "../../tests/kill/host.rs"]
mod host;
#[path = "../../tests/kill/site.rs"]
mod site;
mod stream;
mod world;

use std::process::ExitCode;

use clap::Parser;

use host::Host;
use world::World;

/// Races and load over HTTP.
#[derive(Debug, Parser)]
struct Options {
    /// How long the steady stream lasts, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Usages a second of the steady stream.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// The parts to run; all of them where none is named: duplicates, closing, stream.
    parts: Vec<String>,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let chosen = |part: &str| options.parts.is_empty() || options.parts.iter().any(|wanted| wanted == part);
    let data = host::scratch_directory();
    let host = Host::start(&data).await;
    let world = World::new(&host.api()).await;
    let mut faults = 0;
    if chosen("duplicates") {
        faults += duplicates::run(&world).await;
    }
    if chosen("closing") {
        faults += closing::run(&world).await;
    }
    if chosen("stream") {
        faults += stream::run(&world, options.rate, options.seconds).await;
    }
    host.kill().await;
    std::fs::remove_dir_all(&data).unwrap();
    println!("{}", if faults == 0 { "Nothing was lost, doubled or refused." } else { "SOMETHING WENT WRONG." });
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
