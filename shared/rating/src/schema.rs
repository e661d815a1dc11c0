//! How the types that are written as strings look in the API's description; the others derive it from what serde does.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::{Currency, Discount, Discounts, MOST_DISCOUNTS, MOST_TIERS, Tier, Tiers};

/// Returns the schema of a string that fits a regular expression.
pub fn text(description: &str, pattern: impl Into<String>) -> RefOr<Schema> {
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    Schema::Object(schema.pattern(Some(pattern)).build()).into()
}

/// Describes a type that is written as a string, by a description and a regular expression.
#[macro_export]
macro_rules! text_schema {
    ($type:ty, $description:expr, $pattern:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::text($description, $pattern)
            }
        }

        impl utoipa::ToSchema for $type {}
    };
}

/// What the door lets in: no leading zeros, no exponent, 15 digits before the point and 12 behind it.
const DECIMAL: &str = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$";

text_schema!(
    crate::Quantity,
    "A quantity as a decimal string such as 12.50: at most 15 digits before the point and 12 behind it, no exponent.",
    DECIMAL
);
text_schema!(
    crate::Amount,
    "An amount in major units of the currency as a decimal string such as 0.05; finer than a minor unit if need be.",
    DECIMAL
);
text_schema!(
    crate::Number,
    "An exact number: a decimal such as 18.05, or a fraction such as 1/3 where no decimal is exact.",
    r"^-?[0-9]+(\.[0-9]+|/[1-9][0-9]*)?$"
);
text_schema!(
    crate::Percent,
    "A share in hundredths as a decimal string such as 1.2: at most 15 digits before the point and 12 behind it.",
    DECIMAL
);

impl PartialSchema for Tiers {
    fn schema() -> RefOr<Schema> {
        let tiers = ArrayBuilder::new().items(Ref::from_schema_name(Tier::name()));
        let tiers = tiers.min_items(Some(1)).max_items(Some(MOST_TIERS));
        Schema::Array(tiers.description(Some("Bands of a price, ascending.")).build()).into()
    }
}

impl ToSchema for Tiers {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Tier::name().into_owned(), Tier::schema()));
        Tier::schemas(schemas);
    }
}

impl PartialSchema for Discounts {
    fn schema() -> RefOr<Schema> {
        let discounts = ArrayBuilder::new().items(Ref::from_schema_name(Discount::name()));
        let discounts = discounts.max_items(Some(MOST_DISCOUNTS));
        let description = "What is taken off, in this order; free units come first.";
        Schema::Array(discounts.description(Some(description)).build()).into()
    }
}

impl ToSchema for Discounts {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Discount::name().into_owned(), Discount::schema()));
        Discount::schemas(schemas);
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        let letters = || 'A'..='Z';
        let pairs = letters().flat_map(|first| letters().map(move |second| [first, second]));
        let codes =
            pairs.flat_map(|[first, second]| letters().map(move |third| String::from_iter([first, second, third])));
        let known = codes.filter(|code| code.parse::<Currency>().is_ok());
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(known));
        Schema::Object(schema.description(Some("An ISO 4217 currency code.")).build()).into()
    }
}

impl ToSchema for Currency {}
