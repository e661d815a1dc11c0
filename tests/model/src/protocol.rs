//! The whole state, everything that anyone may do in it, and the model that `stateright` explores.

use stateright::{Model, Property};

use crate::cell::{Content, Key};
use crate::closing::{Closer, Stage, Step};
use crate::mutation::Mutation;
use crate::page::{Layout, layouts};
use crate::read::Reading;
use crate::scope::{BOUNDS, Bound, By, DATES, ORIGIN, Scope};
use crate::table::{Head, Place, Table};
use crate::truth::{Truth, Wrong};
use crate::write::{Hand, Job};

/// The protocol in a scope, whole or weakened.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// What is explored.
    pub scope: Scope,
    /// What is left out of the protocol, if anything.
    pub mutation: Option<Mutation>,
}

/// Everything that is, and who is in the middle of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The table.
    pub table: Table,
    /// Writers between their read and their write.
    pub hands: [Option<Hand>; 2],
    /// Closers.
    pub closers: [Option<Closer>; 2],
    /// A reader.
    pub reader: Option<Reading>,
    /// What the callers were told.
    pub truth: Truth,
    /// What went wrong at a step.
    pub wrong: Option<Wrong>,
}

/// One step of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A record is added to the page that begins at `start`, whatever the writer knows of it.
    Update {
        /// The key.
        key: Key,
        /// The content.
        content: Content,
        /// Where the page begins.
        start: Bound,
        /// Where it ends, if it is missing.
        end: Bound,
    },
    /// The first two keys are added in one update.
    UpdateBoth {
        /// Where the page begins.
        start: Bound,
        /// Where it ends, if it is missing.
        end: Bound,
    },
    /// A writer reads and writes at once; with a layout, the page anew.
    Do(Job, Option<Layout>),
    /// A writer reads, to write later; the flag says whether the page anew.
    Take(usize, Job, bool),
    /// A writer writes what it holds, for the first time or again.
    Put(usize, Layout),
    /// One more item of a transaction under way becomes visible.
    Appear(usize, usize),
    /// A boundary is generated from this head.
    Generate(Head),
    /// The current period's end is moved, from this head.
    Move(Head),
    /// A closer's step.
    Close(usize, Step),
    /// A reader begins.
    Read(usize),
    /// The reader's next step.
    ReadOn,
}

impl State {
    /// While nobody has a page in hand, nobody can tell how `B` came to be: it is counted from what the page holds.
    fn forget_bytes(&mut self) {
        let held = |start: Bound| {
            let in_hand = self.hands.iter().flatten();
            let mut rewritten = in_hand.filter(|hand| matches!(hand, Hand::Rewrite { start: at, .. } if *at == start));
            let mut cut =
                self.closers.iter().flatten().filter(|closer| matches!(closer.stage, Stage::Cut(at, _) if at == start));
            rewritten.next().is_some() || cut.next().is_some() || self.table.busy(Place::Page(start))
        };
        let mut pages = self.table.items.pages;
        for start in 0..BOUNDS {
            if let Some(page) = pages[start].as_mut().filter(|_| !held(start)) {
                page.bytes = page.cell_bytes();
            }
        }
        self.table.items.pages = pages;
    }
}

impl Protocol {
    /// Whether the protocol is weakened in this way.
    pub(crate) fn drops(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Where a new page for a key may end, by every head that somebody may know: with its billing period.
    pub(crate) fn ends(&self, state: &State, key: Key) -> Vec<Bound> {
        let period_end = |ends: By<Bound, 2>| ends.0.into_iter().find(|end| DATES[key] < *end);
        let mut ends: Vec<Bound> =
            [crate::scope::ENDS, state.table.settled().head.ends].into_iter().filter_map(period_end).collect();
        ends.dedup();
        ends
    }

    /// Every slot for a key that `locate` gives or ever gave: the origin, where a page begins, where one ends.
    fn slots(&self, state: &State, key: Key) -> Vec<Bound> {
        let pages = &state.table.items.pages;
        let period = state.table.items.head.ends[0];
        let ends = |bound: Bound| pages.0.iter().flatten().any(|page| page.end == bound);
        let made_up = |bound: Bound| self.drops(Mutation::PageBeginsAtPeriod) && bound == period;
        (ORIGIN..=DATES[key])
            .filter(|&bound| bound == ORIGIN || pages[bound].is_some() || ends(bound) || made_up(bound))
            .collect()
    }

    fn writers(&self, state: &State, actions: &mut Vec<Action>) {
        for &(key, contents) in self.scope.keys {
            for content in 1..=contents {
                for start in self.slots(state, key) {
                    let page = state.table.items.pages[start];
                    let ends = if page.is_some() { vec![DATES[key]] } else { self.ends(state, key) };
                    for end in ends {
                        actions.push(Action::Update { key, content, start, end });
                        self.job(state, Job::Record { key, content, start, end }, actions);
                    }
                }
                if self.scope.deletes {
                    self.job(state, Job::Delete { key, content }, actions);
                }
            }
        }
        if let (true, &[(first, _), (last, _), ..]) = (self.scope.batches, self.scope.keys) {
            for start in self.slots(state, first) {
                let exists = state.table.items.pages[start].is_some();
                let ends = self.ends(state, first).into_iter();
                // A page that is made takes of a round what lies before its end.
                let ends = ends.filter(|end| exists || DATES[last] < *end);
                actions.extend(ends.map(|end| Action::UpdateBoth { start, end }));
            }
        }
        for (hand, held) in state.hands.iter().enumerate() {
            match held {
                Some(Hand::Rewrite { start, page, .. }) => {
                    actions.extend(layouts(*start, page).into_iter().map(|layout| Action::Put(hand, layout)));
                }
                Some(_) => actions.push(Action::Put(hand, Layout::MIN)),
                None => {}
            }
        }
    }

    fn job(&self, state: &State, job: Job, actions: &mut Vec<Action>) {
        actions.push(Action::Do(job, None));
        actions.extend((0..self.scope.hands).map(|hand| Action::Take(hand, job, false)));
        if self.scope.rewrites {
            let hand = self.take(&mut state.clone(), job, true);
            if let Some(Hand::Rewrite { start, page, .. }) = hand {
                actions.extend(layouts(start, &page).into_iter().map(|layout| Action::Do(job, Some(layout))));
                actions.extend((0..self.scope.hands).map(|hand| Action::Take(hand, job, true)));
            }
        }
    }

    fn closers(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, closer) in state.closers.iter().take(self.scope.closers).enumerate() {
            match closer {
                None => actions.extend((0..self.scope.periods).map(|n| Action::Close(number, Step::Begin(n)))),
                Some(at) => {
                    actions.push(Action::Close(number, Step::Crash));
                    actions.push(Action::Close(number, Step::Go));
                    if at.stage == Stage::Seal {
                        let listed = (0..BOUNDS).filter(|start| at.listed & 1 << start != 0);
                        actions.extend(listed.map(|start| Action::Close(number, Step::SealPage(start))));
                    }
                }
            }
        }
    }

    fn apply(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Update { key, content, start, end } => self.update(state, key, content, start, end),
            Action::UpdateBoth { start, end } => match self.scope.keys {
                &[(first, _), (last, _), ..] => self.update_both(state, [first, last], start, end),
                _ => false,
            },
            Action::Do(job, layout) => {
                let hand = self.take(state, job, layout.is_some());
                hand.is_some_and(|hand| self.put(state, hand, layout.unwrap_or(0))) || state.wrong.is_some()
            }
            Action::Take(hand, job, anew) if state.hands[hand].is_none() => {
                let held = self.take(state, job, anew);
                state.hands[hand] = held;
                held.is_some()
            }
            Action::Take(..) => false,
            Action::Put(hand, layout) => {
                state.hands[hand].is_some_and(|held| self.put(state, held, layout)) || state.wrong.is_some()
            }
            Action::Appear(flight, item) => state.table.appear(flight, item),
            Action::Generate(head) => self.generate(state, head),
            Action::Move(head) => self.move_boundary(state, head),
            Action::Close(closer, step) => self.close(state, closer, step),
            Action::Read(range) => {
                state.reader = Some(Reading::new(range, self.scope.ranges[range].0));
                true
            }
            Action::ReadOn => self.read(state),
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let table = Table::new(&self.scope);
        vec![State { table, hands: [None; 2], closers: [None; 2], reader: None, truth: Truth::new(), wrong: None }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.wrong.is_some() {
            return;
        }
        self.writers(state, actions);
        for (number, flight) in state.table.in_flight.iter().enumerate() {
            let Some(flight) = flight else { continue };
            let open = (0..flight.writes.len()).filter(|&n| flight.writes[n].is_some() && flight.visible & 1 << n == 0);
            actions.extend(open.map(|item| Action::Appear(number, item)));
        }
        for head in self.heads(state) {
            actions.extend([Action::Generate(head), Action::Move(head)]);
        }
        self.closers(state, actions);
        match state.reader {
            None => actions.extend((0..self.scope.ranges.len()).map(Action::Read)),
            Some(_) => actions.push(Action::ReadOn),
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = *before;
        if !self.apply(&mut state, action) {
            return None;
        }
        state.judge_step(before);
        state.forget_bytes();
        // Closers are alike, and so are writers: who is who does not matter. Whoever is at work comes first.
        state.closers.sort_unstable_by(|a, b| b.cmp(a));
        state.hands.sort_unstable_by(|a, b| b.cmp(a));
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("no step and no answer is wrong", |model: &Protocol, state: &State| {
                state.wrong.is_none() || model.scope.unlocks_early && state.answers_from_before()
            }),
            Property::always("pages tile", |_, state: &State| state.pages_tile()),
            Property::always("what was acknowledged stands", |_, state: &State| state.acknowledged_stands()),
            Property::always("frozen invoices are exact", |model: &Protocol, state: &State| {
                state.frozen_is_exact(model)
            }),
            Property::always("only what is late is late", |_, state: &State| state.late_is_late()),
            Property::always("periods chain", |_, state: &State| state.periods_chain()),
            Property::always("the limit holds", |model: &Protocol, state: &State| state.limit_holds(model.scope.limit)),
            Property::always("whoever runs alone finishes", |model: &Protocol, state: &State| model.all_finish(state)),
        ];
        // That nothing went wrong proves little where nothing happened.
        let Scope { periods, moves, ranges, limit, unpriced, unlocks_early, .. } = self.scope;
        let corrections = self.scope.deletes && self.scope.keys.iter().any(|(_, contents)| *contents > 1);
        let witnesses = [
            (periods > 0, Property::sometimes("a record is billed", |_, state: &State| state.bills_a_record())),
            (periods > 0, Property::sometimes("a record stands late", |_, state: &State| state.has_late_record())),
            (corrections, Property::sometimes("a correction stands", |_, state: &State| state.has_correction())),
            (moves, Property::sometimes("a moved period is billed", |_, state: &State| state.bills_a_moved_period())),
            (
                !ranges.is_empty(),
                Property::sometimes("a reader sees a record", |_, state: &State| state.reads_a_record()),
            ),
            (
                unpriced,
                Property::sometimes("an invoice leaves out what has no price", |_, state: &State| {
                    state.leaves_out_a_record()
                }),
            ),
            (
                unlocks_early,
                Property::sometimes("a replay is answered from before a deletion", |_, state: &State| {
                    state.answers_from_before()
                }),
            ),
            (limit.is_some(), Property::sometimes("the limit is reached", |_, state: &State| state.is_full())),
        ];
        properties.extend(witnesses.into_iter().filter(|(wanted, _)| *wanted).map(|(_, property)| property));
        properties
    }
}
