//! An exported invoice, computed again from its usages, without any network.
//!
//! Every line is rated anew by the inputs that it keeps: digest, count, steps and amount must come out to the last digit,
//! and so must the taxes and the total. Each usage must belong to one line. What is not computed (names, dates of the
//! invoice, payment) is not looked at.

mod files;
mod line;
mod total;
mod usages;

use std::path::{Path, PathBuf};

pub use files::Unreadable;
use rating::Difference;

use crate::export::{INVOICE_FILE, USAGES_FILE};

/// What became of one part of the invoice: a line, the usages as a whole, or the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it is: the id of a line, `usages` or `total`.
    pub part: String,
    /// What it says, for people.
    pub told: String,
    /// How the charge came about, in words; empty where nothing was rated.
    pub explanation: String,
    /// Where the files say something else than what follows from them.
    pub differences: Vec<Difference>,
}

/// The result of one verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The lines in their order, then the usages, then the total.
    pub parts: Vec<Checked>,
}

impl Verified {
    /// Whether there is no difference.
    pub fn is_right(&self) -> bool {
        self.parts.iter().all(|part| part.differences.is_empty())
    }
}

/// Verifies what [`export`](crate::export::run) wrote into a directory.
///
/// # Errors
/// `Unreadable`, with the file, the line and the field.
pub fn run(directory: &Path) -> Result<Verified, Unreadable> {
    let file = |name: &str| -> PathBuf { directory.join(name) };
    let invoice = files::invoice(&file(INVOICE_FILE))?;
    let records = files::usages(&file(USAGES_FILE))?;
    let mut parts: Vec<Checked> = invoice.lines.iter().map(|line| line::check(line, &invoice, &records)).collect();
    parts.push(usages::check(&invoice, &records));
    parts.push(total::check(&invoice));
    Ok(Verified { parts })
}

/// Collects differences.
#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn compare(&mut self, field: &str, explained: impl ToString, recomputed: impl ToString) {
        let (explained, recomputed) = (explained.to_string(), recomputed.to_string());
        if explained != recomputed {
            self.0.push(Difference { field: field.to_owned(), explained, recomputed });
        }
    }
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}
