//! A file of usages to the HTTP API, in as many calls as it takes.
//!
//! The file is read as it goes, so that its size does not matter. Nothing is remembered between two runs: a usage is
//! known by its content, and one that an earlier run recorded is answered as replayed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use billing::id::SubscriptionId;

mod answer;
mod batch;
mod client;
mod report;
mod rows;

pub use answer::{Outcome, Summary};
use batch::settle;
use client::Client;
use report::Report;
use rows::Rows;

/// How many rows go in one call where nothing else is said.
pub const USUAL_ROWS_PER_CALL: usize = 5_000;

/// The most rows that one call takes.
pub const MOST_ROWS_PER_CALL: usize = 50_000;

/// The most bytes of rows in one call, which takes 4 MiB with its header.
const MOST_BYTES_PER_CALL: usize = 7 << 19;

/// What to import, and where.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file.
    pub file: PathBuf,
    /// Where the API is: `https://..`, or `http://..` on this computer.
    pub url: String,
    /// The API key.
    pub key: String,
    /// The subscription of all rows, where the file has no column for it.
    pub subscription: Option<SubscriptionId>,
    /// How many rows go in one call at most.
    pub rows_per_call: usize,
    /// Where the rows go that were neither recorded nor replayed.
    pub report: PathBuf,
    /// How long the first wait after a failed try is; every further one is twice as long.
    pub first_wait: Duration,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that are done.
    pub bytes: u64,
    /// What became of the rows in them.
    pub summary: Summary,
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read or written.
    #[error("{what} {}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no table of usages.
    #[error("{}, line {line}: {problem}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// The line where it went wrong.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The URL leads nowhere, or would send the key where others can read it.
    #[error("{0}")]
    Url(String),
    /// The API refused the call as a whole, and would refuse the next one too.
    #[error("the API answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the API said.
        detail: String,
    },
    /// The API did not answer, or only that it could not.
    #[error("gave up after {tries} tries: {reason}; run the same command again later, nothing is recorded twice")]
    Unavailable {
        /// How often it was tried.
        tries: u32,
        /// What came of the last try.
        reason: String,
    },
}

/// Imports a file; `progress` is told after every call.
///
/// # Errors
/// [`ImportError`] where the import ends before the file does. What was recorded until then stays recorded, and the
/// same import can be run again.
pub async fn run(import: &Import, mut progress: impl FnMut(Progress)) -> Result<Summary, ImportError> {
    let client = Client::new(&import.url, &import.key, import.subscription.as_ref())?;
    let file = File::open(&import.file).map_err(failed("cannot read", &import.file))?;
    let mut rows = Rows::open(&import.file, file)?;
    let mut report = Report::new(&import.report, &import.file, rows.header())?;
    let mut summary = Summary::default();
    loop {
        let batch = rows.next_batch(import.rows_per_call.clamp(1, MOST_ROWS_PER_CALL), MOST_BYTES_PER_CALL)?;
        if batch.is_empty() && summary.rows() == 0 {
            let problem = "there are no rows below the one that names the columns".to_owned();
            return Err(ImportError::Table { path: import.file.clone(), line: 1, problem });
        }
        if batch.is_empty() {
            return Ok(summary);
        }
        let outcomes = settle(&client, rows.header(), &batch, import.first_wait).await?;
        for (row, outcome) in batch.iter().zip(&outcomes) {
            summary.count(outcome);
            report.write(row, outcome)?;
        }
        report.flush()?;
        progress(Progress { bytes: rows.bytes(), summary });
    }
}

fn failed(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> ImportError {
    move |source| ImportError::File { what, path: path.to_owned(), source }
}
