use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};

use super::*;
use crate::engine::{Call, Interceptor, Verdict, sqs};
use crate::template::Template;

struct Queues {
    engine: Engine,
    pump: QueuePump,
    url: String,
}

async fn queues() -> Queues {
    over(Engine::in_memory().expect("SQLite opens")).await
}

async fn over(engine: Engine) -> Queues {
    let template = Template::embedded().expect("the template is readable");
    let urls = sqs::create_queues(&engine, &template.queues, true).await.expect("the queues are created");
    let (url, dead) = (urls["InvoiceQueue"].clone(), urls["InvoiceDeadLetterQueue"].clone());
    let pump = QueuePump::new(engine.clone(), "InvoiceQueue".to_owned(), url.clone(), Some(dead), 10);
    Queues { engine, pump, url }
}

async fn send(queues: &Queues, bodies: &[&str]) {
    let client = invoice_queue::client::connect(Some(queues.engine.http_client()));
    for body in bodies {
        client.send_message().queue_url(&queues.url).message_body(*body).send().await.expect("sends");
    }
}

fn failing(ids: &[&str]) -> SqsBatchResponse {
    let failures: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    serde_json::from_value(json!({ "batchItemFailures": failures })).expect("has the right shape")
}

fn ids_of<'a>(event: &'a SqsEvent, body: &str) -> Vec<&'a str> {
    let wanted = event.records.iter().filter(|record| record.body.as_deref() == Some(body));
    wanted.filter_map(|record| record.message_id.as_deref()).collect()
}

#[tokio::test]
async fn a_batch_arrives_as_an_event_and_is_deleted() {
    let queues = queues().await;
    send(&queues, &["one", "two"]).await;
    let seen = StdMutex::new(Vec::new());

    let pumped = queues
        .pump
        .pump_once(|event| {
            seen.lock().expect("is free").extend(event.records);
            async { failing(&[]) }
        })
        .await;

    assert_eq!(pumped, Pumped { received: 2, deleted: 2, failed: 0 });
    let seen = seen.into_inner().expect("is free");
    assert_eq!(seen[0].body.as_deref(), Some("one"));
    assert_eq!(seen[0].event_source.as_deref(), Some("aws:sqs"));
    assert_eq!(seen[0].event_source_arn.as_deref(), Some("arn:aws:sqs:us-east-1:123456789012:InvoiceQueue"));
    assert_eq!(seen[0].attributes["ApproximateReceiveCount"], "1");
    assert!(seen[0].attributes.contains_key("SentTimestamp"));
    assert_eq!(queues.pump.pump_once(|_| async { failing(&[]) }).await, Pumped::default());
}

#[tokio::test]
async fn at_most_ten_messages_come_at_once() {
    let queues = queues().await;
    send(&queues, &["m"; 12]).await;

    let first = queues.pump.pump_once(|_| async { failing(&[]) }).await;
    let second = queues.pump.pump_once(|_| async { failing(&[]) }).await;

    assert_eq!((first.received, second.received), (10, 2));
}

#[tokio::test]
async fn what_fails_comes_again_and_after_five_times_is_a_dead_letter() {
    let queues = queues().await;
    send(&queues, &["good", "poison", "good"]).await;
    let deliveries = AtomicUsize::new(0);
    let poisoned = |event: SqsEvent| {
        let failed = failing(&ids_of(&event, "poison"));
        deliveries.fetch_add(ids_of(&event, "poison").len(), Ordering::SeqCst);
        async { failed }
    };

    let pumped = queues.pump.pump_until_idle(poisoned).await;

    assert_eq!(pumped, Pumped { received: 7, deleted: 2, failed: 5 });
    assert_eq!(deliveries.load(Ordering::SeqCst), 5);
    let letters = queues.pump.dead_letters().await.expect("is readable");
    assert_eq!(letters.iter().map(|letter| letter.body.as_str()).collect::<Vec<_>>(), ["poison"]);
    assert_eq!(queues.pump.dead_letters().await.expect("is readable"), letters);

    assert_eq!(queues.pump.redrive().await.expect("moves"), 1);
    let redriven = queues.pump.pump_until_idle(|_| async { failing(&[]) }).await;
    assert_eq!(redriven, Pumped { received: 1, deleted: 1, failed: 0 });
    assert_eq!(queues.pump.dead_letters().await.expect("is readable"), []);
}

#[tokio::test]
async fn an_unknown_id_fails_the_whole_batch() {
    let queues = queues().await;
    send(&queues, &["one", "two"]).await;

    let pumped = queues.pump.pump_once(|_| async { failing(&["somebody else's"]) }).await;

    assert_eq!(pumped, Pumped { received: 2, deleted: 0, failed: 2 });
}

#[tokio::test]
async fn a_panic_fails_the_whole_batch() {
    let queues = queues().await;
    send(&queues, &["one", "two"]).await;
    let panicking = |event: SqsEvent| async move {
        assert!(event.records.is_empty(), "the function panics");
        failing(&[])
    };

    let pumped = queues.pump.pump_once(panicking).await;

    assert_eq!(pumped, Pumped { received: 2, deleted: 0, failed: 2 });
}

#[tokio::test]
async fn a_message_that_cannot_be_deleted_comes_again() {
    struct Undeletable(AtomicUsize);
    impl Interceptor for Undeletable {
        fn before(&self, call: &Call) -> Verdict {
            let first = call.operation == "DeleteMessageBatch" && self.0.fetch_add(1, Ordering::SeqCst) == 0;
            if first { Verdict::FailBefore } else { Verdict::Forward }
        }
    }
    let engine = Engine::in_memory().expect("SQLite opens");
    let queues = over(engine.with_interceptor(Arc::new(Undeletable(AtomicUsize::new(0))))).await;
    send(&queues, &["one"]).await;

    let pumped = queues.pump.pump_until_idle(|_| async { failing(&[]) }).await;

    assert_eq!(pumped, Pumped { received: 2, deleted: 1, failed: 1 });
}
