//! A function's process, from its start to its end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::PATIENCE;
use crate::binary::Binary;
use crate::runtime_api::RuntimeApi;

/// What a start took.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Until the process asks for its first event; the connection to the table is made by then.
    pub wall: Duration,
    /// The processor time of it.
    pub cpu: Duration,
}

/// A running function that waits for an event.
pub struct Process {
    child: Child,
    api: RuntimeApi,
    pub start: Start,
}

impl Process {
    /// Starts the binary as Lambda does, and waits until it asks for an event.
    pub async fn start(binary: &Binary, environment: &[(&'static str, String)]) -> Process {
        let mut api = RuntimeApi::serve().await;
        let begun = Instant::now();
        let child = Command::new(&binary.path)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &binary.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the function starts");
        let asked = tokio::time::timeout(PATIENCE, api.asked.recv()).await;
        let asked = asked.expect("the function asks for an event in time").expect("the runtime API runs");
        let mut process = Process { child, api, start: Start { wall: asked - begun, cpu: Duration::ZERO } };
        process.start.cpu = process.cpu();
        process
    }

    /// Gives the function an event, and waits for its answer, which must be a success.
    pub async fn call(&mut self, event: Value) {
        let answer = tokio::time::timeout(PATIENCE, self.api.invoke(event.to_string())).await;
        let answer = answer.expect("the function answers in time");
        let status = answer["statusCode"].as_u64().unwrap_or(200);
        let failed = answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
        assert!(status < 300 && !failed && answer["errorType"].is_null(), "{answer}");
        // The function is done once it asks for the next event.
        tokio::time::timeout(PATIENCE, self.api.asked.recv()).await.expect("the function goes on in time");
    }

    /// The processor time of all threads so far.
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).expect("the process runs");
        let nanoseconds = tasks.map(|task| {
            let text = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The most memory that the process had, in KiB.
    pub fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Ends the process.
    pub async fn end(mut self) {
        self.child.kill().await.expect("the process ends");
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("the process runs")
    }
}
