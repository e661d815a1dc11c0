//! The usage limit: a counter that moves in the same transaction as the usage that it counts.
//!
//! `F` is how many more usages there may be. It is made with the first usage or change of the limit, so a subscription
//! without one has no such item and pays nothing for it.

use billing::id::SiteId;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{LateUsage, UsageLimit};

use super::{Outcome, Pages, Pending, Step};
use crate::changes::{Change, Changes, Committed};
use crate::error::StoreError;
use crate::key;
use crate::page::Bound;
use crate::table::{Item, get_number, number};

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
pub(super) enum Counted {
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
    /// Commits together with the count of the usages that it changes, where the subscription has a limit.
    pub(super) async fn commit(&self, mut changes: Changes<'_>, counted: Counted) -> Result<Written, StoreError> {
        let count = self.rules.limit.map(|limit| changes.count_usages(&self.partition, limit, counted)).transpose()?;
        Ok(match (changes.commit().await?, count) {
            (Committed::Done, _) => Written::Done,
            (Committed::Refused(refused), Some(count)) if !refused.by_another_than(count) => Written::Full,
            (Committed::Refused(_), _) => Written::Lost,
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

impl Changes<'_> {
    /// Raises or lowers how many more usages there may be, where a subscription's limit changes.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn change_usage_limit(
        &mut self,
        site: &SiteId,
        before: &Subscription,
        after: &Subscription,
    ) -> Result<(), StoreError> {
        let (Some(old), Some(new)) = (before.usage_limit, after.usage_limit) else { return Ok(()) };
        if old == new {
            return Ok(());
        }
        let more = i128::from(new.get()) - i128::from(old.get());
        let values = Item::from([(":old".into(), number(old.get())), (":more".into(), number(more))]);
        // With the item or without: both are states of a subscription that has a limit.
        let condition = "attribute_exists(F) OR attribute_not_exists(F)";
        let update = "SET F = if_not_exists(F, :old) + :more";
        let place = key::usage_limit(&key::subscription_partition(site, &after.id));
        self.update(&place, update, condition, values).map(drop)
    }

    /// Counts usages, on condition that there may be so many more.
    fn count_usages(&mut self, partition: &str, limit: UsageLimit, counted: Counted) -> Result<Change, StoreError> {
        let key = key::usage_limit(partition);
        match counted {
            Counted::More(usages) => {
                let values = Item::from([(":limit".into(), number(limit.get())), (":usages".into(), number(usages))]);
                let update = "SET F = if_not_exists(F, :limit) - :usages";
                self.update(&key, update, "attribute_not_exists(F) OR F >= :usages", values)
            }
            Counted::OneLess => {
                self.update(&key, "ADD F :one", "attribute_exists(F)", Item::from([(":one".into(), number(1))]))
            }
        }
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
