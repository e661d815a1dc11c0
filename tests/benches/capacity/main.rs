//! What usage costs in DynamoDB's own units, counted in `ConsumedCapacity` through the real handlers, beside two other
//! designs: a row for each usage, and a transaction for each usage.
//!
//! Everything here is counted and nothing timed, so that the same code gives the same figures everywhere. The budgets of
//! the design are asserted: the benchmark fails where one is exceeded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batches;
mod budget;
mod cost;
mod deletes;
#[path = "../../tests/harness.rs"]
#[allow(dead_code)]
mod harness;
mod large;
mod lone;
mod period;
mod rows;
mod table;
mod usages;
mod writers;

use std::process::ExitCode;

use clap::Parser;

use budget::Budgets;

/// Counts what recording, reading, closing and deleting usage costs.
#[derive(Debug, Parser)]
struct Options {
    /// Fewer and smaller workloads: the budgets are held against them all the same.
    #[arg(long)]
    quick: bool,
    /// Only one period of so many usages (10,000 to 1,300,000), with the time and the memory of each step beside its units.
    #[arg(long, value_name = "USAGES", num_args = 0..=1, default_missing_value = "1000000")]
    #[arg(value_parser = clap::value_parser!(u32).range(10_000..=1_300_000))]
    large: Option<u32>,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Options { quick, large, .. } = Options::parse();
    let mut budgets = Budgets::default();
    if let Some(count) = large {
        large::run(usize::try_from(count).unwrap(), &mut budgets).await;
        return budgets.report();
    }
    println!("Units per record; dollars per million records at {}.", cost::PRICES);
    lone::run(quick, &mut budgets).await;
    batches::run(quick, &mut budgets).await;
    rows::run().await;
    writers::run(quick, &mut budgets).await;
    deletes::run(quick).await;
    period::run(quick, &mut budgets).await;
    budgets.report()
}
