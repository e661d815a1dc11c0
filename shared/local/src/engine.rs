//! DynamoDB and SQS inside the process, behind the HTTP client that the AWS SDK calls.
//!
//! An [`Engine`] answers the SDK's requests without a socket: DynamoDB's go to `dynoxide`, those of SQS to
//! `winterbaume-sqs`. A test may put an [`Interceptor`] in between, which sees every call and decides what becomes of it,
//! and reads what the calls would have cost from [`Engine::capacity`]. A function's calls go through an engine of its own
//! ([`Engine::for_function`]), which refuses what the function's policy does not allow.

mod busy;
mod capacity;
pub mod dynamodb;
mod interceptor;
mod permission;
mod remote;
pub mod sqs;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use winterbaume_sqs::SqsService;

pub use busy::{Busy, thread_time};
pub use capacity::{CapacityMeter, OperationCapacity};
pub use interceptor::{Call, Interceptor, Service, Verdict};

use crate::error::Error;
use crate::template::Permission;
use permission::Caller;
use remote::Remote;

/// The answer of an embedded engine, as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Bytes,
}

/// DynamoDB and SQS in process; clones share the data.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    interceptor: Option<Arc<dyn Interceptor>>,
    caller: Option<Arc<Caller>>,
}

struct Shared {
    database: Database,
    queues: Queues,
    calls: AtomicU64,
    meter: Mutex<CapacityMeter>,
    busy: Mutex<BTreeMap<String, Busy>>,
    late: Mutex<Vec<Late>>,
    used: Mutex<BTreeMap<String, BTreeSet<Permission>>>,
}

/// What answers DynamoDB's calls.
enum Database {
    Embedded(dynoxide::Database),
    Remote(Remote),
}

/// What answers those of SQS.
enum Queues {
    Embedded(SqsService),
    Remote(Remote),
}

/// A call whose caller was told of a failure before it is applied.
struct Late {
    call: Call,
    due: u64,
}

impl Engine {
    /// Returns an engine whose data lives as long as it does.
    ///
    /// # Errors
    /// [`Error::Database`] when SQLite refuses.
    pub fn in_memory() -> Result<Self, Error> {
        dynoxide::Database::memory().map(Self::embedded).map_err(Error::Database)
    }

    /// Returns an engine for one test: in memory, or another DynamoDB or SQS where `AWS_ENDPOINT_URL_DYNAMODB` or
    /// `AWS_ENDPOINT_URL_SQS` names its address. Of another DynamoDB each engine gets a database of its own; queues are
    /// shared by their names, so that such tests run one at a time and begin with empty ones.
    ///
    /// # Errors
    /// [`Error::Database`] when SQLite refuses, [`Error::Endpoint`] when an address is none.
    pub fn for_test() -> Result<Self, Error> {
        let database = match remote("AWS_ENDPOINT_URL_DYNAMODB")? {
            Some(remote) => Database::Remote(remote),
            None => Database::Embedded(dynoxide::Database::memory().map_err(Error::Database)?),
        };
        let queues = match remote("AWS_ENDPOINT_URL_SQS")? {
            Some(remote) => Queues::Remote(remote),
            None => Queues::Embedded(SqsService::new()),
        };
        Ok(Self::over(database, queues))
    }

    /// Opens or creates the table data in a file of `directory`. Queues are always in memory: what they held stays due.
    ///
    /// # Errors
    /// [`Error::Io`] when the directory cannot be made, [`Error::Database`] when the file cannot be opened.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(directory)
            .map_err(|source| Error::Io { what: format!("creating {}", directory.display()), source })?;
        let file = directory.join("dynamodb.sqlite");
        dynoxide::Database::new(&file.to_string_lossy()).map(Self::embedded).map_err(Error::Database)
    }

    /// Empties the queues where another SQS has them, which may hold what an earlier test left.
    pub(crate) async fn empty_shared_queues(&self, urls: impl Iterator<Item = &String>) -> Result<(), Error> {
        if matches!(self.shared.queues, Queues::Remote(_)) {
            for url in urls {
                self.set_up(Service::Sqs, "PurgeQueue", &serde_json::json!({ "QueueUrl": url })).await?;
            }
        }
        Ok(())
    }

    fn embedded(database: dynoxide::Database) -> Self {
        Self::over(Database::Embedded(database), Queues::Embedded(SqsService::new()))
    }

    fn over(database: Database, queues: Queues) -> Self {
        let shared = Shared {
            database,
            queues,
            calls: AtomicU64::new(0),
            meter: Mutex::default(),
            busy: Mutex::default(),
            late: Mutex::default(),
            used: Mutex::default(),
        };
        Self { shared: Arc::new(shared), interceptor: None, caller: None }
    }

    /// Returns an engine over the same data whose calls pass by `interceptor`.
    #[must_use]
    pub fn with_interceptor(&self, interceptor: Arc<dyn Interceptor>) -> Self {
        Self { interceptor: Some(interceptor), ..self.clone() }
    }

    /// Returns an engine over the same data for the calls of one function, which may do nothing but what is `allowed`.
    /// Calls through other engines, those of the local system itself, are not limited.
    #[must_use]
    pub fn for_function(&self, function: &str, allowed: BTreeSet<Permission>) -> Self {
        Self { caller: Some(Arc::new(Caller { function: function.to_owned(), allowed })), ..self.clone() }
    }

    /// Returns what each function's calls needed so far, what was refused included, over all clones.
    pub fn permissions_used(&self) -> BTreeMap<String, BTreeSet<Permission>> {
        lock(&self.shared.used).clone()
    }

    /// Returns the HTTP client to build AWS SDK clients with.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Returns the embedded database, for serving it over a socket; none where the engine has another one.
    pub fn embedded_database(&self) -> Option<dynoxide::Database> {
        match &self.shared.database {
            Database::Embedded(database) => Some(database.clone()),
            Database::Remote(_) => None,
        }
    }

    /// Returns what was consumed since the start or the last [`Engine::reset_capacity`], over all clones.
    pub fn capacity(&self) -> CapacityMeter {
        lock(&self.shared.meter).clone()
    }

    /// Starts counting consumption from zero.
    pub fn reset_capacity(&self) {
        *lock(&self.shared.meter) = CapacityMeter::default();
    }

    /// Returns how much processor time each operation took so far, over all clones; all of it is what a deployment does
    /// not run.
    pub fn busy(&self) -> BTreeMap<String, Busy> {
        lock(&self.shared.busy).clone()
    }

    /// Applies, in order, every call that [`Verdict::ApplyLater`] still holds back.
    pub async fn apply_late(&self) {
        self.apply_due(u64::MAX).await;
    }

    /// Sends one call the way the SDK does, past the interceptor. `target` is the `x-amz-target` header.
    ///
    /// # Errors
    /// The text of the connection error that the interceptor asked for.
    pub async fn send(&self, target: &str, body: Bytes) -> Result<Answer, String> {
        let (answer, spent) = busy::timed(self.answer(target, body)).await;
        let operation = target.rsplit('.').next().unwrap_or_default();
        lock(&self.shared.busy).entry(operation.to_owned()).or_default().add(spent);
        answer
    }

    async fn answer(&self, target: &str, body: Bytes) -> Result<Answer, String> {
        let Some((service, operation)) = Service::of_target(target) else {
            return Ok(unknown_target(target));
        };
        let number = self.shared.calls.fetch_add(1, Ordering::Relaxed);
        self.apply_due(number).await;
        let call = Call::new(service, operation.to_owned(), number, body);
        if let Some(refusal) = self.refusal(&call) {
            return Ok(refusal);
        }
        let Some(interceptor) = &self.interceptor else {
            return Ok(self.forward(&call).await);
        };
        interceptor.gate(&call).await;
        match interceptor.before(&call) {
            Verdict::Forward => Ok(self.forward(&call).await),
            Verdict::FailBefore => Err("injected: the connection failed before the request was sent".to_owned()),
            Verdict::FailAfter => {
                self.forward(&call).await;
                Err("injected: the connection failed after the request was applied".to_owned())
            }
            Verdict::ApplyLater { calls } => {
                lock(&self.shared.late).push(Late { due: number.saturating_add(calls).saturating_add(1), call });
                Err("injected: the connection failed and the request is applied later".to_owned())
            }
            Verdict::Throttle => Ok(interceptor::throttled(&call)),
            Verdict::Conflict => match interceptor::conflict(&call) {
                Some(answer) => Ok(answer),
                None => Ok(self.forward(&call).await),
            },
            Verdict::Duplicate => {
                self.forward(&call).await;
                Ok(self.forward(&call).await)
            }
        }
    }

    /// Sends one call of the local system itself, which no interceptor sees, and expects it to succeed.
    pub(crate) async fn set_up(
        &self,
        service: Service,
        operation: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, Error> {
        let call = Call::new(service, operation.to_owned(), 0, Bytes::from(body.to_string()));
        let answer = self.execute(&call).await;
        let refused = |body: &Bytes| Error::Refused {
            operation: operation.to_owned(),
            status: answer.status,
            body: String::from_utf8_lossy(body).into_owned(),
        };
        if answer.status != 200 {
            return Err(refused(&answer.body));
        }
        // An operation that has nothing to say may say nothing at all.
        if answer.body.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|_| refused(&answer.body))
    }

    /// What AWS does before it looks at a request.
    fn refusal(&self, call: &Call) -> Option<Answer> {
        let caller = self.caller.as_ref()?;
        let needed = permission::needed(call);
        let refusal = caller.refusal(&needed);
        lock(&self.shared.used).entry(caller.function.clone()).or_default().extend(needed);
        refusal
    }

    async fn forward(&self, call: &Call) -> Answer {
        let answer = self.execute(call).await;
        if call.service == Service::DynamoDb {
            lock(&self.shared.meter).record(call, &answer);
        }
        answer
    }

    async fn execute(&self, call: &Call) -> Answer {
        match (call.service, &self.shared.database, &self.shared.queues) {
            (Service::DynamoDb, Database::Embedded(database), _) => {
                dynamodb::execute(database, &call.operation, call.bytes())
            }
            (Service::Sqs, _, Queues::Embedded(queues)) => {
                sqs::execute(queues, &call.operation, call.bytes().clone()).await
            }
            (Service::DynamoDb, Database::Remote(remote), _) | (Service::Sqs, _, Queues::Remote(remote)) => {
                remote.execute(call).await
            }
        }
    }

    async fn apply_due(&self, number: u64) {
        loop {
            let due = {
                let mut late = lock(&self.shared.late);
                match late.iter().position(|held| held.due <= number) {
                    Some(index) => late.remove(index),
                    None => return,
                }
            };
            self.forward(&due.call).await;
        }
    }
}

/// The engine at the address that a variable holds, where it holds one.
fn remote(variable: &'static str) -> Result<Option<Remote>, Error> {
    let Some(address) = std::env::var_os(variable) else { return Ok(None) };
    let uri = address.to_str().and_then(|text| text.parse::<http::Uri>().ok()).filter(|uri| uri.host().is_some());
    let key = RandomState::new().hash_one(0);
    uri.map(|uri| Some(Remote::new(uri, format!("test{key:016x}")))).ok_or(Error::Endpoint { variable })
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.clone();
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body = request.body().bytes().map(Bytes::copy_from_slice);
        HttpConnectorFuture::new(async move {
            let Some(body) = body else {
                return Err(ConnectorError::user("the embedded engines take no streaming bodies".into()));
            };
            let answer = engine.send(&target, body).await.map_err(|reason| ConnectorError::io(reason.into()))?;
            let status = StatusCode::try_from(answer.status).map_err(|error| ConnectorError::user(error.into()))?;
            let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            Ok(response)
        })
    }
}

fn unknown_target(target: &str) -> Answer {
    let message = format!("the local engines know DynamoDB and SQS, not the target {target:?}");
    Answer::error(400, "com.amazon.coral.service#UnknownOperationException", &message)
}

impl Answer {
    /// Returns an error answer in the form of AWS's JSON protocols.
    pub(crate) fn error(status: u16, kind: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": kind, "message": message });
        Self { status, body: Bytes::from(body.to_string()) }
    }
}

/// Locks although another thread panicked: the engines hold no invariant across a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
