//! `export` and `verify DIR`: their command lines, and what they say.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use billing::id::InvoiceId;
use clap::Args;
use indicatif::{HumanCount, ProgressBar};
use local::Error;
use local::export::{self, Export};
use local::verify::{self, Outcome};

/// The first wait after a call that came to nothing.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What ends a verification of files that cannot be read.
const UNREADABLE: u8 = 2;

/// Downloads a closed invoice and the usages that it billed, for `verify`.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// Where the API is: https://.., or http://.. on this computer.
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The API key; the scope `read` is enough. Better set the environment variable: a command line is kept by the shell
    /// and seen by others.
    #[arg(long, env = "COUNTINGHOUSE_API_KEY", hide_env_values = true)]
    key: String,
    /// The invoice.
    #[arg(long, value_name = "ID")]
    invoice: InvoiceId,
    /// The directory that the files go to; invoice.json and usages.jsonl in it are replaced.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Computes an exported invoice again from its usages; needs no network.
///
/// Ends with status 1 where anything differs, with every difference, and with 2 where that cannot be told: a file cannot
/// be read, or a line was closed before lines kept what they were computed from.
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// The directory of an export.
    directory: PathBuf,
    /// Say of each line how its amount came about.
    #[arg(long)]
    explain: bool,
}

/// Exports and says how far it is.
pub async fn export(options: ExportOptions) -> Result<ExitCode, Error> {
    let ExportOptions { url, key, invoice, to } = options;
    let export = Export { url, key, invoice, to, first_wait: FIRST_WAIT };
    let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
    let ended = export::run(&export, |written, counted| {
        let message = format!("{} of {} usages", HumanCount(written), HumanCount(counted));
        match &bar {
            Some(bar) => bar.set_message(message),
            None => println!("{message}"),
        }
    })
    .await;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let usages = ended?;
    println!("Invoice {} and {} usages are in {}.", export.invoice, HumanCount(usages), export.to.display());
    Ok(ExitCode::SUCCESS)
}

/// Verifies and says of each part what became of it.
pub fn verify(options: &VerifyOptions) -> ExitCode {
    let verified = match verify::run(&options.directory) {
        Ok(verified) => verified,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(UNREADABLE);
        }
    };
    for part in &verified.parts {
        let outcome = match part.outcome() {
            Outcome::Right => "OK",
            Outcome::NotKept => "NOT KEPT",
            Outcome::Differs => "DIFFERS",
        };
        println!("{outcome:<8} {}  {}", part.part, part.told);
        for difference in &part.differences {
            println!("    {}: {}, recomputed {}", difference.field, difference.explained, difference.recomputed);
        }
        if options.explain {
            part.explanation.lines().for_each(|line| println!("    {line}"));
        }
    }
    ExitCode::from(verified.outcome().exit_status())
}
