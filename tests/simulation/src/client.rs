//! Whoever does something: sends requests, tries again where nothing came back, moves the clock, runs the schedule and
//! the worker; and enters in the book what was wanted and what was told.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use billing::time::Timestamp;
use futures_util::future::{Either, select};
use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};

use crate::book::{Content, Deed, Told, UsageKey, Version, Wish};
use crate::history::Shared;
use crate::seed::Seed;
use crate::world::{Environment, Kind, PRICES, SITES, SUBSCRIPTIONS, api_key};

/// What came back of a request; nothing, where the invocation crashed.
pub type Answer = Option<(u16, Value)>;

/// How often a message is delivered at most.
const MOST_RECEIVES: u64 = 5;

/// Somebody.
pub struct Client {
    /// Their number.
    pub number: usize,
    /// What they share with everybody.
    pub shared: Arc<Shared>,
    /// What they decide by.
    pub seed: Seed,
    /// Whether they do nothing but race with the close.
    pub races: bool,
    /// The versions that they know of.
    pub known: Vec<(UsageKey, i64)>,
}

impl Client {
    /// Somebody who knows nothing yet.
    pub fn new(number: usize, shared: &Arc<Shared>, seed: Seed) -> Client {
        Client { number, shared: Arc::clone(shared), seed, races: false, known: Vec::new() }
    }

    /// Makes a world and lets its first period begin.
    pub async fn make_world(mut self, kind: Kind) {
        for site in &SITES[..kind.sites] {
            for (method, path, body) in kind.requests(site) {
                let key = if body["site_id"].is_string() || path == "/v1/sites" {
                    local::functions::ROOT_KEY.to_owned()
                } else {
                    api_key(site)
                };
                let answer = self.send(method, path, Some(body), &key, &[]).await;
                let made = answer.as_ref().is_some_and(|(status, _)| *status == 201);
                self.shared.check("the world is made", made, || format!("{path}: {answer:?}"));
            }
        }
        self.tick().await;
        while self.work(3, 0).await {}
    }

    /// One request through the function that the path belongs to, in one of its environments.
    pub async fn send(
        &mut self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
        key: &str,
        headers: &[(&'static str, String)],
    ) -> Answer {
        let content = if body.is_some() { Some("application/json") } else { None };
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        self.send_text(method, path, text, content, key, headers).await
    }

    /// The same with a body of any type.
    pub async fn send_text(
        &mut self,
        method: &'static str,
        path: &str,
        body: String,
        content_type: Option<&str>,
        key: &str,
        headers: &[(&'static str, String)],
    ) -> Answer {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("https://api.example.com{path}"))
            .header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let number = self.number;
        self.shared.tell(|| format!("      {number:>3} > {method} {path} {body}"));
        let request = request.body(Body::from(body)).ok()?;
        let environment = self.seed.below(self.shared.environments.len());
        let shared = Arc::clone(&self.shared);
        let site = SITES.into_iter().find(|site| api_key(site) == key);
        let response = self.invoke(site, answer(&shared.environments[environment], shared.now(), request)).await;
        let answer = response.map(|response| {
            let body = match response.body() {
                Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
                Body::Binary(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
                _ => Value::Null,
            };
            (response.status().as_u16(), body)
        });
        self.shared.tell(|| match &answer {
            Some((status, body)) => format!("      {number:>3} < {status} {body}"),
            None => format!("      {number:>3} < crashed"),
        });
        answer
    }

    /// Runs an invocation until it is done, or crashes.
    async fn invoke<T>(&mut self, site: Option<&'static str>, invocation: impl Future<Output = T>) -> Option<T> {
        self.shared.count(|counts| counts.invocations += 1);
        let crashed = self.shared.network.begin(self.number, site);
        // The crash first: a crashed invocation does nothing more, not even see that its calls failed.
        match select(crashed, Box::pin(invocation)).await {
            Either::Left(_) => None,
            Either::Right((done, _)) => Some(done),
        }
    }

    /// The schedule fires; whether nothing was due.
    pub async fn tick(&mut self) -> bool {
        let environment = self.seed.below(self.shared.environments.len());
        let shared = Arc::clone(&self.shared);
        let number = self.number;
        shared.tell(|| format!("      {number:>3} > tick at {}", shared.now()));
        let deps = &shared.environments[environment].close_periods;
        let done = self.invoke(None, close_periods::handle(deps, shared.now(), json!({}))).await;
        shared.tell(|| format!("      {number:>3} < {done:?}"));
        matches!(done, Some(Ok(answer)) if answer["due"] == 0)
    }

    /// The worker gets a batch of messages, any of those in the queue; so many in a thousand stay there although they
    /// are done. Whether there were any.
    pub async fn work(&mut self, most: usize, stay: usize) -> bool {
        let mut batch = Vec::new();
        {
            let mut cloud = self.shared.cloud();
            while batch.len() < most && !cloud.queue.is_empty() {
                let pick = self.seed.below(cloud.queue.len());
                batch.push(cloud.queue.remove(pick));
            }
        }
        if batch.is_empty() {
            return false;
        }
        let event: SqsEvent = serde_json::from_value(json!({ "Records": batch })).unwrap_or_default();
        let environment = self.seed.below(self.shared.environments.len());
        let shared = Arc::clone(&self.shared);
        let number = self.number;
        shared.tell(|| format!("      {number:>3} > work on {} at {}", json!(batch), shared.now()));
        let deps = &shared.environments[environment].issue_invoice;
        let done = self.invoke(None, issue_invoice::handle(deps, shared.now(), event)).await;
        shared.tell(|| format!("      {number:>3} < {done:?}"));
        for mut message in batch {
            let failed = !is_done(done.as_ref(), &message);
            let receives = message["receives"].as_u64().unwrap_or_default() + 1;
            message["receives"] = json!(receives);
            // What fails too often goes to the dead letters; it stays due, so that the schedule sends it again.
            if (failed || self.seed.chance(stay)) && receives < MOST_RECEIVES {
                self.shared.cloud().queue.push(message);
            }
        }
        true
    }

    /// Enters what was wanted and told.
    pub fn enter(&self, key: &UsageKey, begun: usize, now: Timestamp, wish: Wish, told: Told, late: bool) {
        let ended = self.shared.next_step();
        let tainted = self.shared.network.is_tainted(self.number);
        let deed = Deed { begun, ended, now: now.millis(), wish, told, late, tainted };
        self.shared.book().enter(key, deed);
    }
}

/// What was deleted from the queue: nothing of a batch that crashed, and nothing that failed.
fn is_done(done: Option<&SqsBatchResponse>, message: &Value) -> bool {
    let failed = |done: &SqsBatchResponse| {
        done.batch_item_failures.iter().any(|failure| message["messageId"] == failure.item_identifier.as_str())
    };
    done.is_some_and(|done| !failed(done))
}

/// Answers a request by the function that its path belongs to.
async fn answer(functions: &Environment, now: Timestamp, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let usages = path.contains("/usages");
    if usages && request.method() != "GET" {
        Box::pin(record_usage::handle(&functions.record_usage, now, request)).await
    } else if usages || path.contains("/usage-charges") {
        Box::pin(usage_charges::handle(&functions.usage_charges, now, request)).await
    } else if path.starts_with("/v1/subscriptions") {
        Box::pin(subscriptions::handle(&functions.subscriptions, now, request)).await
    } else if path.contains("/invoices") || path.contains("/stuck") {
        Box::pin(invoices::handle(&functions.invoices, now, request)).await
    } else {
        Box::pin(catalog::handle(&functions.catalog, now, request)).await
    }
}

/// The path of a subscription's usages.
pub fn usages_path(key: &UsageKey) -> String {
    format!("/v1/subscriptions/{}/usages", SUBSCRIPTIONS[key.subscription])
}

/// A usage as it is sent.
pub fn usage_json(key: &UsageKey, content: &Content) -> Value {
    let mut usage = json!({
        "item_price_id": PRICES[key.price],
        "usage_date": instant(key.date),
        "quantity": content.0,
    });
    if let Some(id) = key.id {
        usage["id"] = json!(id);
    }
    if let Some(note) = &content.1 {
        usage["note"] = json!(note);
    }
    usage
}

/// An instant on the wire.
pub fn instant(millis: i64) -> String {
    Timestamp::from_millis(millis).unwrap_or(Timestamp::MIN).to_string()
}

/// The version that an answer shows.
pub fn version(usage: &Value) -> Option<Version> {
    let quantity = usage["quantity"].as_str()?.to_owned();
    let note = usage["note"].as_str().map(str::to_owned);
    Some(((quantity, note), usage["resource_version"].as_i64()?))
}

/// Whether an answer shows a usage that came after its period was sealed.
pub fn is_late(usage: &Value) -> bool {
    usage["not_billable_reason"] == "late"
}

/// What the answer to recording a usage tells.
pub fn told(status: u16, body: &Value) -> Option<Told> {
    let kind = body["type"].as_str().unwrap_or_default();
    Some(match (status, kind) {
        (201, _) => Told::Recorded(version(body)?.1),
        (200, _) => Told::Replayed(version(body)?.1),
        (409, "/problems/conflicting-usage") => Told::Conflicting(version(&body["existing"])?),
        (409, "/problems/deleted-usage") => Told::WasDeleted,
        (409, "/problems/late-usage") | (422, "/problems/too-far-ahead") => Told::Refused,
        (422, "/problems/usage-limit-reached") => Told::Full,
        (500.., _) => Told::Nothing,
        _ => return None,
    })
}
