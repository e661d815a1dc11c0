//! The rows that were neither recorded nor replayed, as a table of their own.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use csv::{Writer, WriterBuilder};

use super::answer::Outcome;
use super::rows::{OF_A_REPORT, Row};
use super::{ImportError, failed};

/// The report of one import. Its file is made with its first row.
pub struct Report {
    path: PathBuf,
    header: Vec<String>,
    writer: Option<Writer<File>>,
}

impl Report {
    /// A report that replaces that of an earlier run.
    pub fn new(path: &Path, of: &Path, header: &[String]) -> Result<Report, ImportError> {
        let is_file_itself = fs::canonicalize(path).is_ok_and(|path| fs::canonicalize(of).is_ok_and(|of| of == path));
        if is_file_itself {
            let problem = std::io::Error::new(ErrorKind::AlreadyExists, "it is the file that is imported");
            return Err(failed("cannot write the report to", path)(problem));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("cannot replace", path)(error)),
            _ => Ok(Report { path: path.to_owned(), header: header.to_vec(), writer: None }),
        }
    }

    /// Adds a row, unless it was recorded or replayed.
    pub fn write(&mut self, row: &Row, outcome: &Outcome) -> Result<(), ImportError> {
        if outcome.is_recorded() {
            return Ok(());
        }
        let (line, told) = (row.line.to_string(), outcome.told());
        let (columns, path) = (self.header.len(), self.path.clone());
        let failed = |error: csv::Error| failed("cannot write", &path)(error.into());
        let cells = |column: usize| row.cells.get(column).map(String::as_str).unwrap_or_default();
        let own = (0..columns).map(cells).chain([line.as_str(), outcome.word(), told.as_str()]);
        // A row that is broken stays so until somebody has mended it: a cell too many keeps it from being taken for whole.
        let is_broken = row.flaw.is_some() || row.cells.len() < columns;
        let surplus = row.cells.iter().skip(columns).map(String::as_str).chain(is_broken.then_some(""));
        self.writer()?.write_record(own.chain(surplus)).map_err(failed)
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> Result<(), ImportError> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.flush().map_err(failed("cannot write", &self.path)))
    }

    fn writer(&mut self) -> Result<&mut Writer<File>, ImportError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).map_err(failed("cannot write", &self.path))?;
                let mut writer = WriterBuilder::new().flexible(true).from_writer(file);
                let header = self.header.iter().map(String::as_str).chain(OF_A_REPORT);
                writer.write_record(header).map_err(|error| failed("cannot write", &self.path)(error.into()))?;
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }
}
