//! How the types that are written as strings look in the API's description; the others derive it from what serde does.

use rating::text_schema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::invoice::PaymentTerms;
use crate::timestamp::Timestamp;
use crate::usage_rules::{MOST_USAGES, UsageLimit};
use crate::zone::Zone;

/// The regular expression of ids of at most `max` characters that do not begin with `reserved`.
pub(crate) fn id_pattern(max: usize, reserved: Option<&str>) -> String {
    let reserved = reserved.map_or_else(String::new, |prefix| format!("(?!{prefix})"));
    format!("^{reserved}[A-Za-z0-9_.:-]{{1,{max}}}$")
}

text_schema!(Zone, "A time zone of the IANA database, such as Europe/Berlin.", "^[A-Za-z0-9_+/-]+$");
text_schema!(
    PaymentTerms,
    "When an invoice is due: NET n, n days (0 to 365) after the local date of its close.",
    "^NET [0-9]{1,3}$"
);

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let description = "An instant in UTC, to the millisecond, from 2000 on.";
        Schema::Object(schema.description(Some(description)).build()).into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for UsageLimit {
    fn schema() -> RefOr<Schema> {
        let description = "How many usages of a subscription may stand, over its life and all of its prices.";
        let schema = ObjectBuilder::new().schema_type(Type::Integer).description(Some(description));
        Schema::Object(schema.minimum(Some(1)).maximum(Some(MOST_USAGES)).build()).into()
    }
}

impl ToSchema for UsageLimit {}
