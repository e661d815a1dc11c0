//! A model of the protocol by which the store records usage, reads it and closes periods, explored to exhaustion.
//!
//! Owns: the protocol's steps, named as in `shared/store` (`update`, `rewrite`, `exchange`, `resolve`, `locate`,
//! `replacement`, `bound_at`, `list`, `seal_page`, `freeze`, ...), what DynamoDB may show of them, what must hold, and the
//! ways of weakening it. Where the store changes one of these steps or conditions, the model changes with it.
//!
//! Does not own: amounts, clocks, bytes of real pages, or the store's code, which the simulation and the scenarios run.
//!
//! # What happens in it
//!
//! * **Anybody attempts anything at any time,** also again after its answer. A writer needs no memory for it: it comes
//!   to every slot that `locate` gives or ever gave, with every end that a head would give it. Only what is read and
//!   written later is remembered, by `hands`, which write what they hold whenever they like, as often as they like.
//! * **A transaction is visible item by item,** in any order. Whoever writes one of its items meanwhile, or reads one in
//!   a transaction, meets a conflict; plain strong reads see each item as it is.
//! * **Readers and closers go page by page,** and may lose against everybody at each. Closers crash anywhere and start
//!   over. A boundary moves in mid-period.
//! * **Pages have no size:** whether a page is laid out anew with a write, and how, is a free choice. So everything that
//!   bytes could decide is among what is explored.
//! * **Beside it stands the truth:** what was accepted, and when. A reader's answer is right where each record stood as
//!   it says at some moment while it read. That is what a `Query` can give; one moment for all records it cannot.
//!
//! Left out: amounts and invoice numbers (the freeze is one write here), changes of a usage limit, late usage that a site
//! rejects (nothing is written), more than one item price (they share nothing but the freeze). Two transactions are half
//! visible at once in `flights-large` alone.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `scope` | who takes part, and how large the world is |
//! | `cell`, `page`, `table` | what is stored, and what a read sees of it |
//! | `write`, `read`, `closing` | the protocol's steps |
//! | `mutation` | what can be left out of them |
//! | `truth`, `properties` | what must hold |
//! | `protocol`, `explore` | the model for `stateright`, and its run |
//!
//! `cargo test -p model -- --nocapture` explores the small scopes and every mutation, and prints the counts.
//! `cargo run -p model` explores the large scopes, with a line of progress; a scope's name behind `--` explores that one.
#![warn(missing_docs)]

pub mod cell;
pub mod closing;
pub mod explore;
pub mod mutation;
pub mod page;
pub mod protocol;
pub mod read;
pub mod scope;
pub mod table;
pub mod truth;
pub mod write;

mod properties;
