//! One usage as it is sent, read field by field; whatever the syntax, every rule about it is here.

use std::fmt::Display;
use std::str::FromStr;

use api::openapi::{DecimalInput, SignedDecimalInput, TimeInput};
use api::usage_place::read_time;
use api::{Kind, NumberText, Problem, parse_json};
use billing::id::{ItemPriceId, SubscriptionId, UsageId};
use billing::usage::{Content, LONGEST_NOTE, LONGEST_UNIQUE_VALUE, RecordKey, Source};
use billing::zone::Zone;
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

/// A usage whose fields are read, but for its times: a local time has no meaning before the zone is known.
pub struct Posted {
    pub subscription_id: SubscriptionId,
    pub item_price_id: ItemPriceId,
    id: Option<UsageId>,
    quantity: Quantity,
    unique_value: Option<String>,
    amount: Option<Amount>,
    note: Option<String>,
    date: NumberText,
    from: Option<NumberText>,
    to: Option<NumberText>,
    source: Source,
}

impl Posted {
    /// Reads a usage from a JSON object; `of` is the subscription that the path names, if it does.
    pub fn of_json(json: &str, of: Option<&SubscriptionId>) -> Result<Posted, Problem> {
        Posted::new(parse_json(json)?, of, Source::Api)
    }

    /// Reads a usage from the cells of a table's row; `cell` returns the text of a field that is given.
    pub fn of_cells<'a>(
        cell: impl Fn(&str) -> Option<&'a str>,
        of: Option<&SubscriptionId>,
    ) -> Result<Posted, Problem> {
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
        Posted::new(fields, of, Source::BulkOperation)
    }

    fn new(fields: Fields, of: Option<&SubscriptionId>, source: Source) -> Result<Posted, Problem> {
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
        if let Some(value) = &fields.unique_value {
            check_unique_value(value)?;
        }
        let amount = fields.amount.as_ref().map(read_amount).transpose()?;
        if let Some(note) = &fields.note {
            check_note(note)?;
        }
        // The server's clock never stands in for the date: a retry would get another one and be billed twice.
        let date = fields.usage_date.or_else(|| fields.from.clone());
        let date = date.ok_or_else(|| refuse("usage_date", "say when it was used: usage_date, or from and to"))?;
        Ok(Posted {
            subscription_id,
            item_price_id,
            id: fields.id,
            quantity,
            unique_value: fields.unique_value,
            amount,
            note: fields.note,
            date,
            from: fields.from,
            to: fields.to,
            source,
        })
    }

    /// Reads the times, local ones in `zone`.
    pub fn dated(self, zone: Zone) -> Result<(RecordKey, Content), Problem> {
        let time = |field: &str, text: &NumberText| read_time(field, text.as_str(), zone);
        let from = self.from.as_ref().map(|text| time("from", text)).transpose()?;
        let to = self.to.as_ref().map(|text| time("to", text)).transpose()?;
        let date = time("usage_date", &self.date)?;
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(refuse("to", "to is not before from"));
        }
        let (quantity, unique_value, amount, note) = (self.quantity, self.unique_value, self.amount, self.note);
        let content = Content { quantity, unique_value, amount, note, from, to, source: self.source };
        Ok((RecordKey { date, id: self.id }, content))
    }
}

fn id<'a, T: FromStr<Err: Display>>(field: &str, cell: impl Fn(&str) -> Option<&'a str>) -> Result<Option<T>, Problem> {
    cell(field).map(|text| text.parse().map_err(|error| refuse(field, error))).transpose()
}

fn check_unique_value(value: &str) -> Result<(), Problem> {
    if !(1..=LONGEST_UNIQUE_VALUE).contains(&value.chars().count()) {
        let detail = format!("a unique value has 1 to {LONGEST_UNIQUE_VALUE} characters");
        return Err(refuse("unique_value", detail));
    }
    if value.chars().any(char::is_control) {
        return Err(refuse("unique_value", "a unique value has no control characters"));
    }
    Ok(())
}

fn read_amount(text: &NumberText) -> Result<Amount, Problem> {
    let amount: Amount = text.parse().map_err(|error| refuse("amount", error))?;
    if amount.is_negative() {
        return Err(refuse("amount", "an amount is not negative"));
    }
    Ok(amount)
}

fn check_note(note: &str) -> Result<(), Problem> {
    if note.chars().count() > LONGEST_NOTE {
        return Err(refuse("note", format_args!("a note has at most {LONGEST_NOTE} characters")));
    }
    if note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(refuse("note", "a note has no control characters but line breaks (\\n) and tabs (\\t)"));
    }
    Ok(())
}

fn missing(field: &str) -> Problem {
    refuse(field, format_args!("missing field `{field}`"))
}

fn refuse(field: &str, detail: impl Display) -> Problem {
    Problem::new(Kind::Unreadable, detail.to_string()).field(field)
}
