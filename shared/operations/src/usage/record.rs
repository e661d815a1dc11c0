//! Recording any number of usages, grouped by subscription and price.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use billing::id::{ItemPriceId, SubscriptionId};
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{Content, NewUsage, RecordKey, UsageLimit};
use futures_util::stream::{self, StreamExt};
use store::{Head, Outcome, Store, StoreError};

use super::{StandingUsage, admit, too_late};
use crate::document::Created;
use crate::error::failed;

/// How many calls of the store are under way at a time.
const AT_A_TIME: usize = 8;

/// What became of one usage.
type Answer = Result<Created<StandingUsage>, Refusal>;
type Heads = BTreeMap<SubscriptionId, Result<Head, Refusal>>;
/// The failures that are logged already: a throttled batch fails a thousand times for one reason.
type Logged = HashMap<Discriminant<StoreError>, Refusal>;

/// A usage that may be recorded, and its place in the batch.
struct Admitted {
    index: usize,
    key: RecordKey,
    content: Content,
}

/// Records the usages that can be; the answers are in the same order.
///
/// One that is `Different` stands with other content under the same date and id: it is deleted first to correct it.
///
/// # Errors
/// Each usage by itself: `NotFound` and `Unreadable` name the subscription or the time; `TooFarAhead`, `UnknownItemPrice`,
/// `NotMetered`, `PriceNotOnSubscription`, `UnsuitableUsage`, `DeletedUsage`, `LateUsage` and `UsageLimitReached`.
pub async fn record(
    store: &Store,
    site: &Site,
    usages: Vec<NewUsage>,
    now: Timestamp,
) -> Vec<Result<Created<StandingUsage>, Refusal>> {
    let mut answers: Vec<Answer> = usages.iter().map(|_| Err(unanswered())).collect();
    let heads = heads(store, site, &usages).await;
    let mut groups: BTreeMap<(&SubscriptionId, ItemPriceId), Vec<Admitted>> = BTreeMap::new();
    for (slot, (index, usage)) in answers.iter_mut().zip(usages.into_iter().enumerate()) {
        match dated(&heads, site, now, usage) {
            Err(refusal) => *slot = Err(refusal),
            Ok((subscription_id, price, key, content)) => {
                groups.entry((subscription_id, price)).or_default().push(Admitted { index, key, content });
            }
        }
    }
    let calls: Vec<_> = groups
        .into_iter()
        .filter_map(|((id, price), group)| {
            let head = heads.get(id)?.as_ref().ok()?;
            Some(record_group(store, site, head, price, group, now))
        })
        .collect();
    let done: Vec<Vec<(usize, Answer)>> = stream::iter(calls).buffer_unordered(AT_A_TIME).collect().await;
    for (index, answer) in done.into_iter().flatten() {
        if let Some(slot) = answers.get_mut(index) {
            *slot = answer;
        }
    }
    answers
}

/// Reads or remembers every subscription that is named, once.
async fn heads(store: &Store, site: &Site, usages: &[NewUsage]) -> Heads {
    let ids: BTreeSet<SubscriptionId> = usages.iter().map(|usage| usage.subscription_id.clone()).collect();
    let head = async |id| (admit::present(store.head(site, &id).await), id);
    let calls: Vec<_> = ids.into_iter().map(head).collect();
    stream::iter(calls).buffer_unordered(AT_A_TIME).map(|(found, id)| (id, found)).collect().await
}

/// Everything about a usage that can be judged without its price.
fn dated<'a>(
    heads: &'a Heads,
    site: &Site,
    now: Timestamp,
    usage: NewUsage,
) -> Result<(&'a SubscriptionId, ItemPriceId, RecordKey, Content), Refusal> {
    let found = heads.get(&usage.subscription_id).ok_or_else(unanswered)?;
    let subscription = &found.as_ref().map_err(Refusal::clone)?.subscription;
    let price = usage.item_price_id.clone();
    let (key, content) = usage.dated(subscription.local_zone(site), now)?;
    Ok((&subscription.id, price, key, content))
}

/// Records the usages of one price of one subscription.
async fn record_group(
    store: &Store,
    site: &Site,
    head: &Head,
    price: ItemPriceId,
    group: Vec<Admitted>,
    now: Timestamp,
) -> Vec<(usize, Answer)> {
    let dates = group.iter().map(|usage| usage.key.date);
    let subscription = match admit::subscription(store, site, head, &price, dates).await {
        Ok(subscription) => subscription,
        Err(refusal) => return group.into_iter().map(|usage| (usage.index, Err(refusal.clone()))).collect(),
    };
    let (mut indexes, mut records, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for usage in group {
        match admit::content(&subscription, &price, &usage.content) {
            Ok(()) => {
                indexes.push(usage.index);
                records.push((usage.key, usage.content));
            }
            Err(refusal) => done.push((usage.index, Err(refusal))),
        }
    }
    let outcomes = store.record(site, &subscription, &price, records, now).await;
    let mut logged = Logged::new();
    let answers = outcomes.into_iter().map(|outcome| answer(&subscription, outcome, &mut logged));
    done.extend(indexes.into_iter().zip(answers));
    done
}

fn answer(subscription: &Arc<Subscription>, outcome: Result<Outcome, StoreError>, logged: &mut Logged) -> Answer {
    match outcome {
        Ok(Outcome::Recorded(found)) => Ok(Created::New(StandingUsage::new(subscription, found))),
        Ok(Outcome::Replayed(found)) => Ok(Created::Same(StandingUsage::new(subscription, found))),
        Ok(Outcome::Conflicting(found)) => Ok(Created::Different(StandingUsage::new(subscription, found))),
        Ok(Outcome::Deleted) => {
            let detail = "this very usage was deleted; a retry does not bring it back";
            Err(Refusal::new(Kind::DeletedUsage, detail))
        }
        Ok(Outcome::TooLate) => Err(too_late()),
        Ok(Outcome::LimitReached) => {
            let limit = subscription.usage_limit.map_or(0, UsageLimit::get);
            let detail = format!("the subscription has as many usages as its usage_limit of {limit} allows");
            Err(Refusal::new(Kind::UsageLimitReached, detail))
        }
        Err(error) => Err(logged.entry(discriminant(&error)).or_insert_with(|| failed(error)).clone()),
    }
}

/// Returns what is said of a usage that no answer reached; every usage gets one.
pub fn unanswered() -> Refusal {
    Refusal::new(Kind::Internal, "the usage got no answer")
}
