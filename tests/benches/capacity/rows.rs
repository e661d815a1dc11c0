//! The two usual designs, on the same table: a row for each usage, and a transaction for each usage.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::cost::Cost;
use crate::harness::World;
use crate::table::{figure, print};
use crate::usages::{Kind, month, spread};

/// How many usages each design records.
const COUNT: usize = 500;

/// Counts what the two designs consume for the same usages.
pub async fn run() {
    eprintln!("a row for each usage, a transaction for each usage");
    let world = month().await;
    let table = world.system.template().table.name.clone();
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let items: Vec<Value> = spread(COUNT).into_iter().map(|second| item(kind, second)).collect();
        let put = Cost::of(&world, COUNT, put(&world, &table, &items)).await;
        let read = Cost::of(&world, COUNT, read(&world, &table, kind)).await;
        let stamped = Cost::of(&world, COUNT, stamp(&world, &table, &items)).await;
        let batched = Cost::of(&world, COUNT, put_batches(&world, &table, &items)).await;
        let transacted = Cost::of(&world, COUNT, transact(&world, &table, &items)).await;
        rows.push(vec![
            kind.name().to_owned(),
            figure(put.writes()),
            figure(batched.writes()),
            figure(read.reads()),
            figure(stamped.writes()),
            figure(put.dollars() + read.dollars() + stamped.dollars()),
            figure(transacted.writes()),
            figure(transacted.dollars() + read.dollars()),
        ]);
    }
    let header = [
        "usages",
        "a row each: write units",
        "in batches of 25: write units",
        "read back: read units",
        "marked as billed: write units",
        "row, read and mark: USD a million",
        "a transaction each, row and running total: write units",
        "transaction and read: USD a million",
    ];
    print("### The same usages as rows and as transactions", &header, &rows);
}

fn item(kind: Kind, second: i64) -> Value {
    let usage = kind.usage(second);
    let text = |field: &str| usage[field].as_str().unwrap_or_default().to_owned();
    let mut item = json!({
        "PK": {"S": "SUB#site#rows"},
        "SK": {"S": format!("{}#{second}#{}", kind.name(), text("id"))},
        "quantity": {"S": "12.5"},
        "updated_at": {"N": second.to_string()},
    });
    if kind == Kind::UuidAndNote {
        item["note"] = json!({"S": text("note")});
    }
    item
}

async fn put(world: &World, table: &str, items: &[Value]) {
    for item in items {
        let request = json!({
            "TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(PK)",
            "ReturnConsumedCapacity": "TOTAL",
        });
        send(world, "PutItem", request).await;
    }
}

async fn put_batches(world: &World, table: &str, items: &[Value]) {
    for batch in items.chunks(25) {
        let puts: Vec<Value> = batch.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        let request = json!({"RequestItems": {table: puts}, "ReturnConsumedCapacity": "TOTAL"});
        send(world, "BatchWriteItem", request).await;
    }
}

/// An exact close needs to say of every row that it was billed, since none can be locked out.
async fn stamp(world: &World, table: &str, items: &[Value]) {
    for item in items {
        let request = json!({
            "TableName": table, "Key": {"PK": item["PK"], "SK": item["SK"]},
            "UpdateExpression": "SET invoice_id = :invoice", "ConditionExpression": "attribute_not_exists(invoice_id)",
            "ExpressionAttributeValues": {":invoice": {"S": "inv_sub_1"}}, "ReturnConsumedCapacity": "TOTAL",
        });
        send(world, "UpdateItem", request).await;
    }
}

/// A row and the running total of its period, together or not at all.
async fn transact(world: &World, table: &str, items: &[Value]) {
    for item in items {
        let mut item = item.clone();
        item["PK"] = json!({"S": "SUB#site#transactions"});
        let total = json!({
            "TableName": table, "Key": {"PK": item["PK"], "SK": {"S": "TOTAL"}},
            "UpdateExpression": "ADD quantity :quantity", "ExpressionAttributeValues": {":quantity": {"N": "12.5"}},
        });
        let put = json!({"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"});
        let request = json!({"TransactItems": [{"Put": put}, {"Update": total}], "ReturnConsumedCapacity": "TOTAL"});
        send(world, "TransactWriteItems", request).await;
    }
}

async fn read(world: &World, table: &str, kind: Kind) {
    let request = json!({
        "TableName": table, "ConsistentRead": true, "ReturnConsumedCapacity": "TOTAL",
        "KeyConditionExpression": "PK = :partition AND begins_with(SK, :kind)",
        "ExpressionAttributeValues": {
            ":partition": {"S": "SUB#site#rows"}, ":kind": {"S": format!("{}#", kind.name())}
        },
    });
    let answer = send(world, "Query", request).await;
    assert_eq!(answer["Count"], COUNT, "{answer}");
}

async fn send(world: &World, operation: &str, request: Value) -> Value {
    let target = format!("DynamoDB_20120810.{operation}");
    let answer = world.system.engine().send(&target, Bytes::from(request.to_string())).await.unwrap();
    assert_eq!(answer.status, 200, "{operation}: {:?}", answer.body);
    serde_json::from_slice(&answer.body).unwrap()
}
