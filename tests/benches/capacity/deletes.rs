//! Deletions, one by one.

use serde_json::Value;

use crate::cost::Cost;
use crate::harness::World;
use crate::table::{figure, print};
use crate::usages::{Kind, PATH, month, spread};

/// Counts deletions of usages with ids of the system and with the caller's own.
pub async fn run(quick: bool) {
    let count = if quick { 100 } else { 500 };
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        eprintln!("deletions: {}", kind.name());
        let world = month().await;
        let mut usages = Vec::new();
        for second in spread(count) {
            usages.push(world.post(PATH, kind.usage(second)).await.expect(201));
        }
        let cost = Cost::of(&world, count, delete(&world, &usages)).await;
        rows.push(vec![
            kind.name().to_owned(),
            figure(cost.writes()),
            figure(cost.reads()),
            figure(cost.calls()),
            figure(cost.dollars()),
        ]);
    }
    let header = ["deletions", "write units", "read units", "calls", "USD a million"];
    print("### Deletions", &header, &rows);
    println!("\nOf {count} usages of a month. One with the caller's own id is looked for in the subscription's pages.");
}

async fn delete(world: &World, usages: &[Value]) {
    for usage in usages {
        let path = format!("{PATH}/{}", usage["id"].as_str().unwrap());
        let version = format!("\"{}\"", usage["resource_version"]);
        world.delete(&path, &[("if-match", &version)]).await.expect(204);
    }
}
