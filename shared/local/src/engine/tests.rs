use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde_json::json;

use super::*;
use crate::template::Template;

const TABLE: &str = "Table";

async fn engine() -> Engine {
    let engine = Engine::in_memory().expect("SQLite opens");
    let template = Template::embedded().expect("the template is readable");
    assert!(dynamodb::create_table(&engine, &template.table).await.expect("the table is created"));
    sqs::create_queues(&engine, &template.queues, true).await.expect("the queues are created");
    engine
}

fn client(engine: &Engine) -> Client {
    store::client::connect(Some(engine.http_client()))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item(key: &str, content: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("PK".into(), text(key)), ("SK".into(), text("HEAD")), ("content".into(), text(content))])
}

async fn put_if_absent(client: &Client, key: &str, content: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item(key, content)))
        .condition_expression("attribute_not_exists(PK)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await?;
    Ok(())
}

async fn content(client: &Client, key: &str) -> Option<String> {
    let request = client.get_item().table_name(TABLE).key("PK", text(key)).key("SK", text("HEAD"));
    let item = request.consistent_read(true).send().await.expect("reads").item?;
    item.get("content")?.as_s().ok().cloned()
}

/// Gives one verdict to the first call of an operation.
struct Once {
    operation: &'static str,
    verdict: Verdict,
    seen: AtomicUsize,
}

impl Interceptor for Once {
    fn before(&self, call: &Call) -> Verdict {
        let first = call.operation == self.operation && self.seen.fetch_add(1, Ordering::SeqCst) == 0;
        if first { self.verdict } else { Verdict::Forward }
    }
}

async fn with_fault(operation: &'static str, verdict: Verdict) -> (Engine, Engine, Arc<Once>) {
    let plain = engine().await;
    let once = Arc::new(Once { operation, verdict, seen: AtomicUsize::new(0) });
    let faulty = plain.with_interceptor(once.clone());
    (plain, faulty, once)
}

fn put_request(key: &str) -> Bytes {
    let item = json!({ "PK": { "S": key }, "SK": { "S": "HEAD" }, "content": { "S": "x" } });
    Bytes::from(json!({ "TableName": TABLE, "Item": item }).to_string())
}

#[tokio::test]
async fn the_sdk_puts_and_gets_items() {
    let engine = engine().await;
    let client = client(&engine);

    put_if_absent(&client, "a", "one").await.expect("puts");

    assert_eq!(content(&client, "a").await.as_deref(), Some("one"));
    assert_eq!(content(&client, "b").await, None);
}

#[tokio::test]
async fn a_table_is_created_once_and_one_of_another_shape_is_refused() {
    let engine = engine().await;
    let mut table = Template::embedded().expect("the template is readable").table;

    assert!(!dynamodb::create_table(&engine, &table).await.expect("the table is found"));

    table.global_secondary_indexes.pop();
    let error = dynamodb::create_table(&engine, &table).await.expect_err("is refused");
    assert!(matches!(error, Error::OtherTable { .. }), "{error}");
}

#[tokio::test]
async fn a_failed_condition_returns_the_old_item() {
    let client = client(&engine().await);
    put_if_absent(&client, "a", "one").await.expect("puts");

    let error = put_if_absent(&client, "a", "two").await.expect_err("is refused");

    let aws_sdk_dynamodb::Error::ConditionalCheckFailedException(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(refusal.item().expect("the item is returned")["content"], text("one"));
}

#[tokio::test]
async fn a_cancelled_transaction_says_why_for_each_item() {
    let client = client(&engine().await);
    put_if_absent(&client, "a", "one").await.expect("puts");
    let put = |key: &str| {
        let put = Put::builder().table_name(TABLE).set_item(Some(item(key, "two")));
        let put = put.condition_expression("attribute_not_exists(PK)");
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(put.build().expect("is complete")).build()
    };

    let error = client.transact_write_items().transact_items(put("b")).transact_items(put("a")).send().await;

    let error = error.expect_err("is refused").into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        refusal,
    ) = error
    else {
        panic!("another error: {error:?}")
    };
    let codes: Vec<_> = refusal.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(refusal.cancellation_reasons()[1].item().expect("the item is returned")["content"], text("one"));
    assert_eq!(content(&client, "b").await, None);
}

#[tokio::test]
async fn sparse_indexes_hold_only_items_with_their_keys() {
    let client = client(&engine().await);
    put_if_absent(&client, "a", "one").await.expect("puts");
    let mut due = item("b", "two");
    due.insert("due_shard".into(), text("0"));
    due.insert("due_at".into(), AttributeValue::N("1000".into()));
    client.put_item().table_name(TABLE).set_item(Some(due)).send().await.expect("puts");

    let found = client
        .query()
        .table_name(TABLE)
        .index_name("due")
        .key_condition_expression("due_shard = :shard AND due_at <= :now")
        .expression_attribute_values(":shard", text("0"))
        .expression_attribute_values(":now", AttributeValue::N("1000".into()))
        .send()
        .await
        .expect("queries");

    assert_eq!(found.items().len(), 1);
    assert_eq!(found.items()[0]["PK"], text("b"));
    assert_eq!(found.items()[0].get("content"), None);
}

#[tokio::test]
async fn unknown_targets_and_operations_are_answered_clearly() {
    let engine = engine().await;

    let target = engine.send("Kinesis_20131202.PutRecord", Bytes::from("{}")).await.expect("is answered");
    let operation = engine.send("DynamoDB_20120810.ExportTable", Bytes::from("{}")).await.expect("is answered");
    let unreadable = engine.send("DynamoDB_20120810.GetItem", Bytes::from("{")).await.expect("is answered");

    assert_eq!(target.status, 400);
    assert!(String::from_utf8_lossy(&target.body).contains("Kinesis_20131202"));
    assert_eq!(operation.status, 501);
    assert!(String::from_utf8_lossy(&operation.body).contains("ExportTable"));
    assert_eq!(unreadable.status, 400);
}

fn permissions(allowed: &[(&str, &str)]) -> BTreeSet<Permission> {
    allowed.iter().map(|(action, resource)| Permission::new(*action, *resource)).collect()
}

#[tokio::test]
async fn a_function_is_refused_what_its_policy_does_not_allow() {
    let engine = engine().await;
    let reader = engine.for_function("reader", permissions(&[("dynamodb:GetItem", TABLE)]));

    let refused = put_if_absent(&client(&reader), "a", "one").await.expect_err("is refused");
    let through_another = put_if_absent(&client(&engine), "a", "two").await;

    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let message = refused.message().unwrap_or_default();
    assert!(message.contains("reader is not authorized to perform: dynamodb:PutItem on resource: Table"), "{message}");
    through_another.expect("is allowed, and finds nothing of what was refused");
    assert_eq!(content(&client(&reader), "a").await.as_deref(), Some("two"));
    let used = permissions(&[("dynamodb:GetItem", TABLE), ("dynamodb:PutItem", TABLE)]);
    assert_eq!(engine.permissions_used(), BTreeMap::from([("reader".to_owned(), used)]));
}

#[tokio::test]
async fn a_transaction_an_index_and_a_batch_need_what_aws_asks_for() {
    let engine = engine().await;
    let function = engine.for_function("nothing", BTreeSet::new());
    let part = json!({ "TableName": TABLE });
    let queue = "http://127.0.0.1/123456789012/InvoiceQueue";

    for (target, request, expected) in [
        (
            "DynamoDB_20120810.TransactWriteItems",
            json!({ "TransactItems": [{ "Put": part }, { "ConditionCheck": part }, { "Delete": part }, { "Update": part }] }),
            vec![
                ("dynamodb:ConditionCheckItem", "Table"),
                ("dynamodb:DeleteItem", "Table"),
                ("dynamodb:PutItem", "Table"),
                ("dynamodb:UpdateItem", "Table"),
            ],
        ),
        (
            "DynamoDB_20120810.TransactGetItems",
            json!({ "TransactItems": [{ "Get": part }] }),
            vec![("dynamodb:GetItem", "Table")],
        ),
        (
            "DynamoDB_20120810.BatchGetItem",
            json!({ "RequestItems": { "Table": {} } }),
            vec![("dynamodb:BatchGetItem", "Table")],
        ),
        (
            "DynamoDB_20120810.Query",
            json!({ "TableName": TABLE, "IndexName": "due" }),
            vec![("dynamodb:Query", "Table/index/due")],
        ),
        ("DynamoDB_20120810.ListTables", json!({}), vec![("dynamodb:ListTables", "*")]),
        ("AmazonSQS.SendMessageBatch", json!({ "QueueUrl": queue }), vec![("sqs:SendMessage", "InvoiceQueue")]),
        ("AmazonSQS.DeleteMessage", json!({ "QueueUrl": queue }), vec![("sqs:DeleteMessage", "InvoiceQueue")]),
    ] {
        let before = engine.permissions_used().remove("nothing").unwrap_or_default();
        let refused = function.send(target, Bytes::from(request.to_string())).await.expect("is answered");
        let used = engine.permissions_used().remove("nothing").unwrap_or_default();

        assert!(String::from_utf8_lossy(&refused.body).contains("AccessDeniedException"), "{target}: {refused:?}");
        let needed = permissions(&expected);
        assert!(
            needed.is_subset(&used) && used.difference(&before).all(|new| needed.contains(new)),
            "{target}: {used:?}"
        );
    }
}

#[tokio::test]
async fn a_call_that_fails_before_is_not_applied() {
    let (plain, faulty, _) = with_fault("PutItem", Verdict::FailBefore).await;

    let answer = faulty.send("DynamoDB_20120810.PutItem", put_request("a")).await;

    assert!(answer.is_err());
    assert_eq!(content(&client(&plain), "a").await, None);
}

#[tokio::test]
async fn a_call_that_fails_after_is_applied() {
    let (plain, faulty, _) = with_fault("PutItem", Verdict::FailAfter).await;

    let answer = faulty.send("DynamoDB_20120810.PutItem", put_request("a")).await;

    assert!(answer.is_err());
    assert_eq!(content(&client(&plain), "a").await.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_late_call_is_applied_after_others() {
    let (_, faulty, _) = with_fault("PutItem", Verdict::ApplyLater { calls: 2 }).await;
    let reader = client(&faulty);

    let answer = faulty.send("DynamoDB_20120810.PutItem", put_request("a")).await;

    assert!(answer.is_err());
    assert_eq!(content(&reader, "a").await, None);
    assert_eq!(content(&reader, "a").await, None);
    assert_eq!(content(&reader, "a").await.as_deref(), Some("x"));
}

#[tokio::test]
async fn throttles_and_conflicts_have_the_names_that_the_sdk_knows() {
    let (_, throttled, _) = with_fault("GetItem", Verdict::Throttle).await;
    let (_, conflicting, _) = with_fault("PutItem", Verdict::Conflict).await;
    let (_, cancelled, _) = with_fault("TransactWriteItems", Verdict::Conflict).await;
    let transaction = json!({ "TransactItems": [{}, {}] });

    let throttle = throttled.send("DynamoDB_20120810.GetItem", Bytes::from("{}")).await.expect("is answered");
    let conflict = conflicting.send("DynamoDB_20120810.PutItem", put_request("a")).await.expect("is answered");
    let cancel = cancelled.send("DynamoDB_20120810.TransactWriteItems", Bytes::from(transaction.to_string())).await;

    assert!(String::from_utf8_lossy(&throttle.body).contains("ProvisionedThroughputExceededException"));
    assert!(String::from_utf8_lossy(&conflict.body).contains("TransactionConflictException"));
    let cancel: serde_json::Value = serde_json::from_slice(&cancel.expect("is answered").body).expect("is JSON");
    assert_eq!(cancel["CancellationReasons"][0]["Code"], "TransactionConflict");
    assert_eq!(cancel["CancellationReasons"][1]["Code"], "None");
}

#[tokio::test]
async fn the_sdk_tries_again_when_the_connection_fails() {
    let (_, faulty, once) = with_fault("PutItem", Verdict::FailAfter).await;

    let again = put_if_absent(&client(&faulty), "a", "one").await;

    // The second attempt meets what the first one wrote.
    assert_eq!(again.expect_err("is refused").code(), Some("ConditionalCheckFailedException"));
    assert_eq!(once.seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_duplicate_is_applied_twice() {
    let (_, faulty, _) = with_fault("PutItem", Verdict::Duplicate).await;

    let answer = put_if_absent(&client(&faulty), "a", "one").await;

    assert_eq!(answer.expect_err("the second is refused").code(), Some("ConditionalCheckFailedException"));
}

#[tokio::test]
async fn consumed_capacity_is_summed_and_refusals_are_added() {
    let engine = engine().await;
    let client = client(&engine);
    engine.reset_capacity();

    put_if_absent(&client, "a", &"x".repeat(1500)).await.expect("puts");
    put_if_absent(&client, "a", "two").await.expect_err("is refused");
    let request = client.get_item().table_name(TABLE).key("PK", text("a")).key("SK", text("HEAD"));
    request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.expect("reads");

    let meter = engine.capacity();
    let puts = meter.of("PutItem");
    assert_eq!((puts.calls, puts.refused), (2, 1));
    assert!((meter.write_units() - 4.0).abs() < 0.01, "{meter:?}");
    assert!((meter.read_units() - 0.5).abs() < 0.01, "{meter:?}");
    assert_eq!(meter.calls(), 3);
}

#[tokio::test]
async fn data_in_a_directory_is_there_again() {
    let directory = std::env::temp_dir().join(format!("local-engine-{}", std::process::id()));
    let table = Template::embedded().expect("the template is readable").table;

    let first = Engine::open(&directory).expect("opens");
    assert!(dynamodb::create_table(&first, &table).await.expect("the table is created"));
    put_if_absent(&client(&first), "a", "one").await.expect("puts");
    drop(first);
    let second = Engine::open(&directory).expect("opens");
    let created = dynamodb::create_table(&second, &table).await.expect("the table is found");
    let found = content(&client(&second), "a").await;

    drop(second);
    std::fs::remove_dir_all(&directory).expect("the directory goes");
    assert!(!created);
    assert_eq!(found.as_deref(), Some("one"));
}
