//! What comes after the close changes nothing of what was billed, and an export of anything else is refused.

use aws_sdk_dynamodb::types::AttributeValue;
use local::export::{ExportError, INVOICE_FILE, USAGES_FILE};
use local::verify::Outcome;
use serde_json::{Value, json};

use super::Served;
use crate::harness::{KEY, World};

/// March closed with so many usages of 1.25, an hour apart.
async fn closed_march(usages: usize) -> World {
    let world = World::at("2027-03-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-03-01T00:00:00Z", &["minutes-usd"]).await;
    world.live_until("2027-03-20T00:00:00Z").await;
    let usages: Vec<Value> = (0..usages).map(|n| minutes(n, "1.25")).collect();
    let answer = world.post("/v1/subscriptions/sub/usages", json!({"usages": usages})).await.expect(207);
    assert!(answer["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["status"] == 201));
    world.live_until("2027-04-01T02:00:00Z").await;
    world
}

fn minutes(n: usize, quantity: &str) -> Value {
    let date = 1_803_859_200 + 3_600 * n;
    json!({"item_price_id": "minutes-usd", "id": format!("m-{n}"), "quantity": quantity, "usage_date": date})
}

async fn delete(world: &World, id: &str) {
    let path = format!("/v1/subscriptions/sub/usages/{id}");
    let version = world.get(&path).await.expect(200)["resource_version"].clone();
    world.delete(&path, &[("if-match", &format!("\"{version}\""))]).await.expect(204);
}

/// The list of what an invoice billed, page by page.
async fn billed(world: &World, sort: &str) -> Vec<Value> {
    let list = format!("/v1/subscriptions/sub/usages?invoice_id=inv_sub_1&limit=50&sort={sort}");
    let (mut usages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("{list}{cursor}")).await.expect(200);
        usages.extend_from_slice(page["list"].as_array().unwrap());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return usages,
        }
    }
}

#[tokio::test]
async fn an_invoice_stays_right_whatever_is_deleted_corrected_or_added_after_its_close() {
    let world = closed_march(120).await;
    let before = billed(&world, "asc").await;

    for id in ["m-0", "m-49", "m-50", "m-119"] {
        delete(&world, id).await;
    }
    world.post("/v1/subscriptions/sub/usages", minutes(49, "99")).await.expect(201);
    world.post("/v1/subscriptions/sub/usages", minutes(120, "7")).await.expect(201);
    let after = billed(&world, "asc").await;
    let mut backwards = billed(&world, "desc").await;
    backwards.reverse();
    let stands = world.get("/v1/subscriptions/sub/usages?limit=100").await.expect(200);
    let served = Served::new("late", world.system).await;
    let (usages, _) = served.export("inv_sub_1", KEY).await.unwrap();
    let verified = served.verify();

    assert_eq!(before.len(), 120);
    assert!(before.iter().all(|usage| usage["invoice_id"] == "inv_sub_1" && usage["billable"] == true));
    assert_eq!((&after, &backwards), (&before, &before));
    let corrected = stands["list"].as_array().unwrap().iter().find(|usage| usage["id"] == "m-49").unwrap();
    assert_eq!((&corrected["quantity"], corrected.get("invoice_id")), (&json!("99"), None));
    assert_eq!(usages, 120);
    let exported: Vec<Value> =
        served.text(USAGES_FILE).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exported, before);
    assert_eq!(verified.outcome(), Outcome::Right, "{verified:#?}");
}

#[tokio::test]
async fn usages_that_are_not_those_of_the_invoice_are_not_exported() {
    let world = closed_march(3).await;
    let client = store::client::connect(Some(world.system.engine().http_client()));
    let table = &world.system.template().table.name;
    let pages = client
        .query()
        .table_name(table)
        .key_condition_expression("PK = :pk AND begins_with(SK, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S("SUB#site#sub".to_owned()))
        .expression_attribute_values(":prefix", AttributeValue::S("USAGE#minutes-usd#".to_owned()));
    let pages = pages.send().await.unwrap();
    let records = pages.items().iter().flat_map(|page| page.keys().map(move |name| (page, name)));
    let (page, record) = records.into_iter().find(|(_, name)| name.ends_with(".m-1")).unwrap();
    client
        .update_item()
        .table_name(table)
        .key("PK", page["PK"].clone())
        .key("SK", page["SK"].clone())
        .update_expression("REMOVE #record")
        .expression_attribute_names("#record", record)
        .send()
        .await
        .unwrap();
    let served = Served::new("incomplete", world.system).await;

    let error = served.export("inv_sub_1", KEY).await.unwrap_err();

    assert!(matches!(error, ExportError::Incomplete { counted: 3, listed: 2 }), "{error}");
    assert!(error.to_string().contains("counted 3 usages, but the API lists 2"), "{error}");
    assert!(!served.directory.join(INVOICE_FILE).exists());
}
