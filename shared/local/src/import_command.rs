//! `import FILE`: the command line of an import, and what it says on its way.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use billing::id::SubscriptionId;
use clap::Args;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use local::Error;
use local::import::{self, Import, MOST_ROWS_PER_CALL, Progress, Summary, USUAL_ROWS_PER_CALL};

/// The first wait after a call that came to nothing.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Sends a CSV file of usages to the API, in as many calls as it takes.
///
/// The first row names the columns: subscription_id (unless --subscription is given), item_price_id, usage_date,
/// quantity, and where wanted unique_value, amount, id, note, from, to. Busy moments and lost connections are sat out.
/// After a crash, run the same command again: what is recorded already is answered as replayed, and nothing is recorded
/// twice. Rows that are neither recorded nor replayed go into a report with their line, outcome and detail; once
/// corrected, the report can be imported itself. Ends with status 1 where a row was refused, conflicting or failed.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The CSV file, in UTF-8 and with commas.
    file: PathBuf,
    /// Where the API is: https://.., or http://.. on this computer.
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The subscription of all rows, where the file has no column subscription_id.
    #[arg(long, value_name = "ID")]
    subscription: Option<SubscriptionId>,
    /// The API key. Better set the environment variable: a command line is kept by the shell and seen by others.
    #[arg(long, env = "COUNTINGHOUSE_API_KEY", hide_env_values = true)]
    key: String,
    /// How many rows go in one call; fewer where they belong to very many subscriptions.
    #[arg(long, value_name = "N", default_value_t = USUAL_ROWS_PER_CALL, value_parser = rows_per_call)]
    rows_per_call: usize,
    /// Where rows go that were neither recorded nor replayed [default: FILE.outcomes.csv]
    #[arg(long, value_name = "OUT.csv")]
    report: Option<PathBuf>,
}

fn rows_per_call(text: &str) -> Result<usize, String> {
    let rows = text.parse().ok().filter(|rows| (1..=MOST_ROWS_PER_CALL).contains(rows));
    rows.ok_or_else(|| format!("a number from 1 to {MOST_ROWS_PER_CALL}"))
}

/// Imports the file and says what became of it.
pub async fn import(options: ImportOptions) -> Result<ExitCode, Error> {
    let ImportOptions { file, url, subscription, key, rows_per_call, report } = options;
    let report = report.unwrap_or_else(|| {
        let mut name = file.clone().into_os_string();
        name.push(".outcomes.csv");
        name.into()
    });
    let size = std::fs::metadata(&file).map_or(0, |found| found.len());
    let import = Import { file, url, key, subscription, rows_per_call, report, first_wait: FIRST_WAIT };
    let shown = Shown::new(size);
    let ended = import::run(&import, |progress| shown.show(progress)).await;
    shown.finish();
    let summary = ended?;
    print_summary(&summary, shown.start.elapsed());
    if summary.recorded + summary.replayed < summary.rows() {
        println!("The other rows are in {}.", import.report.display());
    }
    Ok(if summary.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_summary(summary: &Summary, elapsed: Duration) {
    let rate = rows_a_second(summary.rows(), elapsed);
    println!("{} rows in {:.1} s, {rate} rows/s", HumanCount(summary.rows()), elapsed.as_secs_f32());
    for (outcome, rows, meaning) in [
        ("recorded", summary.recorded, ""),
        ("replayed", summary.replayed, "were recorded before"),
        ("late", summary.late, "are recorded, and not billed: their period is closed"),
        ("conflicting", summary.conflicting, "stand with other content, or were deleted"),
        ("refused", summary.refused, "are wrong"),
        ("failed", summary.failed, "may be sent again"),
    ] {
        let line =
            format!("  {outcome:<12}{:>12}  {}", HumanCount(rows).to_string(), if rows == 0 { "" } else { meaning });
        println!("{}", line.trim_end());
    }
}

fn rows_a_second(rows: u64, elapsed: Duration) -> HumanCount {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    HumanCount(rows.saturating_mul(1_000) / millis)
}

/// A bar on a terminal, a line for each call elsewhere.
struct Shown {
    bar: Option<ProgressBar>,
    size: u64,
    start: Instant,
}

impl Shown {
    fn new(size: u64) -> Shown {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(size);
            let template = "  {bar:30} {percent:>3}%  {bytes} of {total_bytes}  {msg}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Shown { bar, size, start: Instant::now() }
    }

    fn show(&self, Progress { bytes, summary }: Progress) {
        let rows = summary.rows();
        let others = rows - summary.recorded - summary.replayed;
        let others = if others == 0 { String::new() } else { format!(", {} others", HumanCount(others)) };
        let rate = rows_a_second(rows, self.start.elapsed());
        let message = format!("{} rows, {rate} rows/s{others}", HumanCount(rows));
        match &self.bar {
            Some(bar) => {
                bar.set_position(bytes.min(self.size));
                bar.set_message(message);
            }
            None => println!("{} of {}: {message}", HumanBytes(bytes.min(self.size)), HumanBytes(self.size)),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
