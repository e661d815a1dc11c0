//! Recording usage: which page a record goes to, and what the page says.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use billing::id::{ItemPriceId, SiteId, SubscriptionId};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{Content, RecordKey, UsageRecord};
use futures_util::{StreamExt, stream};

use crate::Store;
use crate::changes::Changes;
use crate::error::StoreError;
use crate::key;
use crate::page::cell::{Cell, Version};
use crate::page::{
    Answer, Bound, CellAnswer, Draft, FULL_PAGE_BYTES, Page, TRANSACTION_PAGES, UPDATE_RECORDS, at_once,
    attribute_name, cell_bytes, lay_out,
};
use crate::retry::Attempts;
use crate::table::{Ask, Item, Sent, keyed, number, text};

mod chain;
mod delete;
mod exchange;
mod late;
mod limit;
mod list;
mod memory;
mod read;
mod seal;
mod share;
mod stored;

pub use delete::Deletion;
use limit::{Counted, Rules, Written, at_most};
pub use list::{UsageRange, Usages};
pub(crate) use memory::RecentPages;
pub use read::Reading;
use share::{Share, first_of_each_key};

/// One record that stands, and whether it came after its period was sealed.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The record.
    pub record: UsageRecord,
    /// Whether it waits beside the pages, because it came too late for them.
    pub late: bool,
}

/// What became of a record.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It stands, and did not before.
    Recorded(Standing),
    /// The same was there already.
    Replayed(Standing),
    /// Another content stands under its key.
    Conflicting(Standing),
    /// This very content was deleted before, and a late retry does not bring it back.
    Deleted,
    /// Its period is closed, and late usage is refused.
    TooLate,
    /// The subscription has as many usages as it may have.
    LimitReached,
}

/// The pages of one item price of one subscription.
#[derive(Clone, Debug)]
pub(crate) struct Pages<'a> {
    pub store: &'a Store,
    pub partition: String,
    pub price: &'a ItemPriceId,
    /// What holds for new usage; whoever only reads or seals has no use for it.
    pub rules: Rules,
}

/// Where a record goes: a page, or the place where one is missing.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    start: Bound,
    page: Option<Page>,
}

/// A record on its way.
struct Pending {
    key: RecordKey,
    content: Content,
    outcome: Option<Result<Outcome, StoreError>>,
}

impl Pending {
    fn bound(&self) -> Bound {
        Bound::of(&self.key)
    }
}

/// What writing a share brought: the records that have their outcome, and the page where it was refused.
#[derive(Default)]
struct Step {
    settled: Vec<(usize, Outcome)>,
    seen: Option<Page>,
}

/// How many pages are written at once.
const CONCURRENT: usize = 16;

impl Store {
    /// Records usage of one item price, in any number; the answer says of each, in order, what became of it.
    ///
    /// The same key twice in one call is judged in order: the first is recorded, a second is replayed or conflicting.
    pub async fn record(
        &self,
        site: &Site,
        subscription: &Subscription,
        price: &ItemPriceId,
        records: Vec<(RecordKey, Content)>,
        now: Timestamp,
    ) -> Vec<Result<Outcome, StoreError>> {
        let pages = self.ruled_pages(site, subscription, price);
        let mut pending: Vec<Pending> =
            records.into_iter().map(|(key, content)| Pending { key, content, outcome: None }).collect();
        let mut attempts = Attempts::default();
        // A page that a refusal just showed; it spares the next round a look-up.
        let mut seen: Option<Page> = None;
        loop {
            let round = first_of_each_key(&pending);
            if round.is_empty() {
                break;
            }
            let shares = match seen.take() {
                Some(page) if page.contains(&pending[round[0]].bound()) => {
                    Ok(vec![Share::of_page(&page, &pending, &round)])
                }
                _ => match pages.remembered_share(&pending, &round).filter(|_| !attempts.any()) {
                    Some(share) => Ok(vec![share]),
                    None => pages.share_out(subscription, &pending, &round, attempts.any()).await,
                },
            };
            let steps = match shares {
                Ok(shares) => pages.write_shares(shares, &pending, now).await,
                Err(error) => vec![Err(error)],
            };
            let (mut settled, mut failed) = (0, None);
            let alone = steps.len() == 1;
            for step in steps {
                match step {
                    Ok(step) => {
                        settled += step.settled.len();
                        seen = step.seen.filter(|_| alone);
                        for (index, outcome) in step.settled {
                            pending[index].outcome = Some(Ok(outcome));
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            }
            let again = match failed {
                Some(error) => attempts.after(error).await,
                // Progress starts the count anew; standing still does not.
                None if settled > 0 => {
                    attempts = Attempts::default();
                    Ok(())
                }
                None => attempts.again().await,
            };
            if let Err(error) = again {
                fail_open(&mut pending, &error);
            }
        }
        pending.into_iter().map(|record| record.outcome.unwrap_or(Err(StoreError::Contended))).collect()
    }

    pub(crate) fn pages<'a>(
        &'a self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &'a ItemPriceId,
    ) -> Pages<'a> {
        let partition = key::subscription_partition(site, subscription);
        Pages { store: self, partition, price, rules: Rules::default() }
    }

    /// The pages with the rules that hold for what is written into them.
    fn ruled_pages<'a>(&'a self, site: &Site, subscription: &Subscription, price: &'a ItemPriceId) -> Pages<'a> {
        Pages { rules: Rules::of(site, subscription), ..self.pages(&site.id, &subscription.id, price) }
    }
}

/// What was recorded stays recorded; only the open ones fail, all for the same reason.
fn fail_open(pending: &mut [Pending], error: &StoreError) {
    for record in pending.iter_mut().filter(|record| record.outcome.is_none()) {
        record.outcome = Some(Err(error.repeated()));
    }
}

impl Pages<'_> {
    /// The page that holds the bound, or the place where it is missing: where an existing page ends, or the origin.
    pub(crate) async fn locate(&self, bound: &Bound, consistent: bool) -> Result<Slot, StoreError> {
        let prefix = key::pages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: prefix.clone(),
            to: format!("{prefix}{bound}"),
            backward: true,
            consistent,
            limit: Some(1),
            ..Ask::default()
        };
        let last = self.store.table.query_once(&ask, None).await?.0.pop();
        match last.map(|item| self.parse(&item)).transpose()? {
            None => Ok(Slot { start: Bound::origin(), page: None }),
            Some(page) if *bound < page.end => Ok(Slot { start: page.start.clone(), page: Some(page) }),
            Some(page) => Ok(Slot { start: page.end, page: None }),
        }
    }

    /// Reads one page, strongly.
    async fn get(&self, start: &Bound) -> Result<Option<Page>, StoreError> {
        let item = self.store.table.get(&key::page(&self.partition, self.price, start), true).await?;
        item.map(|item| self.parse(&item)).transpose()
    }

    async fn write_shares(
        &self,
        shares: Vec<Share>,
        pending: &[Pending],
        now: Timestamp,
    ) -> Vec<Result<Step, StoreError>> {
        let writes: Vec<_> = shares.into_iter().map(|share| self.write_share(share, pending, now)).collect();
        // With a limit every write goes through the one counter, where several at once would only collide.
        let at_once = if self.rules.limit.is_some() { 1 } else { CONCURRENT };
        stream::iter(writes).buffer_unordered(at_once).collect().await
    }

    /// Writes records into their page: an update where they fit, a new layout where they do not.
    async fn write_share(
        &self,
        Share { start, end, written, group }: Share,
        pending: &[Pending],
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let additions: usize = group
            .iter()
            .map(|&i| cell_bytes(&start, &pending[i].key, &Cell::new(pending[i].content.clone(), now)))
            .sum();
        if group.len() <= UPDATE_RECORDS && self.has_room(&start, &end, written, additions) {
            self.update(&start, &end, pending, &group, now).await
        } else {
            self.rewrite(&start, &end, pending, &group, now).await
        }
    }

    /// Adds records to a page that has room for them, or creates it: one write unit, one round trip.
    async fn update(
        &self,
        start: &Bound,
        end: &Bound,
        pending: &[Pending],
        group: &[usize],
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let free = self.free().await?;
        if free == Some(0) {
            return self.refuse_full(start, pending, group, now).await;
        }
        let group = at_most(group, free);
        let key = key::page(&self.partition, self.price, start);
        let mut names = HashMap::from([("#end".to_owned(), "E".to_owned())]);
        let mut values = Item::from([(":end".to_owned(), text(end.as_str()))]);
        let (mut sets, mut conditions, mut bytes) = (String::new(), String::new(), 0);
        for (n, &index) in group.iter().enumerate() {
            let record = &pending[index];
            let name = attribute_name(start, &record.key);
            let value = Cell::new(record.content.clone(), now).encode(record.key.date);
            bytes += name.len() + value.len();
            names.insert(format!("#r{n}"), name);
            values.insert(format!(":r{n}"), text(value));
            sets.push_str(&format!("#r{n} = :r{n}, "));
            conditions.push_str(&format!("attribute_not_exists(#r{n}) AND "));
        }
        let last = group.last().map(|&index| Bound::of(&pending[index].key)).unwrap_or_else(Bound::origin);
        values.insert(":last".to_owned(), text(last.as_str()));
        values.insert(":bytes".to_owned(), number(bytes));
        let update = format!("SET {sets}#end = if_not_exists(#end, :end) ADD B :bytes");
        let condition = format!("{conditions}attribute_not_exists(S) AND (attribute_not_exists(#end) OR #end > :last)");
        if free.is_some() {
            let mut changes = self.store.changes();
            changes.update_named(&key, &update, &condition, names, values)?;
            return match self.commit(changes, Counted::More(group.len())).await? {
                Written::Done => Ok(Step { settled: self.recorded(pending, group, now), seen: None }),
                Written::Lost => self.look(start, pending, group, now).await,
                Written::Full => Ok(Step::default()),
            };
        }
        let update = self
            .store
            .table
            .client
            .update_item()
            .set_key(Some(keyed(&key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = self.store.table.send_update(update).await?;
        if matches!(sent, Sent::Refused(_)) {
            self.forget_pages();
        }
        match sent {
            Sent::Done(updated) => {
                self.remember(start, updated.as_ref());
                Ok(Step { settled: self.recorded(pending, group, now), seen: None })
            }
            Sent::Refused(Some(item)) => {
                let page = self.parse(&item)?;
                let settled = self.resolve(&page, pending, group, now).await?;
                Ok(Step { settled, seen: Some(page) })
            }
            // An engine that gives no picture with its refusal: look again.
            Sent::Refused(None) => Ok(Step::default()),
        }
    }

    /// Lays a page out anew together with more records than fit into it, in one transaction on condition that nobody
    /// wrote to it meanwhile.
    async fn rewrite(
        &self,
        start: &Bound,
        end: &Bound,
        pending: &[Pending],
        group: &[usize],
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        // Before the page: a record that is not in it then was not counted when there was no room.
        let free = self.free().await?;
        let page = self.get(start).await?;
        let mut settled = match &page {
            Some(page) => self.resolve(page, pending, group, now).await?,
            None => Vec::new(),
        };
        // A correction changed the page: it is not as it was read, and what has been done is told first.
        let corrected = settled.iter().any(|(_, outcome)| matches!(outcome, Outcome::Recorded(_)));
        if corrected || page.as_ref().is_some_and(|page| page.sealed.is_some()) {
            return Ok(Step { settled, seen: None });
        }
        let end = page.as_ref().map_or(end, |page| &page.end);
        let open: Vec<usize> = group
            .iter()
            .copied()
            .filter(|index| settled.iter().all(|(done, _)| done != index) && pending[*index].bound() < *end)
            .collect();
        let present = page.as_ref().map(|page| page.cells.clone()).unwrap_or_default();
        let worn = page.as_ref().is_some_and(Page::is_worn);
        if free == Some(0) {
            settled.extend(open.into_iter().map(|index| (index, Outcome::LimitReached)));
            return Ok(Step { settled, seen: None });
        }
        let mut taken = at_most(&open, free).len();
        let drafts = loop {
            let additions = open[..taken]
                .iter()
                .filter(|&&index| !present.contains_key(&pending[index].key))
                .map(|&index| (pending[index].key.clone(), Cell::new(pending[index].content.clone(), now)))
                .collect();
            let drafts = lay_out(start, end, &present, &additions, self.overhead(), worn);
            if drafts.len() <= TRANSACTION_PAGES || taken == 0 {
                break drafts;
            }
            taken /= 2;
        };
        self.forget_pages();
        if taken > 0 {
            let written: Vec<usize> =
                open[..taken].iter().copied().filter(|&index| !present.contains_key(&pending[index].key)).collect();
            let mut changes = self.store.changes();
            self.replace(&mut changes, page.as_ref(), &drafts)?;
            if self.commit(changes, Counted::More(written.len())).await? == Written::Done {
                self.remember_last(&drafts);
                settled.extend(self.recorded(pending, &written, now));
            }
        } else if let Some(page) = page.filter(|_| !open.is_empty()) {
            // The page alone is more than one transaction lays out: it is cut down first.
            self.split(&page, &at_once(drafts)).await?;
        }
        Ok(Step { settled, seen: None })
    }

    /// Cuts a page in two; `false` where somebody else was there first.
    async fn split(&self, page: &Page, drafts: &[Draft]) -> Result<bool, StoreError> {
        let mut changes = self.store.changes();
        self.replace(&mut changes, Some(page), drafts)?;
        Ok(changes.commit().await?.is_done())
    }

    /// Puts pages in the place of one, on condition that it is as it was read, open, and that the others do not exist.
    fn replace(&self, changes: &mut Changes, before: Option<&Page>, drafts: &[Draft]) -> Result<(), StoreError> {
        for (n, draft) in drafts.iter().enumerate() {
            let mut item = self.item(draft, None);
            if let Some(page) = before.filter(|page| n == 0 && page.end == draft.end) {
                // With its end, the written bytes are a page's version: they fall only where the end moves.
                let written = u64::try_from(draft.bytes()).unwrap_or(u64::MAX).max(page.bytes.saturating_add(1));
                item.insert("B".into(), number(written));
            }
            match before.filter(|_| n == 0) {
                Some(page) => changes.put(
                    item,
                    "E = :end AND B = :bytes AND attribute_not_exists(S)",
                    Item::from([(":end".into(), text(page.end.as_str())), (":bytes".into(), number(page.bytes))]),
                )?,
                None => changes.put_new(item)?,
            };
        }
        Ok(())
    }

    /// The outcome that the page, just read, has for each record; a record that could stand has none yet.
    async fn resolve(
        &self,
        page: &Page,
        pending: &[Pending],
        group: &[usize],
        now: Timestamp,
    ) -> Result<Vec<(usize, Outcome)>, StoreError> {
        let mut settled = Vec::new();
        for &index in group {
            let record = &pending[index];
            let outcome = match page.answer(&record.key, &record.content) {
                Answer::MoveRight => Ok(None),
                Answer::Sealed(cell) => self.record_late(record, cell, now).await,
                Answer::Open(CellAnswer::Correct { old }) => self.correct(page, record, &old, now).await,
                Answer::Open(answer) => Ok(self.settled(&record.key, answer, false)),
            };
            match outcome {
                Ok(outcome) => settled.extend(outcome.map(|outcome| (index, outcome))),
                // Late rows and corrections are written one by one: those that are say so, and the rest is tried again.
                Err(_) if !settled.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(settled)
    }

    /// The outcome that a cell decides by itself; `None` where the record may be written.
    fn settled(&self, key: &RecordKey, answer: CellAnswer, late: bool) -> Option<Outcome> {
        match answer {
            CellAnswer::Free | CellAnswer::Correct { .. } => None,
            CellAnswer::Replayed(version) => Some(Outcome::Replayed(self.standing(key, version, late))),
            CellAnswer::Conflicting(version) => Some(Outcome::Conflicting(self.standing(key, version, late))),
            CellAnswer::WasDeleted => Some(Outcome::Deleted),
        }
    }

    /// The outcome of records that were just written.
    fn recorded(&self, pending: &[Pending], group: &[usize], now: Timestamp) -> Vec<(usize, Outcome)> {
        let standing = |record: &Pending| {
            let version = Version { content: record.content.clone(), updated_at: now };
            self.standing(&record.key, version, false)
        };
        group.iter().map(|&index| (index, Outcome::Recorded(standing(&pending[index])))).collect()
    }

    pub(crate) fn standing(&self, key: &RecordKey, version: Version, late: bool) -> Standing {
        let record = UsageRecord {
            item_price_id: self.price.clone(),
            key: key.clone(),
            content: version.content,
            updated_at: version.updated_at,
        };
        Standing { record, late }
    }

    /// Whether a page, `written` bytes of which count already, takes that many more.
    fn has_room(&self, start: &Bound, end: &Bound, written: u64, additions: usize) -> bool {
        let empty = Draft { start: start.clone(), end: end.clone(), cells: BTreeMap::new() };
        let written = usize::try_from(written).unwrap_or(usize::MAX);
        self.overhead() + empty.bookkeeping() + additions <= FULL_PAGE_BYTES.saturating_sub(written)
    }

    /// The bytes that partition and price take in each page's key, with the names of both keys.
    fn overhead(&self) -> usize {
        "PK".len() + self.partition.len() + "SK".len() + key::pages(self.price).len()
    }
}
