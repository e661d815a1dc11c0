//! The HTTP API of the local host, on a thread of its own, which says what it has spent.

use std::sync::Arc;
use std::thread::JoinHandle;

use local::functions::ROOT_KEY;
use local::{Engine, System, server};
use tokio::sync::{mpsc, oneshot};

use crate::client::Api;
use crate::spent::Spent;

/// A host that runs.
pub struct Host {
    base: String,
    asked: mpsc::Sender<oneshot::Sender<Spent>>,
    thread: JoinHandle<()>,
}

impl Host {
    /// Starts a host in memory, on a port that is free.
    pub async fn start() -> Host {
        let (started, base) = oneshot::channel();
        let (asked, questions) = mpsc::channel(1);
        let thread = std::thread::Builder::new().name("host".to_owned());
        let thread = thread.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(started, questions));
        });
        Host { base: base.await.unwrap(), asked, thread: thread.unwrap() }
    }

    /// A client with the root key.
    pub fn api(&self) -> Api {
        Api::new(&self.base, ROOT_KEY)
    }

    /// What its thread has spent so far.
    pub async fn spent(&self) -> Spent {
        let (answer, spent) = oneshot::channel();
        self.asked.send(answer).await.unwrap();
        spent.await.unwrap()
    }

    /// Ends it.
    pub fn stop(self) {
        drop(self.asked);
        self.thread.join().unwrap();
    }
}

async fn serve(started: oneshot::Sender<String>, mut questions: mpsc::Receiver<oneshot::Sender<Spent>>) {
    let system = System::open(None).await.unwrap();
    let listener = server::bind(0, "--port").await.unwrap();
    started.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let engine: Engine = system.engine().clone();
    let answers = async move {
        while let Some(question) = questions.recv().await {
            let _ = question.send(Spent::now(&engine));
        }
    };
    // Clients keep their connections, so the end is not waited for.
    tokio::select! {
        ended = server::serve(listener, Arc::new(system), std::future::pending()) => ended.unwrap(),
        () = answers => {}
    }
}
