//! A closed invoice and the usages that it billed, as files that [`verify`](crate::verify) reads without any network.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use billing::id::InvoiceId;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use serde_json::Value;

use crate::connection::{Connection, told};

/// The file of the invoice.
pub const INVOICE_FILE: &str = "invoice.json";

/// The file of its usages, one in a line.
pub const USAGES_FILE: &str = "usages.jsonl";

/// How many usages one call asks for.
const USAGES_PER_CALL: usize = 100;

/// How often in a row a call may come to nothing: then two minutes are over.
const MOST_TRIES: u32 = 9;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What to export, from where and to where.
#[derive(Clone, Debug)]
pub struct Export {
    /// Where the API is: `https://..`, or `http://..` on this computer.
    pub url: String,
    /// The API key; the scope `read` is enough.
    pub key: String,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The directory; it is made where it is missing.
    pub to: PathBuf,
    /// How long the first wait after a failed try is; every further one is twice as long.
    pub first_wait: Duration,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The URL or the key cannot be one.
    #[error("{0}")]
    Url(String),
    /// The API refused.
    #[error("the API answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// The API could not be reached, or was busy, for as long as patience lasts.
    #[error("there was no answer after {tries} tries: {reason}")]
    Unavailable {
        /// How often it was tried.
        tries: u32,
        /// What the last try came to.
        reason: String,
    },
    /// The API answered something else than what was asked for.
    #[error("the answer of the API cannot be used: {0}")]
    Answer(String),
    /// The invoice is not closed: its lines are not frozen.
    #[error("the invoice is {status}: only one that is closed can be verified")]
    NotClosed {
        /// Where it stands.
        status: String,
    },
    /// The list of usages is not what the invoice counted: nobody could compute it again from them.
    #[error("the invoice counted {counted} usages, but the API lists {listed} for it")]
    Incomplete {
        /// How many the lines of the invoice counted.
        counted: u64,
        /// How many there are.
        listed: u64,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// Downloads an invoice and its usages, and returns how many those are; `progress` is told the usages so far and how many
/// the invoice counted.
///
/// The invoice is written last, so that an export that was cut off is not taken for a whole one.
///
/// # Errors
/// `ExportError`; what is temporary is sat out first.
pub async fn run(export: &Export, mut progress: impl FnMut(u64, u64)) -> Result<u64, ExportError> {
    let api = Api::new(export)?;
    let id = &export.invoice;
    let invoice = api.get(&format!("/v1/invoices/{id}")).await?;
    let text = |name: &str| invoice.get(name).and_then(Value::as_str).map(str::to_owned);
    let lacks = |name: &str| ExportError::Answer(format!("the invoice has no {name}"));
    let status = text("status").ok_or_else(|| lacks("status"))?;
    if !matches!(status.as_str(), "payment_due" | "paid") {
        return Err(ExportError::NotClosed { status });
    }
    let subscription = text("subscription_id").ok_or_else(|| lacks("subscription_id"))?;
    let lines = invoice.get("lines").and_then(Value::as_array).ok_or_else(|| lacks("lines"))?;
    let counted = lines.iter().filter_map(|line| line.get("usage_count")?.as_u64()).sum();

    let directory = &export.to;
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let invoice_file = directory.join(INVOICE_FILE);
    match fs::remove_file(&invoice_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&invoice_file)(error)),
        _ => {}
    }
    let usages_file = directory.join(USAGES_FILE);
    let mut usages = BufWriter::new(File::create(&usages_file).map_err(failed(&usages_file))?);
    let list = format!("/v1/subscriptions/{subscription}/usages?invoice_id={id}&limit={USAGES_PER_CALL}");
    let (mut written, mut cursor) = (0_u64, String::new());
    loop {
        let page = api.get(&format!("{list}{cursor}")).await?;
        let list = page.get("list").and_then(Value::as_array);
        for usage in list.ok_or_else(|| ExportError::Answer("a page of usages has no list".to_owned()))? {
            writeln!(usages, "{usage}").map_err(failed(&usages_file))?;
            written = written.saturating_add(1);
        }
        progress(written, counted);
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    usages.flush().map_err(failed(&usages_file))?;
    if written != counted {
        return Err(ExportError::Incomplete { counted, listed: written });
    }
    fs::write(&invoice_file, format!("{invoice:#}\n")).map_err(failed(&invoice_file))?;
    Ok(written)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ExportError {
    move |source| ExportError::File { path: path.to_owned(), source }
}

struct Api {
    connection: Connection,
    base: String,
    authorization: String,
    first_wait: Duration,
}

impl Api {
    fn new(export: &Export) -> Result<Api, ExportError> {
        let base = export.url.trim_end_matches('/').to_owned();
        let malformed = |_| ExportError::Url(format!("{} is no URL such as https://api.example.com", export.url));
        let uri: Uri = base.parse().map_err(malformed)?;
        let connection = Connection::new(&uri).map_err(ExportError::Url)?;
        let authorization = format!("Bearer {}", export.key);
        Ok(Api { connection, base, authorization, first_wait: export.first_wait })
    }

    /// Reads one JSON answer; busy moments and lost connections are sat out.
    async fn get(&self, path: &str) -> Result<Value, ExportError> {
        let mut tries = 0;
        loop {
            let request = Request::get(format!("{}{path}", self.base))
                .header(header::AUTHORIZATION, &self.authorization)
                .header(header::ACCEPT, "application/json")
                .body(Full::new(Bytes::new()))
                .map_err(|_| ExportError::Url("the API key has characters that no key has".to_owned()))?;
            let reason = match self.connection.exchange(request).await {
                Ok(response) if is_busy(&response) => format!("it answered {}", response.status()),
                Ok(response) if response.status() == StatusCode::OK => {
                    let answer = serde_json::from_slice(response.body());
                    return answer.map_err(|error| ExportError::Answer(error.to_string()));
                }
                Ok(response) => {
                    let status = response.status().as_u16();
                    return Err(ExportError::Refused { status, detail: told(response.body()) });
                }
                Err(reason) => reason,
            };
            tries += 1;
            if tries == MOST_TRIES {
                return Err(ExportError::Unavailable { tries, reason });
            }
            let wait = (self.first_wait * 2_u32.pow(tries - 1)).min(LONGEST_WAIT);
            tracing::warn!(tries, ?wait, reason, "trying again");
            tokio::time::sleep(wait).await;
        }
    }
}

fn is_busy(response: &Response<Bytes>) -> bool {
    response.status() == StatusCode::TOO_MANY_REQUESTS || response.status().is_server_error()
}
