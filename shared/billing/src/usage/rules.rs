//! What a site or a subscription says of the usage that it takes.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What becomes of usage, corrections and deletions that come after their period was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateUsage {
    /// It is stored and shown, and no invoice carries it.
    #[default]
    Hold,
    /// It is refused.
    Reject,
}

/// The most usages that a usage limit may allow.
const MOST_USAGES: u64 = 1_000_000_000_000;

/// How many usages of a subscription may stand, over its whole life and all of its prices: 1 to 10^12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UsageLimit(u64);

/// A number that is no usage limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a usage limit is 1 to {MOST_USAGES}")]
pub struct UsageLimitError;

impl UsageLimit {
    /// Returns the limit as a number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for UsageLimit {
    type Error = UsageLimitError;

    fn try_from(usages: u64) -> Result<UsageLimit, UsageLimitError> {
        (1..=MOST_USAGES).contains(&usages).then_some(UsageLimit(usages)).ok_or(UsageLimitError)
    }
}

impl From<UsageLimit> for u64 {
    fn from(limit: UsageLimit) -> u64 {
        limit.0
    }
}

impl PartialSchema for UsageLimit {
    fn schema() -> RefOr<Schema> {
        let description = "How many usages of a subscription may stand, over its life and all of its prices.";
        let schema = ObjectBuilder::new().schema_type(Type::Integer).description(Some(description));
        Schema::Object(schema.minimum(Some(1)).maximum(Some(MOST_USAGES)).build()).into()
    }
}

impl ToSchema for UsageLimit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_limit_allows_at_least_one_usage() {
        for (usages, allowed) in [(0, false), (1, true), (MOST_USAGES, true), (MOST_USAGES + 1, false)] {
            assert_eq!(UsageLimit::try_from(usages).is_ok(), allowed, "{usages}");
        }
        let limit: UsageLimit = serde_json::from_str("250").unwrap();
        assert_eq!((limit.get(), serde_json::to_string(&limit).unwrap().as_str()), (250, "250"));
    }
}
