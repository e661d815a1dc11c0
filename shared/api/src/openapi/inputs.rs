//! What a [`NumberText`](crate::NumberText) is read as.

use serde_json::json;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A decimal that is not negative, as a string or a number.
#[derive(Debug)]
pub struct DecimalInput;

impl PartialSchema for DecimalInput {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0));
        let description = "A decimal that is not negative: a string such as 12.50, or a number that is read digit by digit. At \
             most 15 digits before the point and 12 behind it, no exponent.";
        decimal(r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$", number, description)
    }
}

impl ToSchema for DecimalInput {}

/// A decimal that may be negative, as a string or a number.
#[derive(Debug)]
pub struct SignedDecimalInput;

impl PartialSchema for SignedDecimalInput {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let description = "A decimal: a string such as 12.50 or -3, or a number that is read digit by digit. At most 15 digits \
             before the point and 12 behind it, no exponent.";
        decimal(r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$", number, description)
    }
}

impl ToSchema for SignedDecimalInput {}

fn decimal(pattern: &str, number: ObjectBuilder, description: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    Schema::AnyOf(AnyOfBuilder::new().item(text).item(number).description(Some(description)).build()).into()
}

/// A time as a caller may write it.
#[derive(Debug)]
pub struct TimeInput;

impl PartialSchema for TimeInput {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let instant = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let local = text().pattern(Some(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?$"));
        let epoch_text = text().pattern(Some(r"^[0-9]{9,11}(\.[0-9]{1,3})?$"));
        let epoch = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(946_684_800));
        let description = "A time to the millisecond, from 2000 on: RFC 3339 with an offset, epoch seconds, or YYYY-MM-DD HH:MM:SS \
             in the zone of the subscription or site.";
        let any = AnyOfBuilder::new().item(instant).item(local).item(epoch_text).item(epoch);
        let examples = [json!("2015-10-01T00:30:00Z"), json!(1_443_659_400)];
        Schema::AnyOf(any.description(Some(description)).examples(examples).build()).into()
    }
}

impl ToSchema for TimeInput {}
