//! Ten thousand subscriptions whose periods end in the same minute: ticks, messages, invoices, and what they take.

use std::time::{Duration, Instant};

use bytes::Bytes;
use local::System;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::setup::{END, GRACE_OVER, pump};
use crate::spent::{Spent, ms_each};
use crate::{invoices, setup};

/// Write units that an invoice with its 30 usages may take, generated and closed.
const MOST_WRITE_UNITS: f64 = 16.0;
/// Read units that it may take.
const MOST_READ_UNITS: f64 = 12.5;
/// Messages that are sent again, to see what they take.
const AGAIN: u32 = 1_000;

/// What a step took.
struct Step {
    what: &'static str,
    messages: u32,
    passed: Duration,
    spent: Spent,
    write_units: f64,
    read_units: f64,
}

/// Sets up on this thread, and measures on another one.
pub fn run(runtime: &Runtime, subscriptions: u32, usages: u32) -> u64 {
    let system = runtime.block_on(async {
        let system = System::open(None).await.unwrap();
        setup::run(&system, subscriptions, usages).await;
        system
    });
    let measured = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(measure(&system, subscriptions))
    };
    let mut faults = std::thread::scope(|scope| {
        std::thread::Builder::new().name("host".to_owned()).spawn_scoped(scope, measured).unwrap().join().unwrap()
    });
    faults += runtime.block_on(invoices::faults(&system, subscriptions, usages));
    faults
}

/// Generates and closes the invoices, as the schedule and the queue do on AWS.
async fn measure(system: &System, subscriptions: u32) -> u64 {
    let mut steps = Vec::new();
    let mut faults = 0;
    for (at, [tick, again, work]) in [
        (END, ["the tick at the periods' end", "another one while the queue is busy", "its messages: generate"]),
        (GRACE_OVER, ["the tick when the grace is over", "another one while the queue is busy", "its messages: close"]),
    ] {
        system.set_now(at.parse().unwrap());
        for what in [tick, again] {
            steps.push(step(system, what, tick_once(system)).await);
        }
        let worked = step(system, work, pump(system, "messages", subscriptions)).await;
        faults += u64::from(worked.messages.abs_diff(subscriptions));
        steps.push(worked);
    }
    faults += report(&steps, subscriptions);

    for n in 0..AGAIN.min(subscriptions) {
        let body = json!({"site_id": "scale", "subscription_id": format!("s{n}")}).to_string();
        let url = format!("{}{}/InvoiceQueue", local::engine::sqs::ADDRESS, "123456789012");
        let message = json!({"QueueUrl": url, "MessageBody": body}).to_string();
        let sent = system.engine().send("AmazonSQS.SendMessage", Bytes::from(message)).await.unwrap();
        assert_eq!(sent.status, 200, "{sent:?}");
    }
    let again = step(system, "messages that come again", pump(system, "messages", AGAIN.min(subscriptions))).await;
    println!("{}", row(&again));
    faults
}

/// Runs the schedule once, and gives how many messages it sent.
async fn tick_once(system: &System) -> u32 {
    let answer = system.tick().await.unwrap().remove(0);
    let of = |name: &str| answer[name].as_u64().unwrap_or_default();
    u32::try_from(of("due") - of("unsent")).unwrap()
}

async fn step(system: &System, what: &'static str, work: impl Future<Output = u32>) -> Step {
    let engine = system.engine();
    engine.reset_capacity();
    let (begun, before) = (Instant::now(), Spent::now(engine));
    let messages = work.await;
    let (passed, spent) = (begun.elapsed(), &Spent::now(engine) - &before);
    let capacity = engine.capacity();
    Step { what, messages, passed, spent, write_units: capacity.write_units(), read_units: capacity.read_units() }
}

/// Prints what each step took, and counts what was too much.
fn report(steps: &[Step], subscriptions: u32) -> u64 {
    println!(
        "\n| | messages | seconds | write units | read units | our CPU s | engines' CPU s | our CPU ms a message |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for step in steps {
        println!("{}", row(step));
    }
    let sum = |of: fn(&Step) -> f64| steps.iter().map(of).sum::<f64>();
    let (own, engine) = (sum(|step| step.spent.own().as_secs_f64()), sum(|step| step.spent.engine().as_secs_f64()));
    let invoices = f64::from(subscriptions);
    let write_units = sum(|step| step.write_units) / invoices;
    let read_units = sum(|step| step.read_units) / invoices;
    println!(
        "\n{subscriptions} invoices in {:.1} s; each took {write_units:.2} write units, {read_units:.2} read units, {:.2} ms of our \
         processor time and {:.2} ms of the engines': {:.0} invoices a second and core without the engines, {:.0} with them",
        sum(|step| step.passed.as_secs_f64()),
        own * 1_000.0 / invoices,
        engine * 1_000.0 / invoices,
        invoices / own,
        invoices / (own + engine),
    );
    if let Some(close) = steps.last() {
        println!("\n| calls of a close | each invoice | engines' CPU ms an invoice |\n|---|---|---|");
        for (operation, busy) in close.spent.operations() {
            let calls = busy.calls as f64 / invoices;
            println!("| {operation} | {calls:.2} | {:.3} |", ms_each(busy.time, subscriptions));
        }
    }
    println!();
    u64::from(write_units > MOST_WRITE_UNITS || read_units > MOST_READ_UNITS)
}

fn row(step: &Step) -> String {
    let Step { what, messages, passed, spent, write_units, read_units } = step;
    format!(
        "| {what} | {messages} | {:.1} | {write_units:.0} | {read_units:.0} | {:.2} | {:.2} | {:.2} |",
        passed.as_secs_f64(),
        spent.own().as_secs_f64(),
        spent.engine().as_secs_f64(),
        ms_each(spent.own(), *messages),
    )
}
