//! POST: a table of usages, as CSV.
//!
//! Every row is a usage of its own: what is wrong with one refuses that row alone. What is wrong with the whole (its
//! columns, its encoding, its length) is told before anything is recorded.

mod answer;
mod table;

use std::time::{Duration, Instant};

use api::{Call, Kind, Problem};
use billing::id::SubscriptionId;
use lambda_http::{Body, Response};

pub use self::answer::TableOutcomes;
use self::answer::{Form, Outcome};
use self::table::Table;
use crate::post::record_all;
use crate::{Deps, Route};

/// How many rows are recorded before the clock is looked at again.
const ROWS_AT_A_TIME: usize = 1_000;

/// What is kept of the invocation's time for writing the answer, and for rows that take longer than those before.
const SPARE_TIME: Duration = Duration::from_secs(4);

/// Records the rows of the body, for the subscription of the path where there is one.
pub async fn record(deps: &Deps, call: &Call<Route>, of: Option<SubscriptionId>) -> Result<Response<Body>, Problem> {
    let mut time = Time { end: Instant::now() + call.time_left, slowest: Duration::ZERO };
    let table = Table::read(call.body_text()?, of.is_some())?;
    let form = Form::accepted(call.header("accept"));
    form.check(&table)?;
    let mut outcomes = Vec::with_capacity(table.rows().len());
    for rows in table.rows().chunks(ROWS_AT_A_TIME) {
        let start = Instant::now();
        if !time.suffices(start) {
            outcomes.extend(rows.iter().map(|row| Outcome::of(row.line, Err(not_reached()))));
            continue;
        }
        let usages = rows.iter().map(|row| table.usage(row, of.as_ref())).collect();
        let answers = record_all(deps, call.site()?, call.now, usages).await;
        outcomes.extend(rows.iter().zip(answers).map(|(row, answer)| Outcome::of(row.line, answer)));
        // As it goes: a problem may hold what stands, and there may be tens of thousands.
        answer::forget_most_problems(&mut outcomes);
        time.slowest = time.slowest.max(start.elapsed());
    }
    answer::forget_most_problems(&mut outcomes);
    form.answer(&table, &outcomes)
}

/// The time of an invocation.
struct Time {
    end: Instant,
    /// How long the slowest rows at a time took so far.
    slowest: Duration,
}

impl Time {
    /// Whether more rows can be recorded, and the answer be written, before it ends.
    fn suffices(&self, now: Instant) -> bool {
        self.end.saturating_duration_since(now) >= SPARE_TIME + self.slowest
    }
}

fn not_reached() -> Problem {
    Problem::new(Kind::Unavailable, "not reached in time; send the rows that failed again, or the same file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_begun_while_there_is_time_for_as_slow_ones_as_before() {
        let now = Instant::now();
        for (left, slowest, suffices) in
            [(4_000, 0, true), (3_999, 0, false), (9_000, 5_000, true), (9_000, 5_001, false)]
        {
            let time = Time { end: now + Duration::from_millis(left), slowest: Duration::from_millis(slowest) };
            assert_eq!(time.suffices(now), suffices, "{left} {slowest}");
        }
        assert!(!Time { end: now, slowest: Duration::ZERO }.suffices(now + Duration::from_secs(1)));
    }
}
