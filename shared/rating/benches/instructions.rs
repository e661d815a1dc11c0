//! How many instructions rating takes, and how long; `cargo bench -p rating --bench instructions` prints it.
//!
//! Instructions are counted by callgrind: the same thing is done more often and less often, and the difference divided,
//! so that starting up does not count. Unlike time they are the same whatever else the machine does, and more of them
//! than `MOST` says end the program with an error. Where valgrind is missing, only time is told.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use cases::Case;

mod cases;

/// What nothing may take more instructions than, by the name that it is told under.
const MOST: [(&str, u64); 4] = [
    ("steps of tiered, 10 tiers", 2_300),
    ("charge of tiered, 10 tiers", 3_300),
    ("per_unit, tax", 2_500),
    ("line of 30 records, from text", 10_000),
];

/// How often a thing is done before and beside what is counted.
const FEW: u64 = 200;
const MANY: u64 = 1_200;

/// The least time of so many tries is told, each of them of so many repetitions.
const TRIES: u32 = 400;
const REPETITIONS: u32 = 500;

fn main() -> ExitCode {
    let cases = cases::all();
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, name, times] = arguments.as_slice()
        && flag == "--only"
    {
        let case = cases.iter().find(|case| case.name == *name).unwrap();
        (0..times.parse::<u64>().unwrap()).for_each(|_| (case.run)());
        return ExitCode::SUCCESS;
    }
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_valgrind {
        println!("valgrind is not installed: instructions are not counted, and no bound is checked");
    }
    let mut is_within = true;
    println!("| {:40} | {:>8} | {:>12} | {:>5} |", "what", "ns", "instructions", "most");
    println!("|{:-<42}|{:->10}|{:->14}|{:->7}|", "", ":", ":", ":");
    for case in &cases {
        let most = MOST.iter().find(|(name, _)| *name == case.name).map(|(_, most)| *most);
        let counted = has_valgrind.then(|| instructions(case));
        is_within &= most.zip(counted).is_none_or(|(most, counted)| counted <= most);
        let told = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        let (time, counted, most) = (nanoseconds(case), told(counted), told(most));
        println!("| {:40} | {time:>8} | {counted:>12} | {most:>5} |", case.name);
    }
    if is_within {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: something takes more instructions than it may");
    ExitCode::FAILURE
}

fn instructions(case: &Case) -> u64 {
    let (few, many) = (collected(case, FEW), collected(case, MANY));
    many.saturating_sub(few) / (MANY - FEW)
}

/// The instructions of this program when it does one thing so often, and nothing else.
fn collected(case: &Case, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--only", &case.name, &times.to_string()])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_else(|| panic!("{}: {told}", case.name))
}

fn nanoseconds(case: &Case) -> String {
    let try_once = |_| {
        let began = Instant::now();
        (0..REPETITIONS).for_each(|_| (case.run)());
        began.elapsed()
    };
    let least = (0..TRIES).map(try_once).min().unwrap_or(Duration::MAX);
    let tenths = least.as_nanos() * 10 / u128::from(REPETITIONS);
    format!("{}.{}", tenths / 10, tenths % 10)
}
