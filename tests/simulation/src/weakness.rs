//! Ways of weakening the product on purpose, to show that the simulation sees it: a condition of a write that always
//! holds, a read that is not what was asked for, a write that is only said to be done.
//!
//! They are put into the requests on their way, so that the product itself stays as it is.

use serde_json::Value;

use crate::call::Call;

/// A weakening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// A record may come into a sealed page.
    RecordIntoSealed,
    /// A record may come into a page that ends before it.
    RecordBehindTheEnd,
    /// A record may take the place of another.
    RecordOverAnother,
    /// A page may be laid out anew although somebody wrote into it.
    ReplaceWrittenPage,
    /// A page may be laid out anew although it is sealed.
    ReplaceSealedPage,
    /// A new page may take the place of another.
    NewPageOverAnother,
    /// A tombstone or correction may take the place of anything.
    ExchangeAnything,
    /// A late row may take the place of anything.
    LateOverAnother,
    /// An invoice may be frozen twice.
    FreezeTwice,
    /// An invoice number may be given twice.
    NumberTwice,
    /// A head may be moved on although it is not as it was read.
    MoveChangedHead,
    /// The usage limit may be passed.
    PassTheLimit,
    /// What is asked for strongly is read eventually.
    ReadEventually,
    /// A read in a transaction does not meet the transactions under way.
    ReadUnsettled,
    /// Usage is acknowledged and never written.
    AcknowledgeOnly,
}

/// What a statement is told by, the condition in it, and one like it that always holds.
type Change = (&'static str, &'static str, &'static str);

impl Weakness {
    /// Every weakening.
    pub const ALL: [Weakness; 15] = [
        Weakness::RecordIntoSealed,
        Weakness::RecordBehindTheEnd,
        Weakness::RecordOverAnother,
        Weakness::ReplaceWrittenPage,
        Weakness::ReplaceSealedPage,
        Weakness::NewPageOverAnother,
        Weakness::ExchangeAnything,
        Weakness::LateOverAnother,
        Weakness::FreezeTwice,
        Weakness::NumberTwice,
        Weakness::MoveChangedHead,
        Weakness::PassTheLimit,
        Weakness::ReadEventually,
        Weakness::ReadUnsettled,
        Weakness::AcknowledgeOnly,
    ];

    /// The conditions that it weakens: where the statement goes to, what is in its condition, and what takes its place.
    fn changes(self) -> Vec<Change> {
        let sealed = ("attribute_not_exists(S)", "(attribute_not_exists(S) OR attribute_exists(S))");
        vec![match self {
            Weakness::RecordIntoSealed => ("USAGE#", sealed.0, sealed.1),
            Weakness::RecordBehindTheEnd => ("USAGE#", "OR #end > :last", "OR #end > :last OR #end <= :last"),
            Weakness::RecordOverAnother => {
                ("USAGE#", "attribute_not_exists(#r0)", "(attribute_not_exists(#r0) OR attribute_exists(#r0))")
            }
            Weakness::ReplaceWrittenPage => ("USAGE#", "B = :bytes", "(B = :bytes OR B <> :bytes)"),
            Weakness::ReplaceSealedPage => ("USAGE#", sealed.0, sealed.1),
            Weakness::NewPageOverAnother => {
                ("USAGE#", "attribute_not_exists(PK)", "(attribute_not_exists(PK) OR attribute_exists(PK))")
            }
            Weakness::ExchangeAnything => ("USAGE#", "#record = :old", "(#record = :old OR #record <> :old)"),
            Weakness::LateOverAnother => ("LATE#", "V = :old", "(V = :old OR V <> :old)"),
            Weakness::FreezeTwice => ("INVOICE#", "R = :revision", "(R = :revision OR R <> :revision)"),
            // The first number of a customer is given on another condition than the others.
            Weakness::NumberTwice => {
                let any = "(attribute_exists(N) OR attribute_not_exists(N))";
                return vec![
                    ("INVOICE_COUNT#", "N = :last", "(N = :last OR N <> :last)"),
                    ("INVOICE_COUNT#", "attribute_not_exists(N)", any),
                ];
            }
            Weakness::MoveChangedHead => ("HEAD", "R = :revision", "(R = :revision OR R <> :revision)"),
            Weakness::PassTheLimit => ("LIMIT", "F >= :usages", "(F >= :usages OR F < :usages)"),
            _ => return Vec::new(),
        }]
    }

    /// Weakens a call; whether it is only said to be done.
    pub fn weaken(self, call: &mut Call) -> bool {
        match self {
            Weakness::ReadEventually if call.operation == "Query" => {
                call.body["ConsistentRead"] = Value::Bool(false);
            }
            Weakness::AcknowledgeOnly => {
                let update = call.body["UpdateExpression"].as_str().unwrap_or_default();
                return call.operation == "UpdateItem" && update.starts_with("SET #r0");
            }
            _ => {}
        }
        let mut changed = false;
        for change in self.changes() {
            changed |= self.weaken_statements(call, change);
        }
        if changed {
            call.bytes = call.body.to_string().into();
        }
        false
    }

    fn weaken_statements(self, call: &mut Call, change: Change) -> bool {
        let mut changed = false;
        if call.operation == "TransactWriteItems" {
            for entry in call.body["TransactItems"].as_array_mut().into_iter().flatten() {
                for inner in entry.as_object_mut().into_iter().flat_map(|entry| entry.values_mut()) {
                    changed |= self.weaken_statement(inner, change);
                }
            }
        } else if call.is_write() && !call.is_queue() {
            changed = self.weaken_statement(&mut call.body, change);
        }
        changed
    }

    fn weaken_statement(self, statement: &mut Value, (place, condition, instead): Change) -> bool {
        let item = if statement["Item"].is_object() { &statement["Item"] } else { &statement["Key"] };
        let here = item["SK"]["S"].as_str().is_some_and(|sk| sk.starts_with(place));
        let replaces = statement["Item"].is_object();
        let other_kind = match self {
            Weakness::RecordIntoSealed => replaces,
            Weakness::ReplaceSealedPage => !replaces,
            _ => false,
        };
        let Some(text) = statement["ConditionExpression"].as_str().filter(|_| here && !other_kind) else {
            return false;
        };
        let weakened = text.replace(condition, instead);
        let changed = weakened != text;
        statement["ConditionExpression"] = Value::String(weakened);
        changed
    }
}
