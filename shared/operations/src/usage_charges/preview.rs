//! What usage would cost, with nothing stored.
//!
//! Either of usages that the caller brings along, or of a stored period of a subscription beside what that costs now.

mod brought;
mod stored;
mod terms;

pub use brought::{PreviewUsage, UsagesPreview};
pub use stored::{PeriodPreview, PreviewDifference};
pub use terms::PreviewTerms;

use billing::id::{ItemPriceId, SubscriptionId};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::{TimeText, Timestamp};
use rating::{Charge, ChargeInputs, Currency, PriceError, RatingError};
use store::Store;

/// What is to be priced, and by what: usages by a price, or a subscription's period by what is said instead.
#[derive(Clone, Debug)]
pub struct NewPreview {
    /// Whose stored usage is priced; where absent, the usages of the preview are.
    pub subscription_id: Option<SubscriptionId>,
    /// The price; with a subscription, the one whose usage is priced.
    pub item_price_id: Option<ItemPriceId>,
    /// The period of the subscription; the one that runs, where absent.
    pub period: Option<u32>,
    /// Needed where neither a subscription nor an item price says it.
    pub currency_code: Option<Currency>,
    /// What is used, at most 1,000 usages; only without a subscription.
    pub usages: Option<Vec<PreviewUsage>>,
    /// Where the time begins over which quantities are held; only without a subscription.
    pub from: Option<TimeText>,
    /// Where it ends.
    pub to: Option<TimeText>,
    /// What is said instead of what the price and the subscription's item say.
    pub terms: PreviewTerms,
}

/// What usage would cost.
#[derive(Clone, Debug)]
pub enum Preview {
    /// The usages that the caller brought along.
    Usages(Box<UsagesPreview>),
    /// The stored usage of a period.
    Period(Box<PeriodPreview>),
}

/// A charge with all that it is computed from.
#[derive(Clone, Debug)]
pub struct PreviewedCharge {
    /// Absent where nothing is charged: there is no usage, and nothing is billed without.
    pub charge: Option<Charge>,
    /// The same in words, a line for each step.
    pub explanation: Option<String>,
    /// What it is computed from, beside the usage.
    pub inputs: ChargeInputs<'static>,
}

/// Prices usages of the caller's, or a period of a subscription by other terms.
///
/// # Errors
/// `Invalid` and `Unreadable`, naming what is wrong; `NotFound` where there is no such subscription or period;
/// `PriceNotOnSubscription` where its period does not have the metered price.
pub async fn preview(store: &Store, site: &Site, new: &NewPreview, now: Timestamp) -> Result<Preview, Refusal> {
    match &new.subscription_id {
        Some(id) => stored::preview(store, site, id, new, now).await.map(|priced| Preview::Period(Box::new(priced))),
        None => brought::preview(store, site, new).await.map(|priced| Preview::Usages(Box::new(priced))),
    }
}

/// Why there is no charge, by the field that has to change.
fn unrateable(error: RatingError) -> Refusal {
    let field = match &error {
        RatingError::Inputs(PriceError::NotInModel { field, .. } | PriceError::NegativeAmount { field }) => field,
        RatingError::Inputs(PriceError::EmptyWindow) => "to",
        RatingError::NegativeIncluded { .. } => "included_usage",
        RatingError::BeyondLastTier { .. }
        | RatingError::NegativeUsage { .. }
        | RatingError::NegativeAmount { .. }
        | RatingError::MissingUniqueValue { .. }
        | RatingError::MissingAmount { .. }
        | RatingError::OutsideWindow { .. } => "usages",
        _ => "price",
    };
    Refusal::invalid(field, error.to_string())
}
