//! Where the SDK's calls come out: each waits until the history says what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
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
use local::engine::Answer;
use tokio::sync::oneshot;

use crate::call::Call;

/// What a call's caller gets: an answer, or a connection that failed.
pub type Reply = Result<Answer, &'static str>;

/// A call that waits.
#[derive(Debug)]
pub struct Parked {
    /// The call.
    pub call: Call,
    /// Where its answer goes.
    pub reply: oneshot::Sender<Reply>,
}

/// The calls of one history that wait, and who makes them.
#[derive(Debug, Default)]
pub struct Network(Mutex<Wires>);

#[derive(Debug, Default)]
struct Wires {
    parked: Vec<Parked>,
    invocations: BTreeMap<usize, oneshot::Sender<()>>,
    tainted: BTreeSet<usize>,
    sites: BTreeMap<usize, &'static str>,
}

impl Network {
    /// Takes what was parked since the last time.
    pub fn take(&self) -> Vec<Parked> {
        std::mem::take(&mut self.wires().parked)
    }

    /// Begins an invocation with the key of a site, if it has one; what is returned tells when it crashes.
    pub fn begin(&self, caller: usize, site: Option<&'static str>) -> oneshot::Receiver<()> {
        let (crash, crashed) = oneshot::channel();
        let mut wires = self.wires();
        wires.invocations.insert(caller, crash);
        wires.tainted.remove(&caller);
        wires.sites.remove(&caller);
        wires.sites.extend(site.map(|site| (caller, site)));
        crashed
    }

    /// Ends the caller's invocation.
    pub fn crash(&self, caller: usize) {
        if let Some(crash) = self.wires().invocations.remove(&caller) {
            let _ = crash.send(());
        }
    }

    /// Notes that the caller may not know of everything that its invocation did.
    pub fn taint(&self, caller: usize) {
        self.wires().tainted.insert(caller);
    }

    /// The site whose key the caller's invocation has.
    pub fn site(&self, caller: usize) -> Option<&'static str> {
        self.wires().sites.get(&caller).copied()
    }

    /// Whether the caller may not know of everything that its invocation did.
    pub fn is_tainted(&self, caller: usize) -> bool {
        self.wires().tainted.contains(&caller)
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn park(&self, call: Call) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        self.wires().parked.push(Parked { call, reply });
        answer
    }
}

tokio::task_local! {
    /// Who calls, and through which history's network.
    pub static CALLER: (usize, Arc<Network>);
}

/// The HTTP client of every history: whose call it is, the task knows.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(Connector)
}

#[derive(Clone, Debug)]
struct Connector;

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector)
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body = request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
        let parked = CALLER.try_with(|(caller, network)| network.park(Call::new(*caller, &target, body)));
        HttpConnectorFuture::new(async move {
            let io = |reason: &'static str| ConnectorError::io(reason.into());
            let answer = parked.map_err(|_| io("no history"))?.await.map_err(|_| io("the caller crashed"))?;
            let answer = answer.map_err(io)?;
            let status = StatusCode::try_from(answer.status).map_err(|error| ConnectorError::user(error.into()))?;
            let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            Ok(response)
        })
    }
}
