//! A table of usages as it is sent: its columns by name, its rows with the lines where they begin.

use std::io::Read;

use ::csv::{ReaderBuilder, StringRecord, Terminator};
use api::{Kind, Problem};
use billing::id::SubscriptionId;
use billing::usage::NewUsage;

use crate::usage::{FIELDS, of_cells};

/// The most rows of a table, its header not counted.
const MOST_ROWS: usize = 50_000;

/// The columns of an earlier answer, which are read past.
pub const OF_AN_ANSWER: [&str; 2] = ["outcome", "detail"];

/// Is read behind the table: where it does not come back as a row of its own, a quote is open.
const END: &str = "\u{0}the end\u{0}";

/// How much of an unknown column's name is repeated, in characters.
const SHOWN: usize = 100;

/// A row of a table.
pub struct Row {
    /// The line where it begins; the header is on line 1 where no blank line precedes it.
    pub line: u64,
    cells: StringRecord,
    has_open_quote: bool,
}

/// A table with at least one row.
pub struct Table {
    header: StringRecord,
    rows: Vec<Row>,
    terminator: Terminator,
}

impl Table {
    /// Reads the text of a table; `with_subscription` says that the path names the subscription.
    pub fn read(text: &str, with_subscription: bool) -> Result<Table, Problem> {
        if text.contains(END) {
            return Err(unreadable("the table has NUL characters, which no usage has"));
        }
        let end = format!("\n{END}");
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes().chain(end.as_bytes()));
        let mut lines = Lines { text: text.as_bytes(), counted: 0, line: 1, after_return: false };
        let mut records = reader.records().map(|record| record.map_err(|error| unreadable(error.to_string())));
        let header = records.next().transpose()?.filter(|header| !is_end(header));
        let header = header.ok_or_else(|| unreadable("the body is empty; its first row names the columns"))?;
        let mut rows: Vec<Row> = Vec::new();
        if header.iter().any(|name| name.ends_with(END)) {
            return Err(unreadable("the name of a column has a quote that is never closed"));
        }
        check_columns(&header, with_subscription)?;
        for record in records {
            let mut cells = record?;
            if is_end(&cells) {
                break;
            }
            if rows.len() == MOST_ROWS {
                let detail = format!("a table has at most {MOST_ROWS} rows; nothing was recorded");
                return Err(Problem::new(Kind::TooLarge, detail));
            }
            let line = lines.of(&cells);
            let has_open_quote = cut_end(&mut cells);
            rows.push(Row { line, cells, has_open_quote });
        }
        if rows.is_empty() {
            return Err(unreadable("there are no rows below the one that names the columns"));
        }
        let first_line_end = text.find('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        let terminator = if first_line_end.ends_with('\r') { Terminator::CRLF } else { Terminator::Any(b'\n') };
        Ok(Table { header, rows, terminator })
    }

    /// The rows in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Reads the usage of a row; `of` is the subscription that the path names, if it does.
    pub fn usage(&self, row: &Row, of: Option<&SubscriptionId>) -> Result<NewUsage, Problem> {
        if row.has_open_quote {
            return Err(unreadable(
                "a cell's opening quote is never closed, so that the row runs to the end of the file",
            ));
        }
        let (columns, cells) = (self.header.len(), row.cells.len());
        if columns != cells {
            return Err(unreadable(format!("the row has {cells} cells, where the header has {columns}")));
        }
        let cell = |field: &str| {
            let column = self.header.iter().position(|name| name == field)?;
            row.cells.get(column).filter(|text| !text.is_empty())
        };
        of_cells(cell, of)
    }

    /// How its lines end.
    pub fn terminator(&self) -> Terminator {
        self.terminator
    }

    /// The header with the two columns of an answer at its end.
    pub fn answered_header(&self) -> Vec<&str> {
        self.answered(&self.header, OF_AN_ANSWER)
    }

    /// A row with the two cells of an answer at its end. Of a ragged row, what is missing is empty, and what is too
    /// much comes behind them; a row that is broken otherwise gets an empty cell there, so that it is still broken when
    /// the answer is sent.
    pub fn answered_row<'a>(&'a self, row: &'a Row, answer: [&'a str; 2]) -> Vec<&'a str> {
        let mut cells = self.answered(&row.cells, answer);
        if row.has_open_quote || row.cells.len() < self.header.len() {
            cells.push("");
        }
        cells
    }

    fn answered<'a>(&'a self, cells: &'a StringRecord, answer: [&'a str; 2]) -> Vec<&'a str> {
        let kept = self.header.iter().enumerate().filter(|(_, name)| !OF_AN_ANSWER.contains(name));
        let kept = kept.map(|(column, _)| cells.get(column).unwrap_or_default());
        kept.chain(answer).chain(cells.iter().skip(self.header.len())).collect()
    }
}

/// Refuses columns that are unknown, doubled or missing.
fn check_columns(header: &StringRecord, with_subscription: bool) -> Result<(), Problem> {
    let only = header.get(0).filter(|_| header.len() == 1).unwrap_or_default();
    if let Some((_, name)) = [(';', "semicolons"), ('\t', "tabs")].into_iter().find(|(mark, _)| only.contains(*mark)) {
        return Err(unreadable(format!("the columns are separated by {name}; save the table with commas")));
    }
    for (column, name) in header.iter().enumerate() {
        if name.is_empty() {
            let detail = "the column has no name; the first row names every column";
            return Err(unreadable(detail).field(format!("column {}", column.saturating_add(1))));
        }
        if !FIELDS.contains(&name) && !OF_AN_ANSWER.contains(&name) {
            let detail = format!("there is no such column; known: {}", FIELDS.join(", "));
            return Err(unreadable(detail).field(name.chars().take(SHOWN).collect::<String>()));
        }
        if header.iter().take(column).any(|earlier| earlier == name) {
            return Err(unreadable("the column is there twice").field(name));
        }
    }
    let has = |field: &str| header.iter().any(|name| name == field);
    let needed = [
        ("subscription_id", with_subscription || has("subscription_id")),
        ("item_price_id", has("item_price_id")),
        ("usage_date", has("usage_date") || has("from")),
        ("quantity", has("quantity")),
    ];
    match needed.into_iter().find(|(_, is_there)| !is_there) {
        Some((missing, _)) => Err(unreadable("the column is missing").field(missing)),
        None => Ok(()),
    }
}

/// Counts the lines of a text, which end with `\n`, `\r\n` or `\r`, up to one row after the other.
struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
    after_return: bool,
}

impl Lines<'_> {
    /// The line where the row begins. The reader's own position lies before the blank lines that it passes over.
    fn of(&mut self, row: &StringRecord) -> u64 {
        let before = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
        while let Some(byte) = self.text.get(self.counted) {
            if self.counted >= before && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            let ends = *byte == b'\r' || (*byte == b'\n' && !self.after_return);
            self.line = self.line.saturating_add(u64::from(ends));
            self.after_return = *byte == b'\r';
            self.counted = self.counted.saturating_add(1);
        }
        self.line
    }
}

fn is_end(record: &StringRecord) -> bool {
    record.len() == 1 && record.get(0) == Some(END)
}

/// Takes the end off a row that ran into it; says whether it did.
fn cut_end(cells: &mut StringRecord) -> bool {
    let last =
        cells.iter().next_back().and_then(|last| last.strip_suffix(END)).and_then(|last| last.strip_suffix('\n'));
    let Some(last) = last.map(str::to_owned) else { return false };
    let kept = cells.len().saturating_sub(1);
    *cells = cells.iter().take(kept).chain([last.as_str()]).collect();
    true
}

fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}
