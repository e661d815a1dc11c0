//! The reference: one row a usage, everything under one lock, and the question whether some order of what everybody did
//! gives every answer that was given.
//!
//! Whoever began after another was answered comes after it; beyond that any order will do (linearizability, Herlihy and
//! Wing 1990). What was never answered may have happened at any time since, or not at all. Where nobody does anything at
//! the same time and nothing fails there is one order only, and every answer is compared exactly.

use std::collections::{BTreeMap, BTreeSet};

/// How many orders of the deeds to one usage are tried.
const MOST_ORDERS: usize = 500_000;

/// What names a usage: site, subscription, price, date and the caller's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// The site's number.
    pub site: usize,
    /// The subscription's number.
    pub subscription: usize,
    /// The price's number.
    pub price: usize,
    /// When it was used, in milliseconds.
    pub date: i64,
    /// The caller's own id.
    pub id: Option<&'static str>,
}

/// What a usage says: its quantity and its note.
pub type Content = (String, Option<String>);

/// A content and when it was recorded.
pub type Version = (Content, i64);

/// What somebody wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That the usage stands with this content.
    Record(Content),
    /// That this version of it does not.
    Delete(i64),
    /// To know what stands.
    Read,
}

/// What they were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It stands, and did not before.
    Recorded(i64),
    /// It stood already.
    Replayed(i64),
    /// Another one stands.
    Conflicting(Version),
    /// This content was deleted.
    WasDeleted,
    /// The version does not stand any more.
    Deleted,
    /// The version never stood.
    NotFound,
    /// It was refused by a rule that is not about the usage itself.
    Refused,
    /// It was refused since there are as many usages as there may be.
    Full,
    /// What stands.
    Stands(Option<Version>),
    /// Nothing, or that it failed.
    Nothing,
}

/// One thing that somebody did.
#[derive(Clone, Debug)]
pub struct Deed {
    /// When it began, in steps of the history.
    pub begun: usize,
    /// When it was answered.
    pub ended: usize,
    /// The clock when it began.
    pub now: i64,
    /// What was wanted.
    pub wish: Wish,
    /// What was told.
    pub told: Told,
    /// Whether what was recorded came after its period was sealed.
    pub late: bool,
    /// Whether the invocation may have had effects that nobody was told of.
    pub tainted: bool,
}

/// All that was done to every usage.
#[derive(Clone, Debug, Default)]
pub struct Book {
    deeds: BTreeMap<UsageKey, Vec<Deed>>,
}

/// One row, as it is between two deeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    stands: Option<Version>,
    deleted: Vec<Version>,
}

impl Row {
    /// What the deed leaves, where its answer is the one that the row gives.
    fn after(&self, deed: &Deed) -> Option<Row> {
        match (&deed.wish, &deed.told) {
            (_, Told::Refused | Told::Full) => Some(self.clone()),
            (Wish::Read, Told::Stands(seen)) => (self.stands == *seen).then(|| self.clone()),
            (Wish::Record(content), told) => {
                let (row, answer) = self.record(content, deed.now);
                (*told == Told::Nothing || *told == answer).then_some(row)
            }
            (Wish::Delete(version), told) => {
                let (row, answer) = self.delete(*version);
                (*told == Told::Nothing || *told == answer).then_some(row)
            }
            (Wish::Read, _) => None,
        }
    }

    fn record(&self, content: &Content, now: i64) -> (Row, Told) {
        match &self.stands {
            Some((standing, version)) if standing == content => (self.clone(), Told::Replayed(*version)),
            Some(standing) => (self.clone(), Told::Conflicting(standing.clone())),
            None if self.deleted.iter().any(|(deleted, _)| deleted == content) => (self.clone(), Told::WasDeleted),
            None => {
                let latest = self.deleted.iter().map(|(_, version)| version + 1).max();
                let version = latest.map_or(now, |latest| latest.max(now));
                let row = Row { stands: Some((content.clone(), version)), deleted: self.deleted.clone() };
                (row, Told::Recorded(version))
            }
        }
    }

    fn delete(&self, version: i64) -> (Row, Told) {
        if self.deleted.iter().any(|(_, deleted)| *deleted == version) {
            return (self.clone(), Told::Deleted);
        }
        match &self.stands {
            Some(standing) if standing.1 == version => {
                let mut deleted = self.deleted.clone();
                deleted.push(standing.clone());
                (Row { stands: None, deleted }, Told::Deleted)
            }
            _ => (self.clone(), Told::NotFound),
        }
    }
}

impl Book {
    /// Enters a deed.
    pub fn enter(&mut self, key: &UsageKey, deed: Deed) {
        let deeds = self.deeds.entry(key.clone()).or_default();
        if deed.tainted && matches!(deed.wish, Wish::Record(_)) && deed.told != Told::Nothing {
            // An attempt that nobody was told of may have had its effect before the one that was answered.
            deeds.push(Deed { ended: usize::MAX, told: Told::Nothing, ..deed.clone() });
        }
        deeds.push(deed);
    }

    /// Every usage that somebody did anything to.
    pub fn keys(&self) -> impl Iterator<Item = &UsageKey> {
        self.deeds.keys()
    }

    /// What was done to a usage.
    pub fn deeds(&self, key: &UsageKey) -> &[Deed] {
        self.deeds.get(key).map_or(&[], Vec::as_slice)
    }

    /// Looks for an order of the deeds of a usage that gives every answer.
    ///
    /// # Errors
    /// Where there is none.
    pub fn check(&self, key: &UsageKey) -> Result<(), String> {
        let deeds = self.deeds(key);
        let mut seen = BTreeSet::new();
        let mut open = vec![(vec![false; deeds.len()], Row::default())];
        while let Some((done, row)) = open.pop() {
            if seen.len() > MOST_ORDERS {
                return Err(format!("more orders than can be tried of the {} deeds about {key:?}", deeds.len()));
            }
            if done.iter().zip(deeds).all(|(done, deed)| *done || deed.told == Told::Nothing) {
                return Ok(());
            }
            let first_end = deeds.iter().zip(&done).filter(|(_, done)| !**done).map(|(deed, _)| ended(deed)).min();
            let mut next = Vec::new();
            for (n, deed) in deeds.iter().enumerate() {
                if done[n] || first_end.is_some_and(|end| end < deed.begun) {
                    continue;
                }
                let Some(after) = row.after(deed) else { continue };
                let changes = after != row;
                // What changes nothing and fits now need not wait; what was never answered waits until it has an effect.
                if !changes && deed.told == Told::Nothing {
                    continue;
                }
                let mut with = done.clone();
                with[n] = true;
                if !changes {
                    next.clear();
                }
                next.push((with, after));
                if !changes {
                    break;
                }
            }
            open.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
        }
        let told: Vec<String> = deeds.iter().map(|deed| format!("  {deed:?}")).collect();
        Err(format!("no order of these gives every answer about {key:?}:\n{}", told.join("\n")))
    }
}

fn ended(deed: &Deed) -> usize {
    if deed.told == Told::Nothing { usize::MAX } else { deed.ended }
}
