//! The store: everything that is kept, in one DynamoDB table. Every key and every expression lives in this crate.
//!
//! **Owns** items, keys, conditions, transactions, retries; the usage pages and their protocol.
//!
//! **Does not own** what a boundary bills or which usage is billable (`billing`), nor any shape on the wire (`api`).
//!
//! # Items
//!
//! | item | PK | SK | holds |
//! |---|---|---|---|
//! | site | `SITE#<site>` | `SITE` | settings, test clock |
//! | API key | `KEY#<sha256>` | `KEY` | site, scopes, expiry, deletion; `list` index keys |
//! | test site | `TEST_SITES` | `<site>` | nothing: a list of the sites whose clock is their own |
//! | customer, feature, item, item price | `SITE#<site>` | `CUSTOMER#<id>` ... | the document as it is now |
//! | price version | `SITE#<site>` | `PRICE_VERSION#<id>#<n>` | one version of an item price, for ever |
//! | claim | `SITE#<site>` | `INVOICE_PREFIX#<text>`, `SUBSCRIPTION_ITEM#<id>` | who holds a name that is unique in the site |
//! | invoice count | `SITE#<site>` | `INVOICE_COUNT#<prefix>` | the last number given |
//! | idempotency | `SITE#<site>` | `IDEMPOTENCY#<key>` | the first answer, for 30 days |
//! | stuck | `SITE#<site>` | `STUCK#<subscription>` | why closing keeps failing |
//! | head | `SUB#<site>#<subscription>` | `HEAD` | the subscription with its histories; `due` and `list` index keys |
//! | invoice | same | `INVOICE#<boundary>` | pending or frozen; `due` and `list` index keys |
//! | earlier revision of an invoice | same | `INVOICE#<boundary>#<revision>` | an invoice whose place a newer revision took; read, not yet written |
//! | page | same | `USAGE#<item price>#<start>` | `E`, `B`, `S`, and one attribute per usage record |
//! | usage limit | same | `LIMIT` | `F`: how many more usages there may be; only where the subscription has a limit |
//! | late usage | same | `LATE#<item price>#<record key>` | `V`: a record, correction or deletion that came after the seal |
//!
//! Documents are JSON text in `D`; `R` counts their changes; `C` is the digest of what was first created; `FORM`
//! is their form, absent where it is 1.
//!
//! # Access patterns
//!
//! | pattern | call |
//! |---|---|
//! | who calls | get of the key and its site, remembered for a minute where the site is live |
//! | record usage | query for one page, one conditional update; a transaction where a page overflows; on a live site the page and the head are remembered for a minute, and the update is all |
//! | read a period | a strong query for each 500 pages, checked to tile |
//! | list usages | a strong query for some pages, and one for the late rows of the same keys |
//! | close a period | a transaction to cut at its end where a page reaches across, one update a page that is not sealed yet, a transaction to freeze |
//! | what was held when a period began | a get of each invoice before it, back to a closed one, and a read of what is pending; only where quantities are held |
//! | what is due | index `due`, by shard and instant, a page at a time |
//! | subscriptions, invoices of a site or customer | index `list`, then a get each |
//! | catalogue lists | query of the site's partition by prefix |
#![warn(missing_docs)]

mod api_key;
mod catalogue;
mod changes;
mod claim;
pub mod client;
mod document;
mod due;
mod error;
#[cfg(test)]
mod golden;
mod invoice;
mod json;
mod key;
mod later;
mod list;
mod meter;
mod page;
mod recent;
mod retry;
mod site;
mod stuck;
mod subscription;
mod table;
mod usage;

pub use api_key::NamedKey;
pub use catalogue::Catalogued;
pub use changes::{Change, Changes, Committed, Refused};
pub use document::{Document, First, Page, Remembered, Stored};
pub use due::{Due, DueReader};
pub use error::StoreError;
pub use invoice::PendingInvoices;
pub use meter::Consumed;
pub use retry::Attempts;
pub use stuck::Stuck;
pub use subscription::Head;
pub use usage::{Deletion, Outcome, Reading, Standing, UsageRange, Usages};

use std::time::Duration;

use crate::meter::Meter;

/// How long a start waits for a connection at most: it has ten seconds on Lambda.
const WARMING: Duration = Duration::from_secs(2);

/// The store over one table; clones share the connection and what is remembered.
#[derive(Clone, Debug)]
pub struct Store {
    table: table::Table,
    callers: api_key::Callers,
    heads: subscription::Heads,
    recent_pages: usage::RecentPages,
    price_versions: catalogue::PriceVersions,
}

impl Store {
    /// A store over the table of that name.
    pub fn new(client: aws_sdk_dynamodb::Client, table: String) -> Store {
        Store {
            table: table::Table { client, name: table, meter: Meter::default() },
            callers: Default::default(),
            heads: Default::default(),
            recent_pages: Default::default(),
            price_versions: Default::default(),
        }
    }

    /// Returns what calls consumed since the last time that this was asked, over all clones.
    pub fn take_consumed(&self) -> Consumed {
        self.table.meter.take()
    }

    /// Connects ahead of the first call, by reading an item that cannot exist. Whether it succeeds does not matter: if
    /// not, the first call connects.
    pub async fn warm(&self) {
        let nothing = key::Key { pk: "WARM".to_owned(), sk: "WARM".to_owned() };
        let _ = tokio::time::timeout(WARMING, self.table.get(&nothing, false)).await;
        self.table.meter.take();
    }
}
