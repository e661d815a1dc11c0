//! The usage limit: a counter that moves in the same transaction as the usage that it counts.
//!
//! `F` is how many more usages there may be. It is made with the first usage or change of the limit, so a subscription
//! without one has no such item and pays nothing for it.

use aws_sdk_dynamodb::types::TransactWriteItem;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage_rules::{LateUsage, UsageLimit};

use super::{Outcome, Pages, Pending, Step};
use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::page::Bound;
use crate::table::{Item, Table, Transacted, get_number, number};

/// What holds for new usage of a subscription.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub limit: Option<UsageLimit>,
    pub late: LateUsage,
    /// Whether the pages that were written last are remembered.
    pub remember: bool,
}

impl Rules {
    pub(super) fn of(site: &Site, subscription: &Subscription) -> Rules {
        Rules {
            limit: subscription.usage_limit,
            late: subscription.late_usage.unwrap_or(site.late_usage),
            // What a transaction wrote into a page it does not tell, so a page under a limit is looked at each time.
            remember: !site.is_test() && subscription.usage_limit.is_none(),
        }
    }
}

/// What becomes of the number of usages that stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// That many more.
    More(usize),
    /// One less.
    OneLess,
}

/// What became of a write that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is done.
    Done,
    /// Somebody else was there first.
    Lost,
    /// Nothing else stood against it, but there may not be that many usages.
    Full,
}

impl Pages<'_> {
    /// Writes together with the count of what they change, where the subscription has a limit.
    pub(super) async fn transact(
        &self,
        mut writes: Vec<TransactWriteItem>,
        change: Change,
    ) -> Result<Written, StoreError> {
        let counted = match self.rules.limit {
            Some(limit) => {
                // Behind the others: whoever looks at what refused them finds the page's answer first.
                writes.push(count(&self.store.table, &self.partition, limit, change)?);
                true
            }
            None => false,
        };
        Ok(match self.store.table.transact(writes).await? {
            Transacted::Done => Written::Done,
            Transacted::Refused(reasons) => match reasons.split_last() {
                Some((true, others)) if counted && !others.contains(&true) => Written::Full,
                _ => Written::Lost,
            },
        })
    }

    /// How many more usages there may be; `None` without a limit.
    ///
    /// None at all is read once more, settled: the deletion that frees one may be half visible, its page before the count,
    /// and whoever saw the page was told that the usage is deleted.
    pub(super) async fn free(&self) -> Result<Option<u64>, StoreError> {
        let Some(limit) = self.rules.limit else { return Ok(None) };
        let place = key::usage_limit(&self.partition);
        let free = match free(self.store.table.get(&place, true).await?, limit)? {
            0 => free(self.store.table.get_settled(&place).await?, limit)?,
            some => some,
        };
        Ok(Some(free))
    }

    /// Reads the page anew, and settles what it answers.
    pub(super) async fn look(
        &self,
        start: &Bound,
        pending: &[Pending],
        group: &[usize],
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let Some(page) = self.get(start).await? else { return Ok(Step::default()) };
        let settled = self.resolve(&page, pending, group, now).await?;
        Ok(Step { settled, seen: Some(page) })
    }

    /// Refuses what the page would take if there were no limit: a replay is still one.
    pub(super) async fn refuse_full(
        &self,
        start: &Bound,
        pending: &[Pending],
        group: &[usize],
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let mut step = self.look(start, pending, group, now).await?;
        let takes = |index: usize| {
            step.seen.as_ref().is_none_or(|page| page.sealed.is_none() && pending[index].bound() < page.end)
        };
        let open = |index: &usize| step.settled.iter().all(|(settled, _)| settled != index) && takes(*index);
        let refused: Vec<usize> = group.iter().copied().filter(open).collect();
        step.settled.extend(refused.into_iter().map(|index| (index, Outcome::LimitReached)));
        Ok(step)
    }
}

impl Store {
    /// The write that raises or lowers what is free, where a subscription's limit changes.
    pub(crate) fn change_limit(
        &self,
        partition: &str,
        before: &Subscription,
        after: &Subscription,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let (Some(old), Some(new)) = (before.usage_limit, after.usage_limit) else { return Ok(None) };
        if old == new {
            return Ok(None);
        }
        let more = i128::from(new.get()) - i128::from(old.get());
        let values = Item::from([(":old".into(), number(old.get())), (":more".into(), number(more))]);
        // With the item or without: both are states of a subscription that has a limit.
        let condition = "attribute_exists(F) OR attribute_not_exists(F)";
        let update = "SET F = if_not_exists(F, :old) + :more";
        self.table.update(&key::usage_limit(partition), update, condition, values).map(Some)
    }
}

/// As many records as there may be more usages.
pub(super) fn at_most(group: &[usize], free: Option<u64>) -> &[usize] {
    let most = free.map_or(usize::MAX, |free| usize::try_from(free).unwrap_or(usize::MAX));
    &group[..group.len().min(most)]
}

/// What the counter says; there is none before the first usage.
fn free(counter: Option<Item>, limit: UsageLimit) -> Result<u64, StoreError> {
    let free = counter.map(|item| get_number(&item, "F").ok_or(StoreError::Corrupt { what: "usage limit" }));
    let free: i64 = free.transpose()?.unwrap_or_else(|| i64::try_from(limit.get()).unwrap_or(i64::MAX));
    Ok(u64::try_from(free).unwrap_or(0))
}

fn count(table: &Table, partition: &str, limit: UsageLimit, change: Change) -> Result<TransactWriteItem, StoreError> {
    let key = key::usage_limit(partition);
    match change {
        Change::More(usages) => {
            let values = Item::from([(":limit".into(), number(limit.get())), (":usages".into(), number(usages))]);
            table.update(
                &key,
                "SET F = if_not_exists(F, :limit) - :usages",
                "attribute_not_exists(F) OR F >= :usages",
                values,
            )
        }
        Change::OneLess => {
            table.update(&key, "ADD F :one", "attribute_exists(F)", Item::from([(":one".into(), number(1))]))
        }
    }
}
