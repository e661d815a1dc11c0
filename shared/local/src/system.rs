//! The whole system in one process: engines, functions, HTTP API, schedule and queue.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use billing::time::Timestamp;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::engine::{Engine, dynamodb, sqs};
use crate::error::Error;
use crate::functions::Functions;
use crate::gateway::{self, HttpApi};
use crate::queue_pump::{DeadLetter, Pumped, QueuePump};
use crate::template::{Schedule, Template};

/// Rounds of schedule and queue after which [`System::settle`] gives up. A daily subscription of three years fits.
const MOST_ROUNDS: usize = 1_200;

/// The functions of this repository, running over the embedded engines.
pub struct System {
    engine: Engine,
    template: Template,
    clock: Clock,
    functions: Functions,
    http_api: HttpApi,
    pump: QueuePump,
    created_table: bool,
}

impl System {
    /// Starts a system for one test, over the embedded engines or those that the environment names
    /// ([`Engine::for_test`]).
    ///
    /// # Errors
    /// As [`System::with_engine`] and [`Engine::for_test`].
    pub async fn for_test() -> Result<Self, Error> {
        let engine = Engine::for_test()?;
        let queue_urls = sqs::create_queues(&engine, &Template::embedded()?.queues, true).await?;
        engine.empty_shared_queues(queue_urls.values()).await?;
        Self::with_engine(engine).await
    }

    /// Starts a system over a data directory, or in memory without one.
    ///
    /// # Errors
    /// As [`System::with_engine`], and when the directory cannot be opened.
    pub async fn open(data: Option<&Path>) -> Result<Self, Error> {
        match data {
            Some(directory) => Self::with_engine(Engine::open(directory)?).await,
            None => Self::with_engine(Engine::in_memory()?).await,
        }
    }

    /// Starts a system over an engine, which may hold the data of another system already and may inject faults. The
    /// functions are cold: they remember nothing.
    ///
    /// # Errors
    /// [`Error::Template`] when the template does not fit together, [`Error::OtherTable`] or [`Error::Refused`] when
    /// table and queues cannot be created.
    pub async fn with_engine(engine: Engine) -> Result<Self, Error> {
        let template = Template::embedded()?;
        let created_table = dynamodb::create_table(&engine, &template.table).await?;
        let queue_urls = sqs::create_queues(&engine, &template.queues, true).await?;
        let functions = Functions::new(&engine, &template, &queue_urls)?;
        check_wiring(&template)?;
        let [source] = template.queue_sources.as_slice() else {
            return Err(not_wired("the number of SQS event sources"));
        };
        let queue = template.queue(&source.queue)?;
        let url = |logical_id: &str| queue_urls.get(logical_id).cloned();
        let dead_letters = queue.redrive.as_ref().and_then(|redrive| url(&redrive.dead_letter_queue));
        let queue_url = url(&queue.logical_id).unwrap_or_default();
        let pump = QueuePump::new(engine.clone(), queue.name.clone(), queue_url, dead_letters, source.batch_size);
        let http_api = HttpApi::new(template.routes.clone());
        Ok(Self { engine, template, clock: Clock::default(), functions, http_api, pump, created_table })
    }

    /// Answers a request to the HTTP API, through the same event that a function gets from API Gateway.
    pub async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let now = self.clock.now();
        match self.http_api.event(&request, now.millis()) {
            Ok(invocation) => self.invoke(&invocation.folder, &invocation.event).await,
            Err(refusal) => refusal.answer(),
        }
    }

    /// Invokes a function with an API Gateway event, such as one of `events/`.
    pub async fn invoke(&self, folder: &str, event: &Value) -> Response<Bytes> {
        let now = self.clock.now();
        gateway::invoke(event, |request| self.functions.http(folder, now, request)).await
    }

    /// Does what the Scheduler does when its time has come, and returns what the functions answered.
    ///
    /// # Errors
    /// [`Error::Function`] when a function fails.
    pub async fn tick(&self) -> Result<Vec<Value>, Error> {
        let mut answers = Vec::new();
        for schedule in &self.template.schedules {
            let now = self.clock.now();
            let event = scheduler_event(schedule, now);
            let invocation = AssertUnwindSafe(self.functions.scheduled(now, event)).catch_unwind().await;
            let panicked = || Error::Function { function: schedule.folder.clone(), reason: "it panicked".to_owned() };
            answers.push(invocation.unwrap_or_else(|_| Err(panicked()))?);
        }
        Ok(answers)
    }

    /// Delivers messages until the queue is empty.
    pub async fn pump(&self) -> Pumped {
        self.pump.pump_until_idle(|event| self.functions.messages(self.clock.now(), event)).await
    }

    /// Delivers at most one batch of messages.
    pub async fn pump_once(&self) -> Pumped {
        self.pump.pump_once(|event| self.functions.messages(self.clock.now(), event)).await
    }

    /// Lets schedule and queue run in turns until nothing is due.
    ///
    /// # Errors
    /// [`Error::Function`] when the scheduled function fails, [`Error::Unsettled`] when there is no end.
    pub async fn settle(&self) -> Result<Pumped, Error> {
        let mut all = self.pump().await;
        for _ in 0..MOST_ROUNDS {
            self.tick().await?;
            let round = self.pump().await;
            if round.received == 0 {
                return Ok(all);
            }
            all.received += round.received;
            all.deleted += round.deleted;
            all.failed += round.failed;
        }
        Err(Error::Unsettled { rounds: MOST_ROUNDS })
    }

    /// Stops the clock at `now` for everything that starts from here on.
    pub fn set_now(&self, now: Timestamp) {
        self.clock.set(now);
    }

    /// Returns the time that an invocation starting now gets.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the messages that were given up, oldest first.
    ///
    /// # Errors
    /// [`Error::Refused`] when the queue cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Error> {
        self.pump.dead_letters().await
    }

    /// Moves the messages that were given up back to their queue and returns how many they were.
    ///
    /// # Errors
    /// [`Error::Refused`] when a queue refuses.
    pub async fn redrive(&self) -> Result<usize, Error> {
        self.pump.redrive().await
    }

    /// Returns the engine, to inject faults, to measure, or to start another system over the same data.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the template that the system runs.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Says whether the table was created by this start.
    pub fn created_table(&self) -> bool {
        self.created_table
    }

    /// Returns the time between two runs of the schedule.
    pub fn schedule_period(&self) -> Duration {
        let shortest = self.template.schedules.iter().map(|schedule| schedule.every_seconds).min();
        Duration::from_secs(shortest.unwrap_or(300))
    }
}

/// What the Scheduler sends where the template sets no input.
fn scheduler_event(schedule: &Schedule, now: Timestamp) -> Value {
    let account = winterbaume_core::default_account_id();
    let name = &schedule.name;
    json!({
        "version": "0",
        "id": format!("{name}-{}", now.millis()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": rfc3339_seconds(now.millis()),
        "region": sqs::REGION,
        "resources": [format!("arn:aws:scheduler:{}:{account}:schedule/default/{name}", sqs::REGION)],
        "detail": "{}",
    })
}

fn rfc3339_seconds(epoch_millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(epoch_millis).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A function in the template that nothing here invokes would look deployed and never run.
fn check_wiring(template: &Template) -> Result<(), Error> {
    let route = template.routes.iter().find(|route| !Functions::answers_http(&route.folder));
    let schedule = template.schedules.iter().find(|schedule| !Functions::takes_schedule(&schedule.folder));
    let source = template.queue_sources.iter().find(|source| !Functions::takes_messages(&source.folder));
    let folder = route.map(|route| &route.folder);
    let folder = folder.or(schedule.map(|schedule| &schedule.folder)).or(source.map(|source| &source.folder));
    folder.map_or(Ok(()), |folder| Err(not_wired(folder)))
}

fn not_wired(what: &str) -> Error {
    Error::Template { place: "Resources".to_owned(), problem: format!("the local system does not wire {what}") }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn an_empty_system_settles_and_has_no_dead_letters() {
        let system = System::for_test().await.expect("starts");

        system.settle().await.expect("settles");

        assert_eq!(system.dead_letters().await.expect("is readable"), []);
    }

    #[tokio::test]
    async fn a_second_system_over_the_same_engine_finds_the_table() {
        let first = System::for_test().await.expect("starts");
        let second = System::with_engine(first.engine().clone()).await.expect("starts");

        assert!(first.created_table());
        assert!(!second.created_table());
    }

    #[tokio::test]
    async fn the_gateway_answers_what_no_function_does() {
        let system = System::for_test().await.expect("starts");

        let answer = system.call(Request::get("/v2/nothing").body(Bytes::new()).expect("is a request")).await;

        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_set_clock_stands_still() {
        let system = System::for_test().await.expect("starts");
        let now = Timestamp::from_millis(1_442_318_400_000).expect("is a time");

        system.set_now(now);

        assert_eq!(system.now(), now);
    }

    #[test]
    fn the_scheduler_sends_what_the_sample_event_shows() {
        let schedule = Template::embedded().expect("the template is readable").schedules.remove(0);
        let now = Timestamp::from_millis(1_443_661_200_000).expect("is a time");
        let sample: Value = serde_json::from_str(include_str!("../../../events/close-periods.json")).expect("is JSON");

        let mut event = scheduler_event(&schedule, now);

        // Every run has an id of its own.
        event["id"] = sample["id"].clone();
        assert_eq!(event, sample);
    }
}
