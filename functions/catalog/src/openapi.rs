//! The routes in words and schemas.

mod documents;
mod sites;
mod subscriptions;

use api::openapi::Description;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::ROUTES;

/// Describes the routes.
pub fn openapi() -> Description {
    Description::of(ROUTES)
        .with_all(documents::customers())
        .with_all(documents::features())
        .with_all(documents::items())
        .with_all(documents::item_prices())
        .with_all(subscriptions::operations())
        .with_all(sites::operations())
}

/// What a change says of a usage limit: a number, or null for none.
pub struct UsageLimitOrNone;
pub struct UnitRoundingOrNone;
pub struct AmountOrNone;
pub struct ProrationBasisOrNone;
pub struct TaxOrNone;

macro_rules! or_none {
    ($type:ty, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let none = ObjectBuilder::new().schema_type(Type::Null);
                Schema::OneOf(OneOfBuilder::new().item(Ref::from_schema_name($schema)).item(none).build()).into()
            }
        }

        impl ToSchema for $type {}
    };
}

or_none!(UsageLimitOrNone, "UsageLimit");
or_none!(UnitRoundingOrNone, "UnitRounding");
or_none!(AmountOrNone, "Amount");
or_none!(ProrationBasisOrNone, "ProrationBasis");
or_none!(TaxOrNone, "Tax");
