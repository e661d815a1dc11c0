//! The local host as a process of its own.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use local::functions::ROOT_KEY;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::Api;

/// A host that runs, and where it answers.
pub struct Host {
    process: Child,
    base: String,
}

impl Host {
    /// Starts a host over a directory, on a port that is free.
    pub async fn start(data: &Path) -> Host {
        let mut process = Command::new(env!("CARGO_BIN_EXE_local"))
            .args(["--no-demo", "--port", "0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let base = loop {
            let line = lines.next_line().await.unwrap().expect("the host says where it answers");
            let found = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
            if let Some(address) = found {
                break address.trim_end_matches('.').to_owned();
            }
        };
        // What it prints later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Host { process, base }
    }

    /// A client with the root key.
    pub fn api(&self) -> Api {
        Api::new(&self.base, ROOT_KEY)
    }

    /// SIGKILL: the process gets no chance to end anything.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// A directory of this run alone.
pub fn scratch_directory() -> PathBuf {
    let directory = std::env::temp_dir().join(format!("countinghouse-kill-{}-{}", std::process::id(), any_number()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// A number that nobody knows before.
pub fn any_number() -> u64 {
    RandomState::new().hash_one(0)
}
