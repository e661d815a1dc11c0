//! An exported invoice, computed again from its usages, without any network.
//!
//! Every line is rated anew by the inputs that it keeps: digest, count, steps and amount must come out to the last digit,
//! and so must the taxes and the total. Each usage must belong to one line, and each price to one line. What is not
//! computed (names, dates of the invoice, due date) is not looked at.
//!
//! The inputs are taken as the line keeps them, where nothing in the export speaks against them. So what was held when a
//! period began (`carried_over`) is not checked: it comes from the period before, and one export does not have its usages.

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
    /// Whether it keeps what it was computed from: a line that was closed before lines did cannot be computed again.
    pub kept: bool,
}

/// How a verification ends, the better outcome first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All was computed again, and is the same.
    Right,
    /// A line does not keep what it was computed from; nothing else differs.
    NotKept,
    /// Something differs.
    Differs,
}

impl Outcome {
    /// The exit status of `verify`.
    pub fn exit_status(self) -> u8 {
        match self {
            Outcome::Right => 0,
            Outcome::Differs => 1,
            Outcome::NotKept => 2,
        }
    }
}

impl Checked {
    /// What became of it.
    pub fn outcome(&self) -> Outcome {
        match (self.differences.is_empty(), self.kept) {
            (false, _) => Outcome::Differs,
            (true, false) => Outcome::NotKept,
            (true, true) => Outcome::Right,
        }
    }
}

/// The result of one verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The lines in their order, then the usages, then the total.
    pub parts: Vec<Checked>,
}

impl Verified {
    /// What became of the worst of its parts.
    pub fn outcome(&self) -> Outcome {
        self.parts.iter().map(Checked::outcome).max().unwrap_or(Outcome::Right)
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
    let lines = 0..invoice.lines.len();
    let mut parts: Vec<Checked> = lines.filter_map(|index| line::check(index, &invoice, &records)).collect();
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
