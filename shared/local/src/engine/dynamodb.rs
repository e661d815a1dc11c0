//! DynamoDB's operations on the embedded database.

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Answer, Engine, Service};
use crate::error::Error;
use crate::template::Table;

/// Runs one operation and answers as DynamoDB does.
pub(super) fn execute(database: &Database, operation: &str, body: &[u8]) -> Answer {
    match dispatch(database, operation, body) {
        Ok(body) => Answer { status: 200, body: Bytes::from(body) },
        Err(error) => Answer { status: error.status_code(), body: Bytes::from(error.to_json()) },
    }
}

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "ListTables" => run(body, |request| database.list_tables(request)),
        "UpdateTimeToLive" => run(body, |request| database.update_time_to_live(request)),
        "DescribeTimeToLive" => run(body, |request| database.describe_time_to_live(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "Scan" => run(body, |request| database.scan(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
        other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Vec<u8>, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    serde_json::to_vec(&operation(request)?).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The engine's deserialisers say which error DynamoDB would answer in front of their message.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    match message.split_once(':') {
        Some((kind, rest)) if kind.starts_with("VALIDATION") => {
            DynoxideError::ValidationException(rest.trim().to_owned())
        }
        Some((kind, rest)) if kind.starts_with("SERIALIZATION") => {
            DynoxideError::SerializationException(rest.trim().to_owned())
        }
        _ if message.contains("missing field") => DynoxideError::ValidationException(message),
        _ => DynoxideError::SerializationException(message),
    }
}

/// Creates the template's table where it is missing; says whether it did.
///
/// # Errors
/// [`Error::OtherTable`] when a table of that name has other keys or indexes.
pub async fn create_table(engine: &Engine, table: &Table) -> Result<bool, Error> {
    let named = json!({ "TableName": table.name });
    let tables = engine.set_up(Service::DynamoDb, "ListTables", &json!({})).await?;
    if tables["TableNames"].as_array().is_some_and(|names| names.contains(&json!(table.name))) {
        let described = engine.set_up(Service::DynamoDb, "DescribeTable", &named).await?;
        return same_shape(table, &described["Table"]).map(|()| false);
    }
    let request = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": table.attribute_definitions,
        "KeySchema": table.key_schema,
        "GlobalSecondaryIndexes": table.global_secondary_indexes,
    });
    engine.set_up(Service::DynamoDb, "CreateTable", &request).await?;
    let time_to_live = json!({
        "TableName": table.name,
        "TimeToLiveSpecification": { "AttributeName": table.time_to_live, "Enabled": true },
    });
    engine.set_up(Service::DynamoDb, "UpdateTimeToLive", &time_to_live).await?;
    Ok(true)
}

fn same_shape(table: &Table, described: &serde_json::Value) -> Result<(), Error> {
    let differs = |difference: &str| Err(Error::OtherTable { difference: difference.to_owned() });
    if described["KeySchema"] != json!(table.key_schema) {
        return differs("another key");
    }
    let keys = |indexes: &serde_json::Value| -> Vec<String> {
        let of = |index: &serde_json::Value| format!("{} {}", index["IndexName"], index["KeySchema"]);
        let mut keys: Vec<String> = indexes.as_array().into_iter().flatten().map(of).collect();
        keys.sort();
        keys
    };
    if keys(&described["GlobalSecondaryIndexes"]) != keys(&json!(table.global_secondary_indexes)) {
        return differs("other indexes");
    }
    Ok(())
}
