//! The table as DynamoDB keeps it: single writes at once, a transaction's items visible one by one.

use crate::cell::{Cell, Content, Key};
use crate::page::Page;
use crate::scope::{Bound, By, ByBound, ByKey, DATES, ENDS, FIRST_START, ORIGIN, Scope};

/// The subscription's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The number of the current period; as many as there are periods where all have ended.
    pub current: u8,
    /// Where the periods end.
    pub ends: By<Bound, 2>,
}

impl Head {
    /// Where a period begins and ends.
    pub(crate) fn period(&self, number: u8) -> (Bound, Bound) {
        let start = if number == 0 { FIRST_START } else { self.ends[number - 1] };
        (start, self.ends[number])
    }
}

/// What stands under each key in what was sealed: 0, a content, or `TWICE`.
pub type Input = ByKey<u8>;

/// A record that was met in two pages.
pub const TWICE: u8 = 9;

/// An invoice, pending or frozen with its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Invoice {
    /// Where its period begins.
    pub from: Bound,
    /// Where its period ends.
    pub to: Bound,
    /// The records that it was rated from.
    pub frozen: Option<Input>,
}

/// What each item of the subscription's partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Items {
    /// By start.
    pub pages: ByBound<Option<Page>>,
    /// Late usage, by key.
    pub late: ByKey<Option<Cell>>,
    /// The head.
    pub head: Head,
    /// By number of the ended period.
    pub invoices: By<Option<Invoice>, 2>,
    /// How many more usages there may be, where there is a limit.
    pub free: Option<i8>,
}

/// The name of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Page(Bound),
    Late(Key),
    Head,
    Invoice(u8),
    Free,
}

/// One item as it is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// A page and its start.
    Page(Bound, Page),
    /// A late row.
    Late(Key, Cell),
    /// The head.
    Head(Head),
    /// An invoice and its number.
    Invoice(u8, Invoice),
    /// The usage limit's count.
    Free(i8),
}

impl Write {
    pub(crate) fn place(&self) -> Place {
        match *self {
            Write::Page(start, _) => Place::Page(start),
            Write::Late(key, _) => Place::Late(key),
            Write::Head(_) => Place::Head,
            Write::Invoice(number, _) => Place::Invoice(number),
            Write::Free(_) => Place::Free,
        }
    }
}

impl Items {
    fn put(&mut self, write: &Write) {
        match *write {
            Write::Page(start, page) => self.pages[start] = Some(page),
            Write::Late(key, cell) => self.late[key] = Some(cell),
            Write::Head(head) => self.head = head,
            Write::Invoice(number, invoice) => self.invoices[number] = Some(invoice),
            Write::Free(free) => self.free = Some(free),
        }
    }

    fn holds(&self, place: Place) -> bool {
        match place {
            Place::Page(start) => self.pages[start].is_some(),
            Place::Late(key) => self.late[key].is_some(),
            Place::Invoice(number) => self.invoices[number].is_some(),
            Place::Head | Place::Free => true,
        }
    }

    /// The page that holds the bound, or the place where it is missing.
    pub(crate) fn locate(&self, bound: Bound) -> (Bound, Option<Page>) {
        let last = (0..=bound).rev().find_map(|start| Some((start, self.pages[start]?)));
        match last {
            None => (ORIGIN, None),
            Some((start, page)) if bound < page.end => (start, Some(page)),
            Some((_, page)) => (page.end, None),
        }
    }

    /// The cell that stands for a key: its late row, or else what its page holds.
    pub(crate) fn cell(&self, key: Key) -> Option<Cell> {
        self.late[key].or_else(|| self.locate(DATES[key]).1.and_then(|page| page.cells[key]))
    }
}

/// A transaction that was accepted and is not wholly visible yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InFlight {
    /// Its writes.
    pub writes: [Option<Write>; 5],
    /// Which of them are visible, a bit each.
    pub visible: u8,
    /// The key whose record it changes, and what stood there before.
    pub before: Option<(Key, Option<Content>)>,
}

/// The items as a single strong read sees them, and what is on its way into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// What is visible.
    pub items: Items,
    /// The transactions under way.
    pub in_flight: [Option<InFlight>; 2],
    /// How many there may be at once.
    pub flights: usize,
    /// Whether an item can be written as soon as it is visible, before the rest of its transaction is.
    pub unlocks_early: bool,
}

impl Table {
    pub(crate) fn new(scope: &Scope) -> Table {
        let head = Head { current: 0, ends: ENDS };
        let items =
            Items { pages: By::all(None), late: By::all(None), head, invoices: By::all(None), free: scope.limit };
        Table { items, in_flight: [None; 2], flights: scope.flights, unlocks_early: scope.unlocks_early }
    }

    /// Whether a transaction is about to write the item: whoever touches it meets a conflict.
    pub(crate) fn busy(&self, place: Place) -> bool {
        let early = self.unlocks_early;
        self.in_flight.iter().flatten().any(|flight| {
            let mut writes = flight.writes.iter().enumerate();
            writes.any(|(n, write)| {
                write.is_some_and(|write| write.place() == place) && !(early && flight.visible & 1 << n != 0)
            })
        })
    }

    /// Whether the item exists, as `TransactGetItems` sees it; `None` for a conflict.
    pub(crate) fn get_settled(&self, place: Place) -> Option<bool> {
        (!self.busy(place)).then(|| self.items.holds(place))
    }

    /// Writes all or nothing; `false` for a conflict. One item is visible at once.
    pub(crate) fn transact(&mut self, writes: &[Write], before: Option<(Key, Option<Content>)>) -> bool {
        if writes.iter().any(|write| self.busy(write.place())) {
            return false;
        }
        if let [write] = writes {
            self.items.put(write);
            return true;
        }
        let Some(free) = self.in_flight.iter_mut().take(self.flights).find(|flight| flight.is_none()) else {
            return false;
        };
        let mut flight = InFlight { writes: [None; 5], visible: 0, before };
        for (slot, write) in flight.writes.iter_mut().zip(writes) {
            *slot = Some(*write);
        }
        *free = Some(flight);
        true
    }

    /// One more item of a transaction under way becomes visible.
    pub(crate) fn appear(&mut self, flight: usize, item: usize) -> bool {
        let under_way = &mut self.in_flight[flight];
        let Some(flight) = under_way else { return false };
        let Some(write) = flight.writes[item].filter(|_| flight.visible & 1 << item == 0) else { return false };
        flight.visible |= 1 << item;
        let all = flight.writes.iter().flatten().count() == usize::try_from(flight.visible.count_ones()).unwrap_or(0);
        self.items.put(&write);
        if all {
            *under_way = None;
        }
        true
    }

    /// The items once everything that was accepted is visible.
    pub(crate) fn settled(&self) -> Items {
        let mut items = self.items;
        for flight in self.in_flight.iter().flatten() {
            let hidden = flight.writes.iter().enumerate().filter(|(n, _)| flight.visible & 1 << n == 0);
            hidden.filter_map(|(_, write)| write.as_ref()).for_each(|write| items.put(write));
        }
        items
    }

    /// Makes everything visible that was accepted.
    pub(crate) fn settle(&mut self) {
        self.items = self.settled();
        self.in_flight = [None; 2];
    }
}
