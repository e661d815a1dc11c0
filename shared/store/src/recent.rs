//! What a warm function remembers for a minute: callers, heads, versions of prices, and the pages that were written last.
//!
//! Nothing is refused for what a remembered head or page says: whoever would refuse reads first. Keys and settings of a
//! site count within the minute. Test sites are never remembered, since their clocks move; a version of a price is, since
//! it never changes.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long something is remembered without being looked up.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How many things of one kind are remembered; beyond it what is old goes, or else everything.
const MOST: usize = 1_000;

/// Values that were right a moment ago; clones share them.
pub(crate) struct Recent<K, V>(Arc<Mutex<HashMap<K, (Instant, V)>>>);

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was remembered less than a minute ago.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let values = self.values();
        let (since, value) = values.get(key)?;
        (since.elapsed() < REMEMBERED).then(|| value.clone())
    }

    /// Remembers a value in the place of the one before.
    pub(crate) fn remember(&self, key: K, value: V) {
        let mut values = self.values();
        if values.len() >= MOST {
            values.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
            if values.len() >= MOST {
                values.clear();
            }
        }
        values.insert(key, (Instant::now(), value));
    }

    /// Forgets a value.
    pub(crate) fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.values().remove(key);
    }

    fn values(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent(Arc::default())
    }
}

impl<K, V> Clone for Recent<K, V> {
    fn clone(&self) -> Self {
        Recent(Arc::clone(&self.0))
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_remembers_the_same_and_nothing_is_remembered_beyond_measure() {
        let recent = Recent::<String, usize>::default();
        for n in 0..MOST {
            recent.remember(n.to_string(), n);
        }
        let clone = recent.clone();
        assert_eq!((clone.get("7"), clone.get("none")), (Some(7), None));

        recent.forget("7");
        recent.remember("a".into(), 1);
        recent.remember("b".into(), 2);

        assert_eq!((clone.get("7"), clone.get("a"), clone.get("b")), (None, None, Some(2)));
        assert!(clone.values().len() <= MOST);
    }
}
