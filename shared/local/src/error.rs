//! What can go wrong while the local system starts or runs; what the functions answer is not an error here.

use crate::export::ExportError;
use crate::import::ImportError;

/// Why the local system could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template lacks something, or holds something that the local system does not know.
    #[error("template.yaml: {place}: {problem}")]
    Template {
        /// Where in the template, as a path of keys.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// The embedded database could not be opened.
    #[error("the database could not be opened")]
    Database(#[source] dynoxide::DynoxideError),
    /// A variable that names another engine's address holds none.
    #[error("{variable} is no address such as http://127.0.0.1:8000")]
    Endpoint {
        /// The variable.
        variable: &'static str,
    },
    /// An embedded engine refused what the local system itself asked of it.
    #[error("{operation} was refused with {status}: {body}")]
    Refused {
        /// The operation, such as `CreateTable`.
        operation: String,
        /// The HTTP status of the answer.
        status: u16,
        /// The answer as the engine wrote it.
        body: String,
    },
    /// The data directory holds a table of another shape than the template's.
    #[error("the data directory holds a table of another shape ({difference}); use another --data directory")]
    OtherTable {
        /// What differs.
        difference: String,
    },
    /// A function failed as an invocation: it panicked or returned an error.
    #[error("the function {function} failed: {reason}")]
    Function {
        /// The function's folder.
        function: String,
        /// What it said.
        reason: String,
    },
    /// What is due never came to an end.
    #[error("something was still due after {rounds} rounds of the schedule and the queue")]
    Unsettled {
        /// How often both ran.
        rounds: usize,
    },
    /// A port could not be bound.
    #[error("port {port} is not free; choose another with {flag}")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// The command line flag that chooses it.
        flag: &'static str,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file, directory or socket failed.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// An import ended before its file did.
    #[error("the import stopped")]
    Import(#[from] ImportError),
    /// An invoice could not be exported.
    #[error("the export stopped")]
    Export(#[from] ExportError),
    /// The demo got another answer than it needs to go on.
    #[error("the demo stopped: {0}")]
    Demo(String),
}
