//! What the API says of rows.

use serde::Deserialize;
use serde_json::Value;

/// What became of a row.
#[derive(Clone, Debug, Deserialize)]
pub struct Outcome {
    outcome: String,
    #[serde(default)]
    problem: Option<Value>,
}

impl Outcome {
    /// A row that was refused before the API was asked.
    pub fn refused(detail: &str) -> Outcome {
        Outcome { outcome: "refused".to_owned(), problem: Some(serde_json::json!({ "detail": detail })) }
    }

    /// The word for it, such as `recorded`.
    pub fn word(&self) -> &str {
        &self.outcome
    }

    /// Whether sending the row again may bring another outcome.
    pub fn is_failed(&self) -> bool {
        self.outcome == "failed"
    }

    /// Whether the row is recorded, by this call or an earlier one, and is billed like any other.
    pub fn is_recorded(&self) -> bool {
        ["recorded", "replayed"].contains(&self.word())
    }

    /// What the API said of it: the field to blame and the detail, or else the type of the problem.
    pub fn told(&self) -> String {
        let member = |name| self.problem.as_ref().and_then(|problem| problem.get(name)).and_then(Value::as_str);
        match (member("field"), member("detail")) {
            (Some(field), Some(detail)) => format!("{field}: {detail}"),
            (None, Some(detail)) => detail.to_owned(),
            _ => member("type").unwrap_or_default().to_owned(),
        }
    }
}

/// How many rows met with each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Recorded now.
    pub recorded: u64,
    /// Recorded before with the same content.
    pub replayed: u64,
    /// Recorded after their period was closed, and not billed.
    pub late: u64,
    /// Recorded before with other content, or deleted.
    pub conflicting: u64,
    /// Wrong.
    pub refused: u64,
    /// Not recorded for reasons that may pass.
    pub failed: u64,
}

impl Summary {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome.word() {
            "recorded" => &mut self.recorded,
            "replayed" => &mut self.replayed,
            "late" => &mut self.late,
            "conflicting" => &mut self.conflicting,
            "refused" => &mut self.refused,
            _ => &mut self.failed,
        };
        *counter = counter.saturating_add(1);
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        [self.recorded, self.replayed, self.late, self.conflicting, self.refused, self.failed].iter().sum()
    }

    /// Whether every row stands as it was sent.
    pub fn is_complete(&self) -> bool {
        self.conflicting == 0 && self.refused == 0 && self.failed == 0
    }
}
