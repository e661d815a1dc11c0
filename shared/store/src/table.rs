//! The few calls of DynamoDB that the store makes, each asking for what it consumed.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, Put, ReturnConsumedCapacity, TransactGetItem, TransactWriteItem, Update,
};

use crate::error::{StoreError, is_temporary, sdk_error};
use crate::key::Key;
use crate::meter::Meter;

/// An item as DynamoDB gives it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attribute that holds a document, as JSON text.
pub(crate) const DOCUMENT: &str = "D";
/// The attribute that counts a document's changes.
pub(crate) const REVISION: &str = "R";

/// The table behind the store.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub client: Client,
    pub name: String,
    pub meter: Meter,
}

/// What became of a transaction; a refusal by a condition is an outcome.
#[derive(Debug)]
pub(crate) enum Transacted {
    /// All of it was written.
    Done,
    /// Nothing was written: which of the writes a condition refused.
    Refused(Vec<bool>),
}

/// What became of an update of one item; a refusal by its condition is an outcome.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It was written; what it returns is what it was asked to return.
    Done(Option<Item>),
    /// Nothing was written: the item as it stood, where the update asked for it.
    Refused(Option<Item>),
}

/// A query on the table or an index, in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub index: Option<&'static str>,
    pub partition: String,
    /// Sort keys from here, inclusive.
    pub from: String,
    /// Sort keys up to here, inclusive.
    pub to: String,
    pub backward: bool,
    pub consistent: bool,
    pub limit: Option<usize>,
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// An item that has only its key.
pub(crate) fn keyed(key: &Key) -> Item {
    Item::from([("PK".to_owned(), text(&key.pk)), ("SK".to_owned(), text(&key.sk))])
}

impl Table {
    /// Reads one item.
    pub(crate) async fn get(&self, key: &Key, consistent: bool) -> Result<Option<Item>, StoreError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(keyed(key)))
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(sdk_error)?;
        self.meter.read(read.consumed_capacity.as_ref());
        Ok(read.item)
    }

    /// Reads one item in a transaction, which waits for a transaction that is half visible where `get` does not.
    ///
    /// # Errors
    /// `Busy` where a transaction is about to write the item.
    pub(crate) async fn get_settled(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let get = Get::builder().table_name(&self.name).set_key(Some(keyed(key))).build().map_err(unbuildable)?;
        let read = self
            .client
            .transact_get_items()
            .transact_items(TransactGetItem::builder().get(get).build())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(e) if e.is_transaction_canceled_exception() => {
                    StoreError::Busy { code: "TransactionConflict".into() }
                }
                _ => sdk_error(error),
            })?;
        self.meter.read(read.consumed_capacity());
        Ok(read.responses.unwrap_or_default().into_iter().next().and_then(|response| response.item))
    }

    /// Asks for one page of items, up to 1 MB; the second part says where to go on.
    pub(crate) async fn query_once(
        &self,
        ask: &Ask,
        from_key: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let (hash, range) = match ask.index {
            Some("due") => ("due_shard", "due_at"),
            Some(_) => ("list_of", "list_key"),
            None => ("PK", "SK"),
        };
        let bound = |value: &str| if range == "due_at" { number(value) } else { text(value) };
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(ask.index.map(str::to_owned))
            .key_condition_expression("#hash = :hash AND #range BETWEEN :from AND :to")
            .expression_attribute_names("#hash", hash)
            .expression_attribute_names("#range", range)
            .expression_attribute_values(":hash", text(&ask.partition))
            .expression_attribute_values(":from", bound(&ask.from))
            .expression_attribute_values(":to", bound(&ask.to))
            .scan_index_forward(!ask.backward)
            .consistent_read(ask.consistent)
            .set_limit(ask.limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_exclusive_start_key(from_key)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(sdk_error)?;
        self.meter.read(answer.consumed_capacity.as_ref());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Asks for every item of the range, or for the first `limit`.
    pub(crate) async fn query(&self, ask: &Ask) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut next) = self.query_once(ask, None).await?;
        while let Some(key) = next.take() {
            if ask.limit.is_some_and(|limit| items.len() >= limit) {
                break;
            }
            let (more, after) = self.query_once(ask, Some(key)).await?;
            items.extend(more);
            next = after;
        }
        Ok(items)
    }

    /// Updates one item.
    pub(crate) async fn send_update(&self, update: UpdateItemFluentBuilder) -> Result<Sent, StoreError> {
        let update = update.table_name(&self.name).return_consumed_capacity(ReturnConsumedCapacity::Total);
        match update.send().await {
            Ok(answer) => {
                self.meter.wrote(answer.consumed_capacity.as_ref());
                Ok(Sent::Done(answer.attributes))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    self.meter.refused();
                    Ok(Sent::Refused(refused.item().cloned()))
                }
                _ => Err(sdk_error(error)),
            },
        }
    }

    /// Writes all or nothing.
    ///
    /// # Errors
    /// `Busy` where another transaction touches the same items, or DynamoDB throttles.
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(sent) => {
                self.meter.wrote(sent.consumed_capacity());
                Ok(Transacted::Done)
            }
            Err(error) => {
                let refused = refused(error)?;
                self.meter.refused();
                Ok(refused)
            }
        }
    }

    /// A put for a transaction.
    pub(crate) fn put(&self, item: Item, condition: &str, values: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .build()
            .map_err(unbuildable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// An update for a transaction; `names` are those of attributes that no expression can spell.
    pub(crate) fn update(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        names: HashMap<String, String>,
        values: Item,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(keyed(key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names((!names.is_empty()).then_some(names))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .build()
            .map_err(unbuildable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Each reason of a cancelled transaction is looked at: a conflict or a throttle is worth another attempt, a condition
/// is final.
fn refused(error: SdkError<TransactWriteItemsError>) -> Result<Transacted, StoreError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Err(sdk_error(error));
    };
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        return Ok(Transacted::Refused(codes.iter().map(|code| *code == "ConditionalCheckFailed").collect()));
    }
    let code = codes.iter().find(|code| **code != "None").map_or("TransactionCanceled", |code| code).to_owned();
    Err(if is_temporary(&code) { StoreError::Busy { code } } else { StoreError::Refused { code } })
}

/// A request that lacks a required part is our own mistake.
pub(crate) fn unbuildable(_: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Refused { code: "incomplete request".into() }
}
