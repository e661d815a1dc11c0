//! POST: one usage or a batch of them, as JSON.

use api::usage_json::UsageJson;
use api::{Call, Kind, Problem, json_response, parse_json_lazily};
use billing::id::SubscriptionId;
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::post::{Answer, record_all, unanswered};
use crate::usage::of_json;
use crate::{Deps, Route};

/// The most usages in a batch.
const MOST_USAGES: usize = 1_000;

/// Tells a batch from a single usage.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    usages: Option<Box<RawValue>>,
}

/// The body of a batch; each usage is read by itself, so that one unreadable usage is refused alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageBatch)]
pub struct Batch {
    #[schema(value_type = Vec<crate::usage::Fields>, min_items = 1, max_items = 1_000)]
    usages: Vec<Box<RawValue>>,
}

/// What the answer to a batch says of one usage.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOutcome)]
struct Line {
    /// Its place in the batch, from 0.
    index: usize,
    /// 201 recorded, 200 it was there already; otherwise that of the problem.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageJson>,
    /// Why it was not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<api::openapi::ProblemBody>)]
    problem: Option<Value>,
}

/// The answer to a batch: one line for each usage, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOutcomes)]
pub struct Outcomes {
    outcomes: Vec<Line>,
}

/// Records the usage or the batch that the body holds.
pub async fn record(deps: &Deps, call: &Call<Route>, of: Option<SubscriptionId>) -> Result<Response<Body>, Problem> {
    let body = call.json_text()?;
    if parse_json_lazily::<Shape>(body)?.usages.is_none() {
        let usage = of_json(body, of.as_ref());
        let answer = record_all(deps, call.site()?, call.now, vec![usage]).await.pop();
        let (status, usage) = answer.unwrap_or_else(|| Err(unanswered()))?;
        return Ok(json_response(status, &usage));
    }
    let batch: Batch = parse_json_lazily(body)?;
    if !(1..=MOST_USAGES).contains(&batch.usages.len()) {
        let detail = format!("a batch has 1 to {MOST_USAGES} usages");
        return Err(Problem::new(Kind::Unreadable, detail).field("usages"));
    }
    let usages = batch.usages.iter().map(|json| of_json(json.get(), of.as_ref())).collect();
    let answers = record_all(deps, call.site()?, call.now, usages).await;
    let outcomes = answers.into_iter().enumerate().map(|(index, answer)| line(index, answer)).collect();
    Ok(json_response(207, &Outcomes { outcomes }))
}

fn line(index: usize, answer: Answer) -> Line {
    match answer {
        Ok((status, usage)) => Line { index, status, usage: Some(usage), problem: None },
        Err(problem) => {
            let (status, problem) = (problem.status(), problem.within(&format!("usages[{index}]")).to_value());
            Line { index, status, usage: None, problem: Some(problem) }
        }
    }
}
