//! POST: a table of usages, as CSV.
//!
//! Every row is a usage of its own: what is wrong with one refuses that row alone. What is wrong with the whole (its
//! columns, its encoding, its length) is told before anything is recorded.

mod answer;
mod table;

use std::time::Duration;

use api::{Call, Kind, Problem};
use billing::id::SubscriptionId;
use lambda_http::{Body, Response};
use tokio::time::Instant;

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
    let end = Instant::now() + call.time_left;
    let table = Table::read(call.body_text()?, of.is_some())?;
    let form = Form::accepted(call.header("accept"));
    form.check(&table)?;
    let mut outcomes = Vec::with_capacity(table.rows().len());
    let mut slowest = Duration::ZERO;
    for rows in table.rows().chunks(ROWS_AT_A_TIME) {
        let start = Instant::now();
        if end.saturating_duration_since(start) < SPARE_TIME + slowest {
            outcomes.extend(rows.iter().map(|row| Outcome::of(row.line, Err(not_reached()))));
            continue;
        }
        let usages = rows.iter().map(|row| table.usage(row, of.as_ref())).collect();
        let answers = record_all(deps, call.site()?, call.now, usages).await;
        outcomes.extend(rows.iter().zip(answers).map(|(row, answer)| Outcome::of(row.line, answer)));
        slowest = slowest.max(start.elapsed());
    }
    answer::forget_most_problems(&mut outcomes);
    form.answer(&table, &outcomes)
}

fn not_reached() -> Problem {
    Problem::new(Kind::Unavailable, "not reached in time; send the rows that failed again, or the same file")
}
