//! Any number of usages to the store, grouped by subscription and price.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::metrics::{Metric, add};
use api::usage_json::{UsageJson, usage_json};
use api::usage_place::local_zone;
use api::{Kind, Problem, fault};
use billing::error::Failure;
use billing::id::{ItemPriceId, SubscriptionId};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::{Content, RecordKey};
use billing::usage_rules::{LateUsage, UsageLimit};
use futures_util::stream::{self, StreamExt};
use store::{Head, Outcome, StoreError};

use crate::delete::{shown, too_late};
use crate::usage::Posted;
use crate::{Deps, admit, no_subscription};

/// How many calls of the store are under way at a time.
const AT_A_TIME: usize = 8;

/// What became of one usage: its status with the record that stands, or why there is none.
pub type Answer = Result<(u16, UsageJson), Problem>;
type Heads = BTreeMap<SubscriptionId, Result<Head, Problem>>;

/// A usage that may be recorded, and its place in the batch.
struct Admitted {
    index: usize,
    key: RecordKey,
    content: Content,
}

/// Records the usages that can be; the answers are in the same order.
pub async fn record_all(deps: &Deps, site: &Site, now: Timestamp, usages: Vec<Result<Posted, Problem>>) -> Vec<Answer> {
    let mut answers: Vec<Answer> = usages.iter().map(|_| Err(unanswered())).collect();
    let heads = heads(deps, site, &usages).await;
    let mut groups: BTreeMap<(&SubscriptionId, ItemPriceId), Vec<Admitted>> = BTreeMap::new();
    for (slot, (index, usage)) in answers.iter_mut().zip(usages.into_iter().enumerate()) {
        match usage.and_then(|usage| admit_dated(&heads, site, now, usage)) {
            Err(problem) => *slot = Err(problem),
            Ok((subscription_id, price, key, content)) => {
                groups.entry((subscription_id, price)).or_default().push(Admitted { index, key, content });
            }
        }
    }
    let calls: Vec<_> = groups
        .into_iter()
        .filter_map(|((id, price), group)| {
            let head = heads.get(id)?.as_ref().ok()?;
            Some(record_group(deps, site, head, price, group, now))
        })
        .collect();
    let done: Vec<Vec<(usize, Answer)>> = stream::iter(calls).buffer_unordered(AT_A_TIME).collect().await;
    for (index, answer) in done.into_iter().flatten() {
        if let Some(slot) = answers.get_mut(index) {
            *slot = answer;
        }
    }
    count_refused(&answers);
    answers
}

/// Reads or remembers every subscription that is named, once.
async fn heads(deps: &Deps, site: &Site, usages: &[Result<Posted, Problem>]) -> Heads {
    let ids: BTreeSet<SubscriptionId> = usages.iter().flatten().map(|usage| usage.subscription_id.clone()).collect();
    let head = async |id| (present(deps.store.head(site, &id).await), id);
    let calls: Vec<_> = ids.into_iter().map(head).collect();
    stream::iter(calls).buffer_unordered(AT_A_TIME).map(|(found, id)| (id, found)).collect().await
}

/// Everything about a usage that can be judged without its price.
fn admit_dated<'a>(
    heads: &'a Heads,
    site: &Site,
    now: Timestamp,
    usage: Posted,
) -> Result<(&'a SubscriptionId, ItemPriceId, RecordKey, Content), Problem> {
    let found = heads.get(&usage.subscription_id).ok_or_else(unanswered)?;
    let subscription = &found.as_ref().map_err(Problem::clone)?.subscription;
    let price = usage.item_price_id.clone();
    let (key, content) = usage.dated(local_zone(site, subscription))?;
    admit::date(key.date, now)?;
    Ok((&subscription.id, price, key, content))
}

/// Records the usages of one price of one subscription.
async fn record_group(
    deps: &Deps,
    site: &Site,
    head: &Head,
    price: ItemPriceId,
    group: Vec<Admitted>,
    now: Timestamp,
) -> Vec<(usize, Answer)> {
    let subscription = match admitted(deps, site, head, &price, &group).await {
        Ok(subscription) => subscription,
        Err(problem) => return group.into_iter().map(|usage| (usage.index, Err(problem.clone()))).collect(),
    };
    let subscription = subscription.as_ref();
    let (mut indexes, mut records, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for usage in group {
        match admit::content(subscription, &price, &usage.content) {
            Ok(()) => {
                indexes.push(usage.index);
                records.push((usage.key, usage.content));
            }
            Err(problem) => done.push((usage.index, Err(problem))),
        }
    }
    let outcomes = deps.store.record(site, subscription, &price, records, now).await;
    let mut faults = BTreeMap::new();
    done.extend(
        indexes.into_iter().zip(outcomes.into_iter().map(|outcome| answer(subscription, outcome, &mut faults))),
    );
    done
}

/// The subscription by which the usages are recorded: the remembered one as long as it lets all of them in and bills
/// them, since what it would refuse may be welcome by now.
async fn admitted(
    deps: &Deps,
    site: &Site,
    head: &Head,
    price: &ItemPriceId,
    group: &[Admitted],
) -> Result<Arc<Subscription>, Problem> {
    let bills = |subscription: &Subscription| {
        let item = subscription.item(price).filter(|item| item.takes_usage());
        item.is_some_and(|item| group.iter().all(|usage| subscription.not_billable(item, usage.key.date).is_none()))
    };
    let rejects = head.subscription.late_usage.unwrap_or(site.late_usage) == LateUsage::Reject;
    let subscription = if head.remembered && (rejects || !bills(&head.subscription)) {
        present(deps.store.fresh_head(site, &head.subscription.id).await)?.subscription
    } else {
        Arc::clone(&head.subscription)
    };
    admit::price(deps, &site.id, &subscription, price).await?;
    Ok(subscription)
}

/// A subscription that is not there is the caller's problem.
fn present(found: Result<Option<Head>, StoreError>) -> Result<Head, Problem> {
    found.map_err(fault)?.ok_or_else(no_subscription)
}

/// `faults` holds the failures that are logged already: a throttled batch fails a thousand times for one reason.
fn answer(
    subscription: &Subscription,
    outcome: Result<Outcome, StoreError>,
    faults: &mut BTreeMap<bool, Problem>,
) -> Answer {
    count(&outcome);
    match outcome {
        Ok(Outcome::Recorded(found)) => Ok((201, usage_json(subscription, &found.record, found.late, None))),
        Ok(Outcome::Replayed(found)) => Ok((200, usage_json(subscription, &found.record, found.late, None))),
        Ok(Outcome::Conflicting(found)) => {
            let detail = "a usage with this date and id stands with other content; delete it first to correct it";
            Err(Problem::new(Kind::ConflictingUsage, detail).with("existing", shown(subscription, &found)))
        }
        Ok(Outcome::Deleted) => {
            let detail = "this very usage was deleted; a retry does not bring it back";
            Err(Problem::new(Kind::DeletedUsage, detail))
        }
        Ok(Outcome::TooLate) => Err(too_late()),
        Ok(Outcome::LimitReached) => {
            let limit = subscription.usage_limit.map_or(0, UsageLimit::get);
            let detail = format!("the subscription has as many usages as its usage_limit of {limit} allows");
            Err(Problem::new(Kind::UsageLimitReached, detail))
        }
        Err(error) => Err(faults.entry(error.is_temporary()).or_insert_with(|| fault(error)).clone()),
    }
}

fn count(outcome: &Result<Outcome, StoreError>) {
    match outcome {
        Ok(Outcome::Recorded(found)) if found.late => add(Metric::UsagesLate, 1),
        Ok(Outcome::Recorded(_)) => add(Metric::UsagesRecorded, 1),
        Ok(Outcome::Replayed(_)) => add(Metric::UsagesReplayed, 1),
        Ok(Outcome::Conflicting(_) | Outcome::Deleted) => add(Metric::UsagesConflicting, 1),
        // Counted with everything else that was refused.
        Ok(Outcome::TooLate | Outcome::LimitReached) | Err(_) => {}
    }
}

/// What was told to be wrong, conflicts left out, which are counted apart; what failed here is no refusal.
fn count_refused(answers: &[Answer]) {
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err()).filter(|problem| {
        problem.status() < 500 && !matches!(problem.kind(), Kind::ConflictingUsage | Kind::DeletedUsage)
    });
    add(Metric::UsagesRefused, u64::try_from(refused.count()).unwrap_or(u64::MAX));
}

/// What a place says that no answer reached; every place gets one.
pub fn unanswered() -> Problem {
    Problem::new(Kind::Internal, "the usage got no answer")
}
