//! The demo: the invoice of the ChargeOver document, again and again, and over a restart.

use std::path::PathBuf;

use local::demo::{self, DEMO_KEY, Outcome};
use local::system::System;
use serde_json::{Value, json};

use crate::harness::World;

async fn run(system: &System) -> Outcome {
    demo::run(system, |_| {}).await.unwrap()
}

async fn invoices(world: &World) -> Value {
    world.send(http::Method::GET, "/v1/invoices", None, DEMO_KEY, &[]).await.expect(200)["list"].clone()
}

#[tokio::test]
async fn the_demo_makes_the_invoice_of_the_document() {
    let world = World { system: System::for_test().await.unwrap() };

    let outcome = run(&world.system).await;

    assert_eq!(outcome.total, "28.05");
    assert!(outcome.is_right());
    let invoices = invoices(&world).await;
    let [invoice] = invoices.as_array().unwrap().as_slice() else { panic!("{invoices:#}") };
    assert_eq!((&invoice["number"], &invoice["total"]), (&json!("1234-1"), &json!("28.05")));
    assert_eq!((&invoice["closed_at"], &invoice["due_date"]), (&json!("2015-10-01T01:00:00Z"), &json!("2015-10-08")));
    let lines: Vec<[&Value; 4]> = invoice["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| [&line["description"], &line["quantity"], &line["unit_amount"], &line["amount"]])
        .collect();
    assert_eq!(
        lines,
        [
            [&json!("VoIP line"), &json!("1"), &Value::Null, &json!("10.00")],
            [&json!("VoIP minutes"), &json!("361"), &json!("0.05"), &json!("18.05")],
        ]
    );
}

#[tokio::test]
async fn a_second_run_of_the_demo_changes_nothing() {
    let world = World { system: System::for_test().await.unwrap() };
    let first = run(&world.system).await;
    let before = invoices(&world).await;

    let second = run(&world.system).await;

    assert_eq!(second, first);
    assert_eq!(invoices(&world).await, before);
}

#[tokio::test]
async fn the_demo_survives_a_restart() {
    let directory = TemporaryDirectory::new("demo-restart");
    let world = World { system: System::open(Some(&directory.0)).await.unwrap() };
    let first = run(&world.system).await;
    let before = invoices(&world).await;
    drop(world);

    let world = World { system: System::open(Some(&directory.0)).await.unwrap() };

    assert!(!world.system.created_table());
    assert_eq!(invoices(&world).await, before);
    assert_eq!(run(&world.system).await, first);
    assert_eq!(invoices(&world).await, before);
}

#[tokio::test]
async fn the_sample_events_speak_of_the_demo() {
    let world = World { system: System::for_test().await.unwrap() };
    run(&world.system).await;
    let before = invoices(&world).await;
    let messages: Value = serde_json::from_str(include_str!("../../events/issue-invoice.json")).unwrap();

    let mut answers = Vec::new();
    for (folder, event) in [
        ("catalog", include_str!("../../events/catalog.json")),
        ("invoices", include_str!("../../events/invoices.json")),
        ("subscriptions", include_str!("../../events/subscriptions.json")),
        ("usage-charges", include_str!("../../events/usage-charges.json")),
    ] {
        let answer = world.system.invoke(folder, &serde_json::from_str(event).unwrap()).await;
        assert_eq!(answer.status().as_u16(), 200, "{folder}: {:?}", answer.body());
        answers.push(serde_json::from_slice::<Value>(answer.body()).unwrap());
    }
    world.enqueue(messages["Records"][0]["body"].as_str().unwrap()).await;
    let pumped = world.system.pump().await;

    assert_eq!((&answers[0]["id"], &answers[0]["number"]), (&json!("acme"), &json!("1234")));
    assert_eq!(answers[1]["list"], before);
    assert_eq!((pumped.deleted, pumped.failed), (1, 0));
    assert_eq!(invoices(&world).await, before);
}

/// A directory of one test's own, removed with it.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new(name: &str) -> TemporaryDirectory {
        let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        TemporaryDirectory(std::env::temp_dir().join(format!("{name}-{}-{nanos}", std::process::id())))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
