//! Any number of usages to be recorded, and what each is answered.

use api::metrics::{Metric, add};
use api::usage_json::{UsageJson, usage_json};
use api::{Kind, Problem};
use billing::refusal::{self, Refusal};
use billing::site::Site;
use billing::time::Timestamp;
use billing::usage::NewUsage;
use operations::Created;
use operations::usage::{self, StandingUsage};
use serde_json::Value;

use crate::Deps;

/// What became of one usage: its status with the record that stands, or why there is none.
pub type Answer = Result<(u16, UsageJson), Problem>;

/// Records the usages that can be read; the answers are in the same order.
pub async fn record_all(
    deps: &Deps,
    site: &Site,
    now: Timestamp,
    usages: Vec<Result<NewUsage, Problem>>,
) -> Vec<Answer> {
    let mut readable = Vec::with_capacity(usages.len());
    let places: Vec<Result<(), Problem>> =
        usages.into_iter().map(|usage| usage.map(|usage| readable.push(usage))).collect();
    let mut outcomes = usage::record(&deps.store, site, readable, now).await.into_iter();
    let of_place =
        |place: Result<(), Problem>| place.and_then(|()| outcomes.next().map_or_else(|| Err(unanswered()), answer));
    let answers: Vec<Answer> = places.into_iter().map(of_place).collect();
    count_refused(&answers);
    answers
}

fn answer(outcome: Result<Created<StandingUsage>, Refusal>) -> Answer {
    count(&outcome);
    match outcome? {
        Created::New(usage) => Ok((201, shown(&usage))),
        Created::Same(usage) => Ok((200, shown(&usage))),
        Created::Different(existing) => {
            let detail = "a usage with this date and id stands with other content; delete it first to correct it";
            Err(Problem::new(Kind::ConflictingUsage, detail).with("existing", shown_value(&existing)))
        }
    }
}

fn count(outcome: &Result<Created<StandingUsage>, Refusal>) {
    match outcome {
        Ok(Created::New(usage)) if usage.late => add(Metric::UsagesLate, 1),
        Ok(Created::New(_)) => add(Metric::UsagesRecorded, 1),
        Ok(Created::Same(_)) => add(Metric::UsagesReplayed, 1),
        Ok(Created::Different(_)) => add(Metric::UsagesConflicting, 1),
        Err(refusal) if refusal.kind == refusal::Kind::DeletedUsage => add(Metric::UsagesConflicting, 1),
        // Counted with everything else that was refused.
        Err(_) => {}
    }
}

/// Counts the usages that were refused, without conflicts, which are counted apart, and without failures of the server.
fn count_refused(answers: &[Answer]) {
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err()).filter(|problem| {
        problem.status() < 500 && !matches!(problem.kind(), Kind::ConflictingUsage | Kind::DeletedUsage)
    });
    add(Metric::UsagesRefused, u64::try_from(refused.count()).unwrap_or(u64::MAX));
}

/// Returns what is said of a usage that no answer reached; every usage gets one.
pub fn unanswered() -> Problem {
    usage::unanswered().into()
}

fn shown(usage: &StandingUsage) -> UsageJson {
    usage_json(&usage.subscription, &usage.record, usage.late, None)
}

/// Returns a usage that stands, as a member of a problem.
pub fn shown_value(usage: &StandingUsage) -> Value {
    // A usage is made of strings and numbers, so writing it cannot fail.
    serde_json::to_value(shown(usage)).unwrap_or_default()
}
