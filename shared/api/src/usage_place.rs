//! Where a usage stands, as far as a caller says it, and the times that callers write.

use billing::cadence_history::CadenceHistory;
use billing::id::{ItemPriceId, UsageId};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::{RecordKey, UsageRecord};
use billing::zone::Zone;

use crate::problem::Problem;
use crate::query::{Query, unreadable};

/// Returns the zone of local times: the one that the subscription's periods follow, or else the site's.
pub fn local_zone(site: &Site, subscription: &Subscription) -> Zone {
    subscription.cadence.as_ref().map_or(site.time_zone, CadenceHistory::zone)
}

/// Reads a time in any of the forms that callers may use; local ones are in `zone`.
///
/// # Errors
/// `Unreadable`, naming the field.
pub fn read_time(field: &str, text: &str, zone: Zone) -> Result<Timestamp, Problem> {
    Timestamp::parse(text, zone).map_err(|error| unreadable(field, error))
}

/// What `?item_price_id=..&usage_date=..` says of a usage that is named by an id of the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsagePlace {
    item_price_id: Option<ItemPriceId>,
    date: Option<Timestamp>,
}

impl UsagePlace {
    /// The query parameters that it is read from.
    pub const PARAMETERS: [&str; 2] = ["item_price_id", "usage_date"];

    /// Reads the query parameters.
    ///
    /// # Errors
    /// `Unreadable`, naming the parameter.
    pub fn read(query: &Query, zone: Zone) -> Result<UsagePlace, Problem> {
        let date = query.get("usage_date").map(|text| read_time("usage_date", text, zone)).transpose()?;
        Ok(UsagePlace { item_price_id: query.parse("item_price_id")?, date })
    }

    /// Returns the price and key, where both price and date are said.
    pub fn exact(&self, id: &UsageId) -> Option<(ItemPriceId, RecordKey)> {
        let key = RecordKey { date: self.date?, id: Some(id.clone()) };
        Some((self.item_price_id.clone()?, key))
    }

    /// Says whether a record is where the caller says; everything is, where nothing is said.
    pub fn matches(&self, record: &UsageRecord) -> bool {
        self.item_price_id.as_ref().is_none_or(|id| *id == record.item_price_id)
            && self.date.is_none_or(|date| date == record.key.date)
    }
}
