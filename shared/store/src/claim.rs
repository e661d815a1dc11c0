//! Names that are unique in a site beside the ids: whoever claims one first holds it for ever.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::error::StoreError;
use crate::key::Key;
use crate::table::{Item, Table, keyed, text};

/// A name that has to be free, or the claimant's own.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    key: Key,
    owner: String,
    /// What the name is, for an answer to whoever comes second.
    pub what: &'static str,
}

impl Claim {
    pub(crate) fn new(key: Key, owner: &str, what: &'static str) -> Claim {
        Claim { key, owner: owner.to_owned(), what }
    }

    /// The write of the claim, for a transaction.
    pub(crate) fn write(&self, table: &Table) -> Result<TransactWriteItem, StoreError> {
        let mut item = keyed(&self.key);
        item.insert("O".into(), text(&self.owner));
        let values = Item::from([(":owner".to_owned(), text(&self.owner))]);
        table.put(item, "attribute_not_exists(PK) OR O = :owner", values)
    }
}
