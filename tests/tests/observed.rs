//! What whoever operates the system gets to see: the log's lines, and the metrics.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use api::metrics::{Counts, Metric, counted};
use billing::time::Timestamp;
use lambda_runtime::Context;
use lambda_runtime::layers::trace::request_span;
use serde_json::{Value, json};
use tracing::{Instrument, Level};

use crate::harness::{KEY, World};

/// What a caller may have written, and no line may hold.
const SECRETS: [&str; 5] = ["7731.25", "a private note", "hostile-key", "sneaky", "%22broken"];

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A log for whoever looks at none. While there is one log in the process and no other, `tracing` asks the thread that
/// first meets a line whether anybody wants it; one that logs nothing would say no for all.
static NOWHERE: LazyLock<()> = LazyLock::new(|| {
    let log = api::log::subscriber(Level::INFO, "function".to_owned(), std::io::sink());
    tracing::subscriber::set_global_default(log).unwrap();
});

/// What was logged and counted while the work was done, inside the span that Lambda's runtime makes.
async fn observed<T>(work: impl Future<Output = T>) -> (T, Vec<Value>, Counts) {
    LazyLock::force(&NOWHERE);
    let output = Output::default();
    let log = api::log::subscriber(Level::INFO, "function".to_owned(), output.clone());
    let _installed = tracing::subscriber::set_default(log);
    let mut context = Context::default();
    context.request_id = "invocation-1".to_owned();
    let (done, counts) = counted(work.instrument(request_span(&context))).await;
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    for secret in SECRETS.iter().chain([&KEY]) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        line["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
        assert!(line.as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array()), "{line}");
    }
    (done, lines, counts)
}

fn usage(date: &str) -> Value {
    json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": "7731.25", "note": "a private note"})
}

async fn world() -> World {
    let world = World::at("2026-02-10T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2026-01-01T00:00:00Z", &["minutes-usd"]).await;
    world
}

#[tokio::test]
async fn each_request_is_one_line_without_anything_that_the_caller_wrote() {
    let world = world().await;
    let path = "/v1/subscriptions/sub/usages";

    let (_, lines, _) = observed(world.post(path, usage("2026-01-05T00:00:00Z"))).await;

    let [line] = lines.as_slice() else { panic!("{lines:#?}") };
    let expected = [
        ("message", json!("answered")),
        ("method", json!("POST")),
        ("route", json!("/v1/subscriptions/{subscription_id}/usages")),
        ("status", json!(201)),
        ("site_id", json!("site")),
        ("function", json!("function")),
        ("invocation_id", json!("invocation-1")),
    ];
    for (name, value) in expected {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line["duration_ms"].is_u64());
}

#[tokio::test]
async fn a_hostile_request_leaves_no_trace_but_its_refusal_under_the_id_that_it_was_told() {
    let world = world().await;
    let path = "/v1/subscriptions/sub/usages";
    let text = |text: &str| Some(text.to_owned());
    for (path, body, key, headers, status) in [
        (path, text(r#"{"quantity": "7731.25", "note": "a private note"#), KEY, [("x-note", "sneaky")], 400),
        (path, text(&usage("2026-01-05T00:00:00Z").to_string()), "hostile-key", [("cookie", "a=sneaky")], 401),
        (path, text("{}"), KEY, [("content-type", "text/sneaky")], 415),
        ("/v1/subscriptions/sub/usages?quantity=7731.25&q=%22broken", text("{}"), KEY, [("x-note", "sneaky")], 400),
        ("/v1/subscriptions/sneaky%0A%22broken/usages", text("{}"), KEY, [("x-note", "sneaky")], 400),
        (path, text(&json!({"item_price_id": "sneaky", "quantity": "1e99"}).to_string()), KEY, [("x", "sneaky")], 400),
    ] {
        let request = world.send_text(http::Method::POST, path, body, key, &headers);

        let (answer, lines, _) = observed(request).await;

        let [line] = lines.as_slice() else { panic!("{lines:#?}") };
        assert_eq!((answer.status, &line["status"]), (status, &json!(status)), "{:#}", answer.body);
        assert_eq!(line["request_id"], answer.body["request_id"], "{line}");
        assert_eq!(line["problem"], answer.body["type"], "{line}");
    }
}

#[tokio::test]
async fn usages_are_counted_by_what_became_of_them_and_what_they_consumed() {
    let world = world().await;
    world.live_until("2026-02-10T01:00:00Z").await;
    let batch = json!({"usages": [
        usage("2026-02-05T00:00:00Z"),
        usage("2026-02-05T00:00:00Z"),
        usage("2026-02-06T00:00:00Z"),
        {"item_price_id": "minutes-usd", "usage_date": "2026-02-05T00:00:00Z", "quantity": "1"},
        usage("2026-01-05T00:00:00Z"),
        usage("2027-01-05T00:00:00Z"),
        {"quantity": "1e99"},
    ]});
    let (answer, _, counts) = observed(world.post("/v1/subscriptions/sub/usages", batch)).await;

    assert_eq!(answer.status, 207, "{:#}", answer.body);
    let count = |metric| counts.of(metric);
    assert_eq!(count(Metric::UsagesRecorded), 2);
    assert_eq!(count(Metric::UsagesReplayed), 1);
    assert_eq!(count(Metric::UsagesConflicting), 1);
    assert_eq!(count(Metric::UsagesLate), 1);
    assert_eq!(count(Metric::UsagesRefused), 2);
    assert!(count(Metric::WriteUnits) > 0 && count(Metric::ReadUnits) > 0, "{counts:?}");
}

#[tokio::test]
async fn the_units_of_an_invocation_are_those_that_the_table_says() {
    let world = world().await;
    world.usage("2026-02-05T00:00:00Z", "1").await.expect(201);
    world.system.engine().reset_capacity();

    let (_, _, counts) = observed(world.usage("2026-02-06T00:00:00Z", "1")).await;

    let used = world.system.engine().capacity();
    assert_eq!(counts.of(Metric::WriteUnits), 1_000);
    assert_eq!((used.write_units(), used.read_units() * 1_000.0), (1.0, counts.of(Metric::ReadUnits) as f64));
    assert_eq!(counts.of(Metric::RefusedWrites), 0);
    let (_, _, counts) = observed(world.usage("2026-02-06T00:00:00Z", "1")).await;
    assert_eq!((counts.of(Metric::WriteUnits), counts.of(Metric::RefusedWrites)), (0, 1));
}

#[tokio::test]
async fn a_closed_period_is_counted_and_logged() {
    let world = World::live("2026-01-10T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2026-01-01T00:00:00Z", &["minutes-usd"]).await;
    world.post("/v1/subscriptions/sub/usages", usage("2026-01-05T00:00:00Z")).await.expect(201);
    world.set_now("2026-02-10T00:00:00Z");

    let (_, _, due) = observed(world.system.tick()).await;
    let (_, lines, closed) = observed(world.system.pump()).await;

    assert_eq!(due.of(Metric::DueSubscriptions), 1);
    assert_eq!((closed.of(Metric::InvoicesGenerated), closed.of(Metric::InvoicesClosed)), (1, 1));
    assert_eq!(closed.of(Metric::FailedCloses), 0);
    let line = lines.iter().find(|line| line["message"] == "advanced a subscription").unwrap();
    assert_eq!(
        (&line["site_id"], &line["subscription_id"], &line["closed"]),
        (&json!("site"), &json!("sub"), &json!(1))
    );
}

/// A line of what is stuck is what the template's metric filter selects, and says nothing of the usage that has no price.
#[tokio::test]
async fn what_is_stuck_is_what_the_templates_filter_counts() {
    let world = World::live("2026-01-10T00:00:00Z").await;
    world.catalogue().await;
    let tiers = json!({"model": "tiered", "tiers": [{"up_to": "10", "unit_amount": "1"}]});
    world.item_price("closed-usd", json!({"metered": true, "price": tiers})).await;
    world.subscribe("2026-01-01T00:00:00Z", &["closed-usd"]).await;
    let beyond = json!({"item_price_id": "closed-usd", "usage_date": "2026-01-05T00:00:00Z", "quantity": "7731.25"});
    world.post("/v1/subscriptions/sub/usages", beyond).await.expect(201);
    world.set_now("2026-02-10T00:00:00Z");
    world.system.tick().await.unwrap();

    let (_, lines, counts) = observed(world.system.pump_once()).await;

    let template = include_str!("../../template.yaml");
    let pattern = template.lines().find_map(|line| line.trim().strip_prefix("FilterPattern: ")).unwrap();
    let field = pattern.trim_matches('"').strip_prefix("{ $.").and_then(|rest| rest.strip_suffix(" = * }")).unwrap();
    let selected: Vec<&Value> = lines.iter().filter(|line| !line[field].is_null()).collect();
    let [line] = selected.as_slice() else { panic!("{field} in {lines:#?}") };
    assert_eq!((&line["message"], &line["stuck_failures"]), (&json!("a subscription is stuck"), &json!(1)));
    assert_eq!(counts.of(Metric::FailedCloses), 1);
    assert!(
        world.stuck().await[0]["reason"].as_str().unwrap().contains("7731.25"),
        "the reason is told where it helps"
    );
}
