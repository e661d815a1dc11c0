//! A usage that a caller reports, before its local times have a zone.

use rating::{Amount, Quantity};

use super::field::{Note, UniqueValue, UsageAmount};
use super::record::{Content, RecordKey, Source};
use crate::id::{ItemPriceId, SubscriptionId, UsageId};
use crate::refusal::{Kind, Refusal};
use crate::time::{TimeText, Timestamp, Zone};

/// How far ahead of the clock a usage may be dated, in milliseconds: 5 minutes.
pub const FURTHEST_AHEAD_MILLIS: i64 = 5 * 60 * 1_000;

/// A reported usage.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUsage {
    /// The subscription that it counts for.
    pub subscription_id: SubscriptionId,
    /// The price that it counts for.
    pub item_price_id: ItemPriceId,
    /// The caller's own id.
    pub id: Option<UsageId>,
    /// How much was used; below zero only where quantities are held.
    pub quantity: Quantity,
    /// What a `unique_count` counts once.
    pub unique_value: Option<UniqueValue>,
    /// What it costs, where its price is `dynamic`.
    pub amount: Option<UsageAmount>,
    /// The caller's remark, never shown to a customer.
    pub note: Option<Note>,
    /// When the usage occurred.
    pub date: TimeText,
    /// Where the time that the usage covers begins, inclusive.
    pub from: Option<TimeText>,
    /// Where the time that the usage covers ends.
    pub to: Option<TimeText>,
    /// How it came here.
    pub source: Source,
}

impl NewUsage {
    /// Reads the times, local ones in `zone`, and returns the usage as a key and a content.
    ///
    /// # Errors
    /// `Unreadable` naming the time; `TooFarAhead` where the usage is dated more than 5 minutes after `now`.
    pub fn dated(self, zone: Zone, now: Timestamp) -> Result<(RecordKey, Content), Refusal> {
        let from = self.from.map(|text| time("from", &text, zone)).transpose()?;
        let to = self.to.map(|text| time("to", &text, zone)).transpose()?;
        let date = time("usage_date", &self.date, zone)?;
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(Refusal::unreadable("to", "to is not before from"));
        }
        // A date further ahead is a wrong unit or a wrong clock, and not usage.
        if date > now.plus_millis(FURTHEST_AHEAD_MILLIS) {
            let detail = format!("usage is dated at most 5 minutes ahead of now, which is {now}");
            return Err(Refusal::new(Kind::TooFarAhead, detail).field("usage_date"));
        }
        let content = Content {
            quantity: self.quantity,
            unique_value: self.unique_value.map(String::from),
            amount: self.amount.map(Amount::from),
            note: self.note.map(String::from),
            from,
            to,
            source: self.source,
        };
        Ok((RecordKey { date, id: self.id }, content))
    }
}

fn time(field: &str, text: &TimeText, zone: Zone) -> Result<Timestamp, Refusal> {
    text.read(zone).map_err(|error| Refusal::unreadable(field, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    fn usage(date: &str, from: Option<&str>, to: Option<&str>) -> NewUsage {
        NewUsage {
            subscription_id: "acme".parse().unwrap(),
            item_price_id: "minutes".parse().unwrap(),
            id: None,
            quantity: "1".parse().unwrap(),
            unique_value: None,
            amount: None,
            note: None,
            date: date.into(),
            from: from.map(TimeText::from),
            to: to.map(TimeText::from),
            source: Source::Api,
        }
    }

    #[test]
    fn local_times_are_read_in_the_zone() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let now = at("2026-02-01T00:00:00Z");
        let (key, content) =
            usage("2026-01-31 13:00:00", Some("2026-01-31 12:00:00"), None).dated(berlin, now).unwrap();

        assert_eq!(key.date, at("2026-01-31T12:00:00Z"));
        assert_eq!(content.from, Some(at("2026-01-31T11:00:00Z")));
    }

    #[test]
    fn a_usage_is_dated_at_most_five_minutes_ahead_and_does_not_end_before_it_begins() {
        let (noon, one) = ("2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z");
        for (date, from, to, refused) in [
            ("2026-01-01T12:05:00Z", None, None, None),
            ("2026-01-01T12:05:00.001Z", None, None, Some((Kind::TooFarAhead, "usage_date"))),
            (noon, Some(noon), Some(noon), None),
            (noon, Some(noon), Some(one), None),
            (noon, Some(one), Some(noon), Some((Kind::Unreadable, "to"))),
            ("soon", Some("x"), Some("y"), Some((Kind::Unreadable, "from"))),
            ("soon", None, Some("y"), Some((Kind::Unreadable, "to"))),
            ("soon", None, None, Some((Kind::Unreadable, "usage_date"))),
        ] {
            let found = usage(date, from, to).dated(Zone::UTC, at(noon)).err();
            let found = found.map(|refusal| (refusal.kind, refusal.field.unwrap_or_default()));
            assert_eq!(found, refused.map(|(kind, field)| (kind, field.to_owned())), "{date} {from:?} {to:?}");
        }
    }
}
