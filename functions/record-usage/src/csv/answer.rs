//! What a table is answered: of every row what became of it, as JSON or as the same table, within what Lambda takes.

use std::io::{self, Write};

use ::csv::{Writer, WriterBuilder};
use api::{Kind, Problem};
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::table::Table;
use crate::post::Answer;

/// The longest answer, in bytes as Lambda sends it: inside a JSON string. Lambda takes 6 MB of it with the headers.
const LONGEST_ANSWER: usize = 5_950_000;

/// What is kept of that for problems in full, however many rows there are.
const FOR_PROBLEMS: usize = 250_000;

/// How many problems are told in full, where they fit.
const MOST_PROBLEMS: usize = 1_000;

/// The most bytes that a cell says what became of a row in, with the commas of the columns of an answer, and that of the
/// empty cell behind a broken row.
const LONGEST_WORD: usize = "conflicting,,,".len();

/// What became of a row, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageTableWord)]
pub enum Word {
    Recorded,
    Replayed,
    Late,
    Conflicting,
    Refused,
    Failed,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Word::Recorded => "recorded",
            Word::Replayed => "replayed",
            Word::Late => "late",
            Word::Conflicting => "conflicting",
            Word::Refused => "refused",
            Word::Failed => "failed",
        }
    }
}

/// What became of a row.
pub struct Outcome {
    line: u64,
    status: u16,
    word: Word,
    kind: Option<Kind>,
    problem: Option<Box<Problem>>,
}

impl Outcome {
    /// What an answer says of the row that begins on that line.
    pub fn of(line: u64, answer: Answer) -> Outcome {
        match answer {
            Ok((status, usage)) => {
                // Late before all else: it is not billed, also where it was there already.
                let word = match status {
                    _ if usage.is_late() => Word::Late,
                    200 => Word::Replayed,
                    _ => Word::Recorded,
                };
                Outcome { line, status, word, kind: None, problem: None }
            }
            Err(problem) => {
                let (status, kind) = (problem.status(), problem.kind());
                let word = match kind {
                    Kind::ConflictingUsage | Kind::DeletedUsage => Word::Conflicting,
                    _ if status >= 500 => Word::Failed,
                    _ => Word::Refused,
                };
                Outcome { line, status, word, kind: Some(kind), problem: Some(Box::new(problem)) }
            }
        }
    }
}

/// Keeps the problems that are told in full.
pub fn forget_most_problems(outcomes: &mut [Outcome]) {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.problem.is_some()).skip(MOST_PROBLEMS) {
        outcome.problem = None;
    }
}

/// How many rows met with each outcome.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = UsageTableSummary)]
pub struct Summary {
    recorded: usize,
    replayed: usize,
    late: usize,
    conflicting: usize,
    refused: usize,
    failed: usize,
}

impl Summary {
    fn of(outcomes: &[Outcome]) -> Summary {
        let count = |word| outcomes.iter().filter(|outcome| outcome.word == word).count();
        Summary {
            recorded: count(Word::Recorded),
            replayed: count(Word::Replayed),
            late: count(Word::Late),
            conflicting: count(Word::Conflicting),
            refused: count(Word::Refused),
            failed: count(Word::Failed),
        }
    }
}

/// How much is told of a row's problem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Nothing,
    Type,
    Full,
}

/// In which form the answer goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A summary and a list of outcomes.
    Json,
    /// The same table with two columns more.
    Csv,
}

impl Form {
    /// The form that an `Accept` header asks for: CSV where it is named and JSON is not.
    pub fn accepted(accept: Option<&str>) -> Form {
        let is_named = |wanted: &str| {
            let types = accept.unwrap_or_default().split(',').filter_map(|range| range.split(';').next());
            types.map(str::trim).any(|named| named.eq_ignore_ascii_case(wanted))
        };
        if is_named("text/csv") && !is_named("application/json") { Form::Csv } else { Form::Json }
    }

    /// Refuses a table of which the answer would be too long, before any row of it is recorded: CSV repeats the table,
    /// and every quote and control character of it takes more room in an answer than it does in a request.
    pub fn check(self, table: &Table) -> Result<(), Problem> {
        if self == Form::Json || table_cost(table).saturating_add(FOR_PROBLEMS) <= LONGEST_ANSWER {
            return Ok(());
        }
        let detail = "the answer would repeat more than fits; send fewer rows, or take the answer as application/json";
        Err(Problem::new(Kind::TooLarge, detail))
    }

    /// The answer.
    pub fn answer(self, table: &Table, outcomes: &[Outcome]) -> Result<Response<Body>, Problem> {
        let (text, kind) = match self {
            Form::Json => (json(outcomes), "application/json"),
            Form::Csv => (csv(table, outcomes)?, "text/csv; charset=utf-8"),
        };
        let mut response = Response::new(Body::Text(text));
        *response.status_mut() = StatusCode::MULTI_STATUS;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }
}

/// Chooses how much is told of each problem: in full of the first ones, then the type, as far as it all fits.
fn extents(outcomes: &[Outcome], taken: usize, cost: impl Fn(&Outcome, Extent) -> usize) -> Vec<Extent> {
    let least = |outcome: &Outcome| if outcome.kind.is_some() { Extent::Type } else { Extent::Nothing };
    let mut extents: Vec<Extent> = outcomes.iter().map(least).collect();
    let mut total =
        outcomes.iter().zip(&extents).map(|(outcome, extent)| cost(outcome, *extent)).sum::<usize>() + taken;
    for (outcome, extent) in outcomes.iter().zip(&mut extents).rev() {
        if total + FOR_PROBLEMS <= LONGEST_ANSWER {
            break;
        }
        total = total - cost(outcome, *extent) + cost(outcome, Extent::Nothing);
        *extent = Extent::Nothing;
    }
    for (outcome, extent) in outcomes.iter().zip(&mut extents).filter(|(outcome, _)| outcome.problem.is_some()) {
        total = total - cost(outcome, *extent) + cost(outcome, Extent::Full);
        if total > LONGEST_ANSWER {
            break;
        }
        *extent = Extent::Full;
    }
    extents
}

/// One row in the JSON answer.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageTableOutcome)]
pub struct Line {
    /// The line of the table where the row begins.
    line: u64,
    /// 201 recorded, 200 it was there already; otherwise that of the problem.
    status: u16,
    outcome: Word,
    /// Why it was not recorded; of most of many, its type alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

/// What became of the rows of a table, as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageTableOutcomes)]
pub struct TableOutcomes {
    summary: Summary,
    outcomes: Vec<Line>,
}

fn json_line(outcome: &Outcome, extent: Extent) -> String {
    let problem = match extent {
        Extent::Nothing => None,
        Extent::Type => outcome.kind.map(|kind| serde_json::json!({ "type": kind.type_uri() })),
        Extent::Full => outcome.problem.as_ref().map(|problem| problem.to_value()),
    };
    let line = Line { line: outcome.line, status: outcome.status, outcome: outcome.word, problem };
    // A line is made of strings and numbers, so writing it cannot fail.
    serde_json::to_string(&line).unwrap_or_default()
}

fn json(outcomes: &[Outcome]) -> String {
    let summary = serde_json::to_string(&Summary::of(outcomes)).unwrap_or_default();
    let cost = |outcome: &Outcome, extent| escaped(json_line(outcome, extent).as_bytes()) + ",".len();
    let extents = extents(outcomes, 2 * summary.len(), cost);
    let lines: Vec<String> = outcomes.iter().zip(extents).map(|(outcome, extent)| json_line(outcome, extent)).collect();
    format!("{{\"summary\":{summary},\"outcomes\":[{}]}}", lines.join(","))
}

fn detail(outcome: &Outcome, extent: Extent) -> String {
    match (extent, outcome.kind, &outcome.problem) {
        (Extent::Full, _, Some(problem)) => problem.to_string(),
        (Extent::Type, Some(kind), _) => kind.type_uri().to_owned(),
        _ => String::new(),
    }
}

fn csv(table: &Table, outcomes: &[Outcome]) -> Result<String, Problem> {
    let cost = |outcome: &Outcome, extent| {
        let detail = detail(outcome, extent);
        // In a quoted cell, a quote is two.
        escaped(detail.as_bytes()) + 2 * detail.matches('"').count() + 2 * "\"\"".len()
    };
    let extents = extents(outcomes, table_cost(table), cost);
    let mut writer = writer(table, Vec::new());
    let written = (|| {
        writer.write_record(table.answered_header())?;
        for ((row, outcome), extent) in table.rows().iter().zip(outcomes).zip(extents) {
            writer.write_record(table.answered_row(row, [outcome.word.as_str(), &detail(outcome, extent)]))?;
        }
        writer.flush()
    })();
    let text = written.ok().and_then(|()| writer.into_inner().ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Problem::new(Kind::Internal, "the answer could not be written"))
}

fn writer<W: Write>(table: &Table, to: W) -> Writer<W> {
    WriterBuilder::new().flexible(true).terminator(table.terminator()).from_writer(to)
}

/// The room that the table takes in a CSV answer without any detail.
fn table_cost(table: &Table) -> usize {
    let mut writer = writer(table, Escaped(0));
    // Counting cannot fail.
    let _ = writer.write_record(table.answered_header());
    for row in table.rows() {
        let _ = writer.write_record(table.answered_row(row, ["", ""]));
    }
    let words = table.rows().len().saturating_mul(LONGEST_WORD);
    writer.into_inner().map_or(usize::MAX, |counted| counted.0.saturating_add(words))
}

/// A writer that counts what bytes take within a JSON string.
struct Escaped(usize);

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(escaped(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What bytes of UTF-8 take within a JSON string.
fn escaped(bytes: &[u8]) -> usize {
    let one = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    bytes.iter().map(one).sum()
}
