//! The rows of a file, one after the other, with the lines where they begin.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::ImportError;

/// The longest row. One that is longer has a quote that was opened and not closed, and would be the rest of the file.
const LONGEST_ROW: usize = 1 << 20;

/// Columns that a report has more than the table it is about; a corrected report can be imported as it is.
pub const OF_A_REPORT: [&str; 3] = ["line", "outcome", "detail"];

/// Is read behind the file: where it does not come back as a row of its own, a quote is open.
const END: &[u8] = b"\0the end\0";

/// A row of the file.
pub struct Row {
    /// The line where it begins.
    pub line: u64,
    /// The texts of its cells, without those of a report.
    pub cells: Vec<String>,
    /// Why the API need not be asked.
    pub flaw: Option<&'static str>,
}

impl Row {
    /// About how many bytes the row takes in a call.
    fn bytes(&self) -> usize {
        self.cells.iter().map(|cell| cell.len().saturating_add(1)).sum()
    }
}

/// A file that is read as a table.
pub struct Rows<R> {
    path: PathBuf,
    reader: Reader<Kept<R>>,
    lines: LineCounter,
    header: Vec<String>,
    is_sent: Vec<bool>,
    passed: u64,
    ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    pub fn open(path: &Path, file: R) -> Result<Rows<R>, ImportError> {
        let kept = Kept { inner: file, end: [b"\n", END].concat(), bytes: Vec::new() };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(kept);
        let (lines, header, is_sent) = (LineCounter { line: 1, after_return: false }, Vec::new(), Vec::new());
        let mut rows = Rows { path: path.to_owned(), reader, lines, header, is_sent, passed: 0, ended: false };
        let problem =
            |problem: &str| ImportError::Table { path: path.to_owned(), line: 1, problem: problem.to_owned() };
        let (_, record) =
            rows.record()?.ok_or_else(|| problem("the file is empty; its first row names the columns"))?;
        let names: Option<Vec<&str>> = record.iter().map(|name| std::str::from_utf8(name).ok()).collect();
        let names = names.ok_or_else(|| problem("the file is not UTF-8; save it as CSV in UTF-8"))?;
        if record.iter().any(|name| name.ends_with(END)) {
            return Err(problem("the name of a column has a quote that is never closed"));
        }
        rows.is_sent = names.iter().map(|name| !OF_A_REPORT.contains(name)).collect();
        rows.header = rows.sent(&names);
        Ok(rows)
    }

    /// The names of the columns, without those of a report.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How many bytes of the file lie behind.
    pub fn bytes(&self) -> u64 {
        self.passed
    }

    /// The next rows, until one of the limits is reached; none at the end of the file.
    pub fn next_batch(&mut self, most_rows: usize, most_bytes: usize) -> Result<Vec<Row>, ImportError> {
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while batch.len() < most_rows && bytes < most_bytes {
            let Some(row) = self.row()? else { break };
            bytes = bytes.saturating_add(row.bytes());
            batch.push(row);
        }
        Ok(batch)
    }

    fn row(&mut self) -> Result<Option<Row>, ImportError> {
        let Some((line, record)) = self.record()? else { return Ok(None) };
        let has_open_quote = record.iter().next_back().is_some_and(|last| last.ends_with(END));
        let cells: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        let flaw = if has_open_quote {
            Some("a cell's opening quote is never closed, so that the row runs to the end of the file")
        } else if record.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
            Some("the row is not UTF-8")
        } else {
            None
        };
        let texts: Vec<&str> = cells.iter().map(|cell| cell.trim_end_matches("\n\0the end\0")).collect();
        Ok(Some(Row { line, cells: self.sent(&texts), flaw }))
    }

    fn sent(&self, cells: &[&str]) -> Vec<String> {
        let is_sent = |column: &usize| self.is_sent.get(*column).copied().unwrap_or(true);
        cells.iter().enumerate().filter(|(column, _)| is_sent(column)).map(|(_, text)| (*text).to_owned()).collect()
    }

    /// The next record with the line where it begins. The reader's own count begins before the blank lines that it
    /// passes over.
    fn record(&mut self) -> Result<Option<(u64, ByteRecord)>, ImportError> {
        let mut record = ByteRecord::new();
        let start = self.reader.position().byte();
        let read = if self.ended { Ok(false) } else { self.reader.read_byte_record(&mut record) };
        let read = read.map_err(|error| {
            let problem = match error.into_kind() {
                csv::ErrorKind::Io(error) => error.to_string(),
                other => format!("{other:?}"),
            };
            ImportError::Table { path: self.path.clone(), line: self.lines.line, problem }
        })?;
        self.ended = !read || (record.len() == 1 && record.get(0) == Some(END));
        if self.ended {
            return Ok(None);
        }
        self.passed = self.reader.position().byte();
        let length = usize::try_from(self.passed.saturating_sub(start)).unwrap_or(usize::MAX);
        let passed = &mut self.reader.get_mut().bytes;
        let mut passed = passed.drain(..length.min(passed.len())).peekable();
        while let Some(byte) = passed.next_if(|byte| matches!(byte, b'\r' | b'\n')) {
            self.lines.pass(byte);
        }
        let line = self.lines.line;
        passed.for_each(|byte| self.lines.pass(byte));
        Ok(Some((line, record)))
    }
}

/// Counts lines that end with `\n`, `\r\n` or `\r`.
struct LineCounter {
    line: u64,
    after_return: bool,
}

impl LineCounter {
    fn pass(&mut self, byte: u8) {
        let ends = byte == b'\r' || (byte == b'\n' && !self.after_return);
        self.line = self.line.saturating_add(u64::from(ends));
        self.after_return = byte == b'\r';
    }
}

/// A reader that keeps what it has read until it is known to which row it belongs.
struct Kept<R> {
    inner: R,
    end: Vec<u8>,
    bytes: Vec<u8>,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.bytes.len() > LONGEST_ROW {
            let problem = "the row that begins here is longer than 1 MiB; is there a quote that is not closed?";
            return Err(io::Error::other(problem));
        }
        let mut read = self.inner.read(into)?;
        if into.iter().take(read).any(|byte| *byte == 0) {
            return Err(io::Error::other("the file has a NUL byte here or later; save it as CSV in UTF-8"));
        }
        if read == 0 {
            read = self.end.as_slice().read(into)?;
            self.end.drain(..read);
        }
        self.bytes.extend(into.iter().take(read));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>, bool)> {
        let mut rows = Rows::open(Path::new("test.csv"), text.as_bytes()).expect("has a header");
        let batch = rows.next_batch(100, usize::MAX).expect("is a table");
        batch.into_iter().map(|row| (row.line, row.cells, row.flaw.is_some())).collect()
    }

    #[test]
    fn rows_come_with_the_lines_where_they_begin() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["\u{feff}a,b", "1,2", "", "", "3,\"4", "5\"", "6,7,8", ""].join(end);
            let found: Vec<u64> = read(&text).iter().map(|(line, ..)| *line).collect();
            assert_eq!(found, [2, 5, 7], "{end:?}");
        }
        assert_eq!(read("a\n1"), [(2, vec!["1".to_owned()], false)]);
        assert_eq!(read("a\n"), []);
    }

    #[test]
    fn the_columns_of_a_report_are_left_out() {
        let found = read("a,line,outcome,b,detail\n1,7,refused,2,because\n1,7\n");

        let cells: Vec<Vec<String>> = found.into_iter().map(|(_, cells, _)| cells).collect();
        assert_eq!(cells, [vec!["1", "2"], vec!["1"]]);
    }

    #[test]
    fn an_open_quote_and_what_is_no_text_are_flaws() {
        assert_eq!(read("a,b\n1,2\n3,\"4\n5,6\n")[1], (3, vec!["3".into(), "4\n5,6\n".into()], true));
        let mut rows = Rows::open(Path::new("x"), &b"a\n\xff\n1\n"[..]).expect("has a header");
        let batch = rows.next_batch(9, 99).expect("is a table");
        assert_eq!(batch.iter().map(|row| row.flaw).collect::<Vec<_>>(), [Some("the row is not UTF-8"), None]);
        assert!(Rows::open(Path::new("x"), &b"\xff\xfea\0"[..]).is_err());
        assert!(Rows::open(Path::new("x"), &b""[..]).is_err());
        assert!(Rows::open(Path::new("x"), &b"\"a,b\n1,2\n"[..]).is_err());
        let mut rows =
            Rows::open(Path::new("x"), io::Cursor::new(b"a\n").chain(&b"\0the end\0\n1\n"[..])).expect("begins");
        assert!(rows.next_batch(9, 99).is_err());
    }

    #[test]
    fn a_row_without_end_is_not_read_into_memory() {
        let file = io::Cursor::new(b"a\n1\n\"").chain(io::repeat(b'x'));
        let mut rows = Rows::open(Path::new("x"), file).expect("has a header");

        let error = rows.next_batch(9, usize::MAX).err().expect("is refused");

        assert!(error.to_string().starts_with("x, line 3: the row that begins here is longer"), "{error}");
    }

    #[test]
    fn a_batch_ends_at_the_limit_that_is_reached_first() {
        let text = format!("a\n{}", "12345678\n".repeat(10));
        let sizes = |most_rows, most_bytes| -> Vec<usize> {
            let mut rows = Rows::open(Path::new("x"), text.as_bytes()).expect("has a header");
            std::iter::from_fn(|| rows.next_batch(most_rows, most_bytes).ok().map(|batch| batch.len()))
                .take_while(|rows| *rows > 0)
                .collect()
        };

        assert_eq!(sizes(4, 1_000), [4, 4, 2]);
        assert_eq!(sizes(100, 27), [3, 3, 3, 1]);
    }
}
