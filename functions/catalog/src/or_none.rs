//! Schemas of options that a change sets or removes: a value, or null for none.

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

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
