//! Where a usage stands, as far as a caller says it, and the times that callers write.

use billing::id::ItemPriceId;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::{Timestamp, Zone};

use crate::problem::Problem;
use crate::query::{Query, unreadable};

/// Returns the zone of local times: the one that the subscription's periods follow, or else the site's.
pub fn local_zone(site: &Site, subscription: &Subscription) -> Zone {
    subscription.local_zone(site)
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
    /// The price that it counts for.
    pub item_price_id: Option<ItemPriceId>,
    /// When it was used.
    pub date: Option<Timestamp>,
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
}
