//! Usage records, and what a site or a subscription says of them.

mod digest;
mod field;
mod new_usage;
mod record;
mod rules;

pub use digest::{UsageDigest, usage_digest};
pub use field::{LONGEST_UNIQUE_VALUE, Note, UniqueValue, UsageAmount};
pub use new_usage::{FURTHEST_AHEAD_MILLIS, NewUsage};
pub use record::{Content, RecordKey, Source, UsageRecord};
pub use rules::{LateUsage, UsageLimit, UsageLimitError};
