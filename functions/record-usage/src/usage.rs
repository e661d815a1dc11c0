//! One usage as it is sent, read field by field.

use std::fmt::Display;

use api::usage_place::read_time;
use api::{Kind, NumberText, Problem, parse_json};
use billing::id::{ItemPriceId, SubscriptionId, UsageId};
use billing::usage::{Content, LONGEST_NOTE, RecordKey, Source};
use billing::zone::Zone;
use rating::Quantity;
use serde::Deserialize;

/// The fields of a usage.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    subscription_id: Option<SubscriptionId>,
    item_price_id: ItemPriceId,
    #[serde(default)]
    usage_date: Option<NumberText>,
    quantity: NumberText,
    #[serde(default)]
    id: Option<UsageId>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    from: Option<NumberText>,
    #[serde(default)]
    to: Option<NumberText>,
}

/// A usage whose fields are read, but for its times: a local time has no meaning before the zone is known.
pub struct Posted {
    pub subscription_id: SubscriptionId,
    pub item_price_id: ItemPriceId,
    id: Option<UsageId>,
    quantity: Quantity,
    note: Option<String>,
    date: NumberText,
    from: Option<NumberText>,
    to: Option<NumberText>,
}

impl Posted {
    /// Reads a usage; `of` is the subscription that the path names, if it does.
    pub fn read(json: &str, of: Option<&SubscriptionId>) -> Result<Posted, Problem> {
        let fields: Fields = parse_json(json)?;
        let subscription_id = match (of, fields.subscription_id) {
            (Some(of), Some(named)) if *of != named => {
                return Err(refuse("subscription_id", "the path names another subscription"));
            }
            (Some(of), _) => of.clone(),
            (None, Some(named)) => named,
            (None, None) => return Err(refuse("subscription_id", "missing field `subscription_id`")),
        };
        let quantity: Quantity = fields.quantity.parse().map_err(|error| refuse("quantity", error))?;
        if quantity.is_negative() {
            return Err(refuse("quantity", "a quantity is not negative"));
        }
        if let Some(note) = &fields.note {
            check_note(note)?;
        }
        // The server's clock never stands in for the date: a retry would get another one and be billed twice.
        let date = fields.usage_date.or_else(|| fields.from.clone());
        let date = date.ok_or_else(|| refuse("usage_date", "say when it was used: usage_date, or from and to"))?;
        Ok(Posted {
            subscription_id,
            item_price_id: fields.item_price_id,
            id: fields.id,
            quantity,
            note: fields.note,
            date,
            from: fields.from,
            to: fields.to,
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
        let content = Content { quantity: self.quantity, note: self.note, from, to, source: Source::Api };
        Ok((RecordKey { date, id: self.id }, content))
    }
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

fn refuse(field: &str, detail: impl Display) -> Problem {
    Problem::new(Kind::Unreadable, detail.to_string()).field(field)
}
