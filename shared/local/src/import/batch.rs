//! The rows of one call, until each has an outcome.

use std::time::Duration;

use super::ImportError;
use super::answer::Outcome;
use super::client::{Client, Reply};
use super::rows::Row;

/// How often in a row a call may come to nothing: then two minutes are over.
const MOST_TRIES: u32 = 9;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Rows with what became of them so far.
struct Batch<'a> {
    rows: &'a [Row],
    outcomes: Vec<Option<Outcome>>,
}

impl Batch<'_> {
    /// Whether sending the row may bring another outcome than it has.
    fn is_open(&self, index: usize) -> bool {
        self.outcomes.get(index).is_some_and(|outcome| outcome.as_ref().is_none_or(Outcome::is_failed))
    }

    fn rows(&self, call: &[usize]) -> impl Iterator<Item = &Row> {
        call.iter().filter_map(|&index| self.rows.get(index))
    }

    fn take(&mut self, call: &[usize], answers: Vec<Outcome>) {
        for (&index, answer) in call.iter().zip(answers) {
            if let Some(outcome) = self.outcomes.get_mut(index) {
                *outcome = Some(answer);
            }
        }
    }
}

/// Sends rows until each has an outcome that sending it again would not change, or patience ends.
pub async fn settle(
    client: &Client,
    columns: &[String],
    rows: &[Row],
    first_wait: Duration,
) -> Result<Vec<Outcome>, ImportError> {
    let mut batch = Batch { rows, outcomes: rows.iter().map(|row| row.flaw.map(Outcome::refused)).collect() };
    // The last call is sent next: rows keep their order, in which of two with the same date and id the first counts.
    let mut calls: Vec<Vec<usize>> = vec![(0..rows.len()).collect()];
    let mut tries = 0;
    while let Some(mut call) = calls.pop() {
        call.retain(|&index| batch.is_open(index));
        if call.is_empty() {
            continue;
        }
        let (reason, wait) = match client.post(columns, batch.rows(&call)).await? {
            Reply::TooLarge(detail) if call.len() == 1 => {
                batch.take(&call, vec![Outcome::refused(&detail)]);
                continue;
            }
            Reply::TooLarge(_) => {
                let second = call.split_off(call.len() / 2);
                calls.extend([second, call]);
                continue;
            }
            Reply::Outcomes(answers) if answers.len() == call.len() => {
                if !answers.iter().all(Outcome::is_failed) {
                    tries = 0;
                }
                let failed = answers.iter().find(|answer| answer.is_failed()).map(Outcome::told);
                batch.take(&call, answers);
                let Some(reason) = failed else { continue };
                (reason, None)
            }
            Reply::Outcomes(_) => ("the answer is about other rows".to_owned(), None),
            Reply::Later { reason, wait } => (reason, wait),
        };
        tries += 1;
        if tries == MOST_TRIES {
            // Rows that were answered are told as failed; without an answer, there is nothing to tell of them.
            if batch.outcomes.iter().all(Option::is_some) {
                break;
            }
            return Err(ImportError::Unavailable { tries, reason });
        }
        let wait = wait.unwrap_or_else(|| first_wait * 2_u32.pow(tries - 1)).min(LONGEST_WAIT);
        tracing::warn!(tries, ?wait, reason, "trying again");
        tokio::time::sleep(wait).await;
        calls.push(call);
    }
    Ok(batch.outcomes.into_iter().flatten().collect())
}
