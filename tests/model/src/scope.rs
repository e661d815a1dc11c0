//! How large the world is that is explored: dates, periods, who takes part.

use std::ops::{Index, IndexMut};

use crate::cell::{Content, Key};

/// A place in time, and a bound between pages.
pub type Bound = u8;

/// How many bounds there are; the last period ends before the last one.
pub const BOUNDS: Bound = 8;

/// Where the first page of every price begins.
pub const ORIGIN: Bound = 0;

/// The dates of the record keys. The second one lies right on the end that the first period is moved to.
pub const DATES: By<Bound, 3> = By([2, 3, 5]);

/// How many record keys there are.
pub const KEYS: Key = 3;

/// Where the first period begins.
pub const FIRST_START: Bound = 1;

/// Where the two periods end as the subscription began.
pub const ENDS: By<Bound, 2> = By([4, 7]);

/// Where they end after the boundary was moved.
pub const MOVED_ENDS: By<Bound, 2> = By([3, 6]);

/// What is explored.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Its name, for those who run it.
    pub name: &'static str,
    /// The record keys that are written, and how many contents there are to each.
    pub keys: &'static [(Key, Content)],
    /// Whether usage is deleted.
    pub deletes: bool,
    /// Whether pages are laid out anew together with a write.
    pub rewrites: bool,
    /// Whether the first two keys are recorded in one update too.
    pub batches: bool,
    /// Writers that act on what they read at any time before, beside all those that act at once.
    pub hands: usize,
    /// How many periods are closed.
    pub periods: u8,
    /// How many closers run at once.
    pub closers: usize,
    /// Whether a boundary is moved in mid-period.
    pub moves: bool,
    /// What the reader reads; none where there is no reader.
    pub ranges: &'static [(Bound, Bound)],
    /// Whether the second content of a key has no price: an invoice with it in cannot be closed.
    pub unpriced: bool,
    /// The usage limit, where the subscription has one.
    pub limit: Option<i8>,
    /// How many transactions are under way at once, one or two.
    pub flights: usize,
    /// Whether an item can be written as soon as it is visible, before the rest of its transaction is.
    pub unlocks_early: bool,
}

/// Nobody, on nothing.
const EMPTY: Scope = Scope {
    name: "empty",
    keys: &[],
    deletes: false,
    rewrites: false,
    batches: false,
    hands: 0,
    periods: 0,
    closers: 0,
    moves: false,
    ranges: &[],
    unpriced: false,
    limit: None,
    flights: 1,
    unlocks_early: false,
};

/// One thing for each bound or key, which are counted in bytes to keep states small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct By<T, const N: usize>(pub [T; N]);

impl<T, const N: usize> Index<u8> for By<T, N> {
    type Output = T;

    fn index(&self, at: u8) -> &T {
        &self.0[usize::from(at)]
    }
}

impl<T, const N: usize> IndexMut<u8> for By<T, N> {
    fn index_mut(&mut self, at: u8) -> &mut T {
        &mut self.0[usize::from(at)]
    }
}

/// One thing for each bound.
pub type ByBound<T> = By<T, 8>;

/// One thing for each record key.
pub type ByKey<T> = By<T, 3>;

impl<T: Copy, const N: usize> By<T, N> {
    /// The same for all.
    pub const fn all(value: T) -> By<T, N> {
        By([value; N])
    }

    /// What there is, with what it belongs to.
    pub fn each(&self) -> impl Iterator<Item = (u8, T)> + '_ {
        (0..).zip(self.0.iter().copied())
    }
}

/// The scopes that are explored to exhaustion with every test run.
pub const SMALL: [Scope; 8] = [
    Scope { name: "writers", keys: &[(0, 2), (1, 1)], deletes: true, rewrites: true, batches: true, hands: 2, ..EMPTY },
    Scope { name: "late", keys: &[(0, 2)], deletes: true, rewrites: true, hands: 2, periods: 1, closers: 1, ..EMPTY },
    Scope {
        name: "late-readers",
        keys: &[(0, 2)],
        deletes: true,
        rewrites: true,
        periods: 1,
        closers: 2,
        ranges: &[(1, 4)],
        ..EMPTY
    },
    Scope {
        name: "boundaries",
        keys: &[(1, 1), (2, 1)],
        deletes: true,
        rewrites: true,
        batches: true,
        periods: 2,
        closers: 1,
        moves: true,
        ..EMPTY
    },
    Scope { name: "closers", keys: &[(0, 1), (2, 1)], rewrites: true, periods: 2, closers: 2, moves: true, ..EMPTY },
    Scope {
        name: "readers",
        keys: &[(0, 1), (1, 1)],
        deletes: true,
        rewrites: true,
        periods: 1,
        closers: 1,
        ranges: &[(1, 4), (3, 7)],
        ..EMPTY
    },
    Scope { name: "unpriced", keys: &[(0, 2), (1, 1)], deletes: true, periods: 1, closers: 2, unpriced: true, ..EMPTY },
    Scope {
        name: "limit",
        keys: &[(0, 1), (1, 1)],
        deletes: true,
        rewrites: true,
        hands: 1,
        periods: 1,
        closers: 1,
        limit: Some(1),
        ..EMPTY
    },
];

/// The scopes that take minutes.
pub const LARGE: [Scope; 6] = [
    Scope { name: "writers-large", keys: &[(0, 2), (1, 2)], deletes: true, rewrites: true, hands: 2, ..EMPTY },
    Scope {
        name: "late-large",
        keys: &[(0, 2)],
        deletes: true,
        rewrites: true,
        hands: 1,
        periods: 1,
        closers: 2,
        ranges: &[(1, 4)],
        ..EMPTY
    },
    Scope {
        name: "closers-large",
        keys: &[(0, 1), (2, 1)],
        deletes: true,
        rewrites: true,
        periods: 2,
        closers: 2,
        moves: true,
        ..EMPTY
    },
    Scope {
        name: "boundaries-large",
        keys: &[(0, 1), (1, 1), (2, 1)],
        rewrites: true,
        hands: 1,
        periods: 2,
        closers: 1,
        moves: true,
        ..EMPTY
    },
    Scope {
        name: "flights-large",
        keys: &[(0, 1), (1, 1), (2, 1)],
        rewrites: true,
        periods: 1,
        closers: 1,
        ranges: &[(1, 7)],
        flights: 2,
        ..EMPTY
    },
    Scope {
        name: "readers-large",
        keys: &[(0, 1), (1, 1), (2, 1)],
        rewrites: true,
        periods: 2,
        closers: 1,
        ranges: &[(1, 7)],
        ..EMPTY
    },
];
