//! Usage charges: what usage costs so far, and what it would cost by other terms.
//!
//! * `period`: which period is asked for, and what its charges are computed from
//! * `asked`: the item prices of that period with their versions, inputs and usage
//! * `charge`: the charge of one of them
//! * `preview`: what usage would cost by other terms, with nothing stored

mod asked;
mod charge;
mod period;
mod preview;

pub use charge::UsageCharge;
pub use period::PeriodStatus;
pub use preview::{
    NewPreview, PeriodPreview, Preview, PreviewDifference, PreviewTerms, PreviewUsage, PreviewedCharge, UsagesPreview,
    preview,
};

use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use store::Store;

use crate::recorded_usage::subscription;
use asked::Asked;

/// How many item prices are read at a time.
const AT_A_TIME: usize = 8;

/// Which charges of a subscription are asked for.
#[derive(Clone, Debug, Default)]
pub struct ChargeFilter {
    /// Only those of prices that are counted against this feature.
    pub feature_id: Option<FeatureId>,
    /// Only that of this price.
    pub item_price_id: Option<ItemPriceId>,
    /// The number of the period, from 0; the one that runs, or the last one, where absent.
    pub period: Option<u32>,
}

/// Computes what the usage of a subscription costs in one period: a charge for each item price that takes usage and was
/// on the subscription then. There are none before the subscription starts.
///
/// # Errors
/// `NotFound` where there is no such subscription or period; `Invalid` where the usage cannot be rated.
pub async fn usage_charges(
    store: &Store,
    site: &Site,
    id: &SubscriptionId,
    filter: &ChargeFilter,
    now: Timestamp,
) -> Result<Vec<UsageCharge>, Refusal> {
    let subscription = subscription(store, site, id).await?;
    let Some(basis) = period::find(store, site, &subscription, filter.period, now).await? else {
        return Ok(Vec::new());
    };
    let lines = basis.lines(store, site).await?;
    let asked = Asked { store, site, subscription: &subscription, basis: &basis, lines: lines.as_deref() };
    let subjects = asked.subjects().into_iter().filter(|subject| {
        filter.feature_id.as_ref().is_none_or(|id| subject.item.feature_id.as_ref() == Some(id))
            && filter.item_price_id.as_ref().is_none_or(|id| subject.item.item_price_id == *id)
    });
    let charges: Vec<_> = subjects.map(|subject| asked.charge(subject, now)).collect();
    stream::iter(charges).buffered(AT_A_TIME).try_collect().await
}
