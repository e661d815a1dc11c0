//! One usage as it is sent, in JSON or in the row of a table, read field by field.

use std::fmt::Display;
use std::str::FromStr;

use api::openapi::{DecimalInput, SignedDecimalInput, TimeInput};
use api::{Kind, NumberText, Problem, parse_json};
use billing::id::{ItemPriceId, SubscriptionId, UsageId};
use billing::time::TimeText;
use billing::usage::{NewUsage, Note, Source, UniqueValue, UsageAmount};
use rating::{Amount, Quantity};
use serde::Deserialize;
use utoipa::ToSchema;

/// The fields of a usage, none of which is missed before all are read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUsage)]
pub struct Fields {
    /// Needed at /v1/usages; where the path names the subscription, the same or left out.
    #[serde(default)]
    subscription_id: Option<SubscriptionId>,
    #[serde(default)]
    #[schema(value_type = ItemPriceId, required)]
    item_price_id: Option<ItemPriceId>,
    /// When it was used; `from`, where it is left out. At most 5 minutes ahead of the clock.
    #[serde(default)]
    #[schema(value_type = Option<TimeInput>)]
    usage_date: Option<NumberText>,
    /// How much was used; below zero only where the price's aggregation is weighted_sum, whose usages say by how much
    /// changed what is held.
    #[serde(default)]
    #[schema(value_type = SignedDecimalInput, required)]
    quantity: Option<NumberText>,
    /// What is counted once, such as a user; needed where the price's aggregation is unique_count.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    unique_value: Option<String>,
    /// What it costs in the currency of its price, not negative; needed where that is dynamic.
    #[serde(default)]
    #[schema(value_type = Option<DecimalInput>)]
    amount: Option<NumberText>,
    /// Tells apart usages of one price that share an instant.
    #[serde(default)]
    id: Option<UsageId>,
    /// A remark, never shown to a customer.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// Where the time that the usage covers begins.
    #[serde(default)]
    #[schema(value_type = Option<TimeInput>)]
    from: Option<NumberText>,
    /// Where it ends.
    #[serde(default)]
    #[schema(value_type = Option<TimeInput>)]
    to: Option<NumberText>,
}

/// The names of the fields, which are those of a table's columns too.
pub const FIELDS: [&str; 10] = [
    "subscription_id",
    "item_price_id",
    "usage_date",
    "quantity",
    "unique_value",
    "amount",
    "id",
    "note",
    "from",
    "to",
];

/// Reads a usage from a JSON object; `of` is the subscription that the path names, if it does.
pub fn of_json(json: &str, of: Option<&SubscriptionId>) -> Result<NewUsage, Problem> {
    new_usage(parse_json(json)?, of, Source::Api)
}

/// Reads a usage from the cells of a table's row; `cell` returns the text of a field that is given.
pub fn of_cells<'a>(cell: impl Fn(&str) -> Option<&'a str>, of: Option<&SubscriptionId>) -> Result<NewUsage, Problem> {
    let fields = Fields {
        subscription_id: id("subscription_id", &cell)?,
        item_price_id: id("item_price_id", &cell)?,
        usage_date: cell("usage_date").map(NumberText::from),
        quantity: cell("quantity").map(NumberText::from),
        unique_value: cell("unique_value").map(str::to_owned),
        amount: cell("amount").map(NumberText::from),
        id: id("id", &cell)?,
        // How lines end is the table's matter: the same note in JSON is the same usage.
        note: cell("note").map(|text| text.replace("\r\n", "\n")),
        from: cell("from").map(NumberText::from),
        to: cell("to").map(NumberText::from),
    };
    new_usage(fields, of, Source::BulkOperation)
}

fn new_usage(fields: Fields, of: Option<&SubscriptionId>, source: Source) -> Result<NewUsage, Problem> {
    let subscription_id = match (of, fields.subscription_id) {
        (Some(of), Some(named)) if *of != named => {
            return Err(refuse("subscription_id", "the path names another subscription"));
        }
        (Some(of), _) => of.clone(),
        (None, Some(named)) => named,
        (None, None) => return Err(missing("subscription_id")),
    };
    let item_price_id = fields.item_price_id.ok_or_else(|| missing("item_price_id"))?;
    let quantity = fields.quantity.ok_or_else(|| missing("quantity"))?;
    let quantity: Quantity = quantity.parse().map_err(|error| refuse("quantity", error))?;
    let unique_value = fields.unique_value.map(UniqueValue::try_from).transpose()?;
    let amount = fields.amount.as_ref().map(read_amount).transpose()?;
    let note = fields.note.map(Note::try_from).transpose()?;
    let time = |text: NumberText| TimeText::from(text.as_str());
    let (from, to) = (fields.from.map(time), fields.to.map(time));
    // The server's clock never stands in for the date: a retry would get another one and be billed twice.
    let date = fields.usage_date.map(time).or_else(|| from.clone());
    let date = date.ok_or_else(|| refuse("usage_date", "say when it was used: usage_date, or from and to"))?;
    let id = fields.id;
    Ok(NewUsage { subscription_id, item_price_id, id, quantity, unique_value, amount, note, date, from, to, source })
}

fn id<'a, T: FromStr<Err: Display>>(field: &str, cell: impl Fn(&str) -> Option<&'a str>) -> Result<Option<T>, Problem> {
    cell(field).map(|text| text.parse().map_err(|error| refuse(field, error))).transpose()
}

fn read_amount(text: &NumberText) -> Result<UsageAmount, Problem> {
    let amount: Amount = text.parse().map_err(|error| refuse("amount", error))?;
    Ok(UsageAmount::try_from(amount)?)
}

fn missing(field: &str) -> Problem {
    refuse(field, format_args!("missing field `{field}`"))
}

fn refuse(field: &str, detail: impl Display) -> Problem {
    Problem::new(Kind::Unreadable, detail.to_string()).field(field)
}
