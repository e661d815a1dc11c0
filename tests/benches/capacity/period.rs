//! A whole period: what its charges and its close cost, and how many usages a page takes.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::budget::Budgets;
use crate::cost::Cost;
use crate::harness::World;
use crate::table::{figure, print};
use crate::usages::{Kind, month, post, spread};

/// Counts periods of growing size.
pub async fn run(quick: bool, budgets: &mut Budgets) {
    let mut rows = Vec::new();
    for (count, kinds) in [(30, 4), (500, 4), (5_000, 4), (if quick { 10_000 } else { 100_000 }, 1)] {
        for kind in Kind::ALL.into_iter().take(kinds) {
            eprintln!("a period of {count}: {}", kind.name());
            rows.push(run_one(count, kind, budgets).await);
        }
    }
    let header = [
        "usages in the period",
        "",
        "pages",
        "usages per KB",
        "charges: read units",
        "USD a million queries",
        "generate: write units",
        "seal: write units",
        "close, all of it: write units",
        "close: read units",
        "USD a million closes",
    ];
    print("### A period's charges and its close", &header, &rows);
}

async fn run_one(count: usize, kind: Kind, budgets: &mut Budgets) -> Vec<String> {
    let world = month().await;
    world.system.settle().await.unwrap();
    let usages: Vec<Value> = spread(count).into_iter().map(|second| kind.usage(second)).collect();
    post(&world, &usages, 1_000).await;
    let (pages, bytes) = pages(&world).await;

    let charges = Cost::of(&world, 1, async {
        let answer = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
        assert_eq!(answer["list"][0]["usage_count"], count);
    });
    let charges = charges.await;
    let generated = settle_at(&world, "2026-04-01T00:00:00Z").await;
    let closed = settle_at(&world, "2026-04-01T01:00:00Z").await;
    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!((&invoice["status"], &invoice["lines"][0]["usage_count"]), (&json!("payment_due"), &json!(count)));

    let sealed = closed.meter.of("UpdateItem").write_units;
    let counted = f64::from(u32::try_from(count).unwrap());
    let name = format!("{count} usages, {}", kind.name());
    let read = charges.meter.of("Query").read_units + charges.meter.of("TransactGetItems").read_units;
    // Each query of 500 pages rounds up.
    let further = f64::from(u32::try_from(pages / 500).unwrap());
    budgets.hold(format!("charges of {name}: read"), read, bytes / 4_096.0 + 2.0 + further);
    if kind == Kind::Plain {
        budgets.hold(format!("seal {name}: write"), sealed, 0.05 * counted + 2.0);
    }
    vec![
        count.to_string(),
        kind.name().to_owned(),
        pages.to_string(),
        figure(counted / (bytes / 1_024.0)),
        figure(charges.reads()),
        figure(charges.dollars()),
        figure(generated.writes()),
        figure(sealed),
        figure(closed.writes()),
        figure(closed.reads()),
        figure(closed.dollars()),
    ]
}

async fn settle_at(world: &World, now: &str) -> Cost {
    world.set_now(now);
    let settled = async {
        world.system.settle().await.unwrap();
    };
    Cost::of(world, 1, settled).await
}

/// How many pages there are, and the bytes that DynamoDB counts of them: every name and every value.
pub async fn pages(world: &World) -> (usize, f64) {
    let table = &world.system.template().table.name;
    let (mut pages, mut bytes, mut from) = (0, 0, Value::Null);
    loop {
        let mut request = json!({
            "TableName": table, "KeyConditionExpression": "PK = :partition AND begins_with(SK, :pages)",
            "ExpressionAttributeValues": {":partition": {"S": "SUB#site#sub"}, ":pages": {"S": "USAGE#"}},
        });
        if !from.is_null() {
            request["ExclusiveStartKey"] = from;
        }
        let answer = world.system.engine().send("DynamoDB_20120810.Query", Bytes::from(request.to_string())).await;
        let answer: Value = serde_json::from_slice(&answer.unwrap().body).unwrap();
        let items = answer["Items"].as_array().unwrap();
        pages += items.len();
        bytes += items.iter().map(size).sum::<u32>();
        from = answer["LastEvaluatedKey"].clone();
        if from.is_null() {
            return (pages, f64::from(bytes));
        }
    }
}

/// Names and texts by their bytes; a number two digits a byte, and one more.
fn size(item: &Value) -> u32 {
    let attribute = |(name, value): (&String, &Value)| {
        let bytes = match (value["S"].as_str(), value["N"].as_str()) {
            (Some(text), _) => text.len(),
            (_, Some(number)) => number.len().div_ceil(2) + 1,
            _ => panic!("a page holds texts and numbers: {value}"),
        };
        name.len() + bytes
    };
    u32::try_from(item.as_object().unwrap().iter().map(attribute).sum::<usize>()).unwrap()
}
