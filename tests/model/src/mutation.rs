//! The ways of weakening the protocol: each drops one condition or one step of it.

macro_rules! mutations {
    ($($(#[doc = $what:literal])+ $name:ident in $scope:literal,)+) => {
        /// One condition or step that is left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[doc = $what])+ $name,)+
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &[Mutation] = &[$(Mutation::$name),+];

            /// What is weakened, in a few words.
            pub const fn what(self) -> &'static str {
                match self { $(Mutation::$name => concat!($($what),+),)+ }.trim_ascii()
            }

            /// The scope that shows what comes of it.
            pub const fn scope(self) -> &'static str {
                match self { $(Mutation::$name => $scope,)+ }
            }
        }
    };
}

mutations! {
    /// record: no attribute_not_exists(#record)
    RecordOverwrites in "writers",
    /// record: no attribute_not_exists(S)
    RecordIntoSealed in "late",
    /// record: no E > key
    RecordBeyondEnd in "writers",
    /// record: a batch asks for E > its first key, not its last
    BatchAsksFirst in "writers",
    /// record: a batch asks for its first record alone whether it is there
    BatchOverwrites in "writers",
    /// record: B does not rise
    RecordNotCounted in "writers",
    /// record: a new page begins where its period does
    PageBeginsAtPeriod in "closers",
    /// record: a refusal by the end is answered as recorded
    RefusalIsAcknowledged in "writers",
    /// rewrite: condition on S alone, neither E nor B
    RewriteIgnoresVersion in "writers",
    /// rewrite: condition on E alone
    RewriteIgnoresBytes in "writers",
    /// rewrite: condition on B alone
    RewriteIgnoresEnd in "writers",
    /// rewrite: no attribute_not_exists(S)
    RewriteOfSealed in "late",
    /// rewrite: a new page overwrites one that exists
    RewriteOverwritesNew in "writers",
    /// rewrite: B falls though E stays
    RewriteCountsAnew in "writers",
    /// rewrite: the right page is written apart, and may never be
    RewriteNotAtomic in "writers",
    /// exchange: no #record = :old
    ExchangeAnything in "writers",
    /// exchange: no attribute_not_exists(S)
    ExchangeIntoSealed in "late",
    /// exchange: B does not rise
    ExchangeNotCounted in "writers",
    /// delete: whatever stands is deleted, also a correction that came after what is named
    DeleteWhateverStands in "writers",
    /// delete: a gap is believed without TransactGetItems
    DeleteBelievesGap in "writers",
    /// delete: the record is removed, and no tombstone is left
    DeleteLeavesNothing in "writers",
    /// delete: the tombstone forgets what was deleted before
    TombstoneForgetsList in "writers",
    /// delete: the tombstone forgets what it deletes
    TombstoneForgetsLast in "writers",
    /// correct: the list of deleted contents is dropped
    CorrectionForgetsList in "writers",
    /// late: no condition on the row that was read
    LateOverwrites in "late",
    /// late: the sealed page's cell is not looked at
    LateIgnoresPage in "late",
    /// late: the sealed page's cell goes before the late row
    LateIgnoresRow in "late",
    /// generate: no condition on the head
    GenerateFromStaleHead in "closers",
    /// generate: the invoice is put apart from the head, and may never be
    GenerateNotAtomic in "closers",
    /// move: no condition on the head
    MoveStaleBoundary in "closers",
    /// close: an earlier pending invoice does not matter
    CloseOutOfOrder in "closers",
    /// seal: no split at the period's end before
    SealWithoutBound in "closers",
    /// seal: no split of the page that reaches across the period's end, and no E <= that end
    SealAcrossEnd in "boundaries",
    /// seal: what is missing before the period's end is not made
    SealLeavesGap in "late-readers",
    /// seal: the page that reaches into the period from the left is not looked for
    SealForgetsLeft in "closers",
    /// seal: what counts is the list read before, not what the sealed pages say
    SealBelievesList in "late",
    /// seal: pages that do not tile are accepted
    SealAcceptsBroken in "late-readers",
    /// rate: a late deletion of what has no price does not count
    RateForgetsLate in "unpriced",
    /// freeze: before the last page is sealed
    FreezeBeforeLastSeal in "closers",
    /// freeze: no condition on the invoice
    FreezeAgain in "closers",
    /// read: pages that do not tile are accepted
    ReadAcceptsBroken in "readers",
    /// read: an early end is believed unseen
    ReadBelievesEnd in "readers",
    /// read: an early end is looked at with GetItem, which waits for no transaction
    ReadWithoutTransaction in "readers",
    /// read: the page to the left of the range is not looked for
    ReadForgetsLeft in "late-readers",
    /// read: late rows are left out
    ReadForgetsLate in "late-readers",
    /// limit: the count is written apart, and may never be
    CountNotAtomic in "limit",
    /// limit: no F >= what is taken
    CountUnchecked in "limit",
    /// exchange: no E > key
    ExchangeBeyondEnd in "writers",
    /// seal: no E <= the period's end
    SealIgnoresEnd in "closers",
    /// generate: the invoice overwrites one that exists
    GenerateOverwrites in "closers",
    /// close: the earlier invoice is looked at with GetItem, which waits for no transaction
    OrderWithoutTransaction in "closers",
    /// seal: SET S = :period, not if_not_exists
    SealOverwritesPeriod in "closers",
    /// seal: the page that is missing is made open
    SealMakesOpenPage in "closers",
}

impl Mutation {
    /// Conditions that follow from the others as long as those hold: a second line of defence, and no counterexample.
    pub const IMPLIED: &[Mutation] = &[
        Mutation::ExchangeBeyondEnd,
        Mutation::GenerateOverwrites,
        Mutation::OrderWithoutTransaction,
        Mutation::SealIgnoresEnd,
        Mutation::SealOverwritesPeriod,
        Mutation::SealMakesOpenPage,
    ];
}
