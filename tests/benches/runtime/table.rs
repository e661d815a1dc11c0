//! The table of what was measured.

use std::time::Duration;

use crate::process::Start;

/// What was measured of one function.
#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub bytes: u64,
    pub starts: Vec<Start>,
    pub cpu: Duration,
    pub wall: Duration,
    pub peak_kib: u64,
}

/// Prints the table, and what its columns mean.
pub fn print(rows: &[Row]) {
    println!();
    println!(
        "| function | binary MB | start ms, median | worst | of it CPU | CPU \u{b5}s a call | wall \u{b5}s a call | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        let mut starts: Vec<Duration> = row.starts.iter().map(|start| start.wall).collect();
        let mut cpus: Vec<Duration> = row.starts.iter().map(|start| start.cpu).collect();
        starts.sort();
        cpus.sort();
        println!(
            "| {} | {:.2} | {:.1} | {:.1} | {:.1} | {} | {} | {:.1} |",
            row.name,
            row.bytes as f64 / 1e6,
            millis(starts[starts.len() / 2]),
            millis(starts[starts.len() - 1]),
            millis(cpus[cpus.len() / 2]),
            row.cpu.as_micros(),
            row.wall.as_micros(),
            row.peak_kib as f64 * 1024.0 / 1e6,
        );
    }
    println!();
    println!("start: from the start of the process to its first request for an event, the connection to the table");
    println!(
        "included, over plain HTTP and without a handshake. CPU: user and system, of the function's process alone."
    );
    println!(
        "wall: with the time of the embedded engine and of the benchmark, which are slower than what they stand for."
    );
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
