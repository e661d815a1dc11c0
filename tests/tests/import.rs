//! Importing a file over the socket: cut into calls, cut off, and run again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use local::import::{self, Import, ImportError, Summary};
use local::{System, server};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{KEY, World};

/// A served system with the subscription `sub`, and a directory for files that goes with it.
struct Served {
    system: Arc<System>,
    address: SocketAddr,
    server: JoinHandle<()>,
    directory: PathBuf,
}

impl Served {
    async fn new(name: &str) -> Served {
        let world = World::at("2026-04-01T00:00:00Z").await;
        world.catalogue().await;
        world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
        world.set_clock("2026-04-30T00:00:00Z").await;
        let system = Arc::new(world.system);
        let listener = server::bind(0, "--port").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server::serve(listener, Arc::clone(&system), std::future::pending());
        let server = tokio::spawn(async move { serving.await.unwrap() });
        let directory = std::env::temp_dir().join(format!("countinghouse-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Served { system, address, server, directory }
    }

    /// The import of a file with that content.
    fn import(&self, table: &str) -> Import {
        let file = self.directory.join("usage.csv");
        std::fs::write(&file, table).unwrap();
        Import {
            report: self.directory.join("usage.csv.outcomes.csv"),
            file,
            url: format!("http://{}", self.address),
            key: KEY.to_owned(),
            subscription: Some("sub".parse().unwrap()),
            rows_per_call: 100,
            first_wait: Duration::from_millis(1),
        }
    }

    async fn charge(&self) -> Value {
        let request = Request::get("http://127.0.0.1/v1/subscriptions/sub/usage-charges")
            .header("authorization", format!("Bearer {KEY}"))
            .body(Bytes::new())
            .unwrap();
        let answer: Value = serde_json::from_slice(self.system.call(request).await.body()).unwrap();
        json!([answer["list"][0]["total_usage"], answer["list"][0]["usage_count"]])
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A table of rows a minute apart, each of quantity 2, a line break in each of their notes.
fn table(rows: u32) -> String {
    let row = |n: u32| format!("minutes-usd,{},2,\"row\n{n}\"\n", 1_775_100_000 + 60 * n);
    std::iter::once("item_price_id,usage_date,quantity,note\n".to_owned()).chain((0..rows).map(row)).collect()
}

fn summary(recorded: u64, replayed: u64, refused: u64) -> Summary {
    Summary { recorded, replayed, refused, ..Summary::default() }
}

#[tokio::test]
async fn an_import_that_is_cut_off_is_run_again_and_nothing_is_doubled() {
    let served = Served::new("cut-off").await;
    let import = served.import(&table(450));

    let (told, mut first_call) = tokio::sync::mpsc::unbounded_channel();
    tokio::select! {
        biased;
        _ = first_call.recv() => {}
        ended = import::run(&import, |progress| told.send(progress).unwrap()) => panic!("it ended: {ended:?}"),
    }
    let before = served.charge().await;
    let mut calls = Vec::new();
    let again = import::run(&import, |progress| calls.push(progress)).await.unwrap();
    let once_more = import::run(&import, |_| {}).await.unwrap();

    assert!(before[1].as_u64().is_some_and(|usages| (100..450).contains(&usages)), "{before}");
    assert!(again.replayed >= 100 && again.recorded > 0, "{again:?}");
    assert_eq!((again.recorded + again.replayed, again.rows()), (450, 450));
    assert_eq!(once_more, summary(0, 450, 0));
    assert_eq!(served.charge().await, json!(["900", 450]));
    assert_eq!(calls.iter().map(|call| call.summary.rows()).collect::<Vec<_>>(), [100, 200, 300, 400, 450]);
    assert_eq!(calls[4].bytes, std::fs::metadata(&import.file).unwrap().len());
    assert!(!import.report.exists(), "there is nothing to report");
}

#[tokio::test]
async fn rows_that_are_not_recorded_are_reported_and_imported_once_they_are_corrected() {
    let served = Served::new("report").await;
    let bad = "minutes-usd,2026-04-20T00:00:00Z,many,\"=a, \"\"b\"\"\"\nminutes-usd,1775100000\n";
    let import = served.import(&(table(150) + "\n" + bad + "minutes-usd,1775100000,3,\n"));

    let first = import::run(&import, |_| {}).await.unwrap();
    let report = std::fs::read_to_string(&import.report).unwrap();
    let corrected = Import {
        file: served.directory.join("corrected.csv"),
        report: served.directory.join("second.csv"),
        ..import.clone()
    };
    std::fs::write(&corrected.file, report.replace(",many,", ",7,")).unwrap();
    let second = import::run(&corrected, |_| {}).await.unwrap();

    assert_eq!(first, Summary { conflicting: 1, ..summary(150, 0, 2) });
    assert!(!first.is_complete());
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "item_price_id,usage_date,quantity,note,line,outcome,detail");
    let refused = "minutes-usd,2026-04-20T00:00:00Z,many,\"=a, \"\"b\"\"\",303,refused,\"quantity: ";
    assert!(lines[1].starts_with(refused), "{report}");
    assert_eq!(lines[2], "minutes-usd,1775100000,,,304,refused,\"the row has 2 cells, where the header has 4\",");
    assert!(lines[3].starts_with("minutes-usd,1775100000,3,,305,conflicting,"), "{report}");
    assert_eq!((second.recorded, second.refused, second.conflicting), (1, 1, 1));
    assert_eq!(served.charge().await, json!(["307", 151]));
}

#[tokio::test]
async fn what_would_fail_every_call_stops_the_import() {
    let served = Served::new("stops").await;
    let good = served.import(&table(1));
    let status = async |import: &Import| match import::run(import, |_| {}).await {
        Err(ImportError::Refused { status, detail }) => (status, detail),
        other => panic!("{other:?}"),
    };

    let key = status(&Import { key: "another-key-0123456789".into(), ..good.clone() }).await;
    let nowhere = status(&Import { url: format!("{}/v2", good.url), ..good.clone() }).await;
    let column = status(&served.import("item_price_id,usage_date,volume\na,b,c\n")).await;

    assert_eq!((key.0, nowhere.0, column.0), (401, 404, 400));
    assert!(column.1.starts_with("volume: there is no such column"), "{}", column.1);
    for url in ["http://api.example.com", "api.example.com", "ftp://127.0.0.1", ""] {
        let refused = import::run(&Import { url: url.into(), ..good.clone() }, |_| {}).await;
        assert!(matches!(refused, Err(ImportError::Url(_))), "{url}: {refused:?}");
    }
    let itself = import::run(&Import { report: good.file.clone(), ..good.clone() }, |_| {}).await;
    assert!(matches!(itself, Err(ImportError::File { .. })), "{itself:?}");
    assert!(good.file.exists());
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_tried_again_and_given_up_with_a_reason() {
    let served = Served::new("unreachable").await;
    let import = served.import(&table(1));
    let nobody = server::bind(0, "--port").await.unwrap().local_addr().unwrap();

    for scheme in ["http", "https"] {
        let ended = import::run(&Import { url: format!("{scheme}://{nobody}"), ..import.clone() }, |_| {}).await;

        let Err(error @ ImportError::Unavailable { tries: 9, .. }) = ended else { panic!("{ended:?}") };
        assert!(error.to_string().contains("run the same command again later"), "{error}");
    }
}

/// Answers one connection after the other with what a script says, and returns the bodies that it was sent.
fn scripted(listener: &TcpListener, script: &[(&str, &str, String)]) -> Vec<String> {
    let mut bodies = Vec::new();
    for (status, headers, answer) in script {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut length = 0;
        let mut line = String::new();
        while stream.read_line(&mut line).unwrap() > 2 {
            length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        bodies.push(String::from_utf8(body).unwrap());
        let length = answer.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        stream.get_mut().write_all((head + answer).as_bytes()).unwrap();
    }
    bodies
}

#[tokio::test]
async fn rows_that_fail_for_a_moment_are_sent_again_and_no_others() {
    let served = Served::new("moment").await;
    let import = served.import("item_price_id,usage_date,quantity\na,1,1\nb,2,2\nc,3,3\nd,4,4\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let recorded = r#"{"line":2,"status":201,"outcome":"recorded"}"#;
    let failed = r#"{"line":3,"status":503,"outcome":"failed","problem":{"type":"/problems/unavailable"}}"#;
    let some = format!(r#"{{"outcomes":[{recorded},{failed}]}}"#);
    let one = format!(r#"{{"outcomes":[{recorded}]}}"#);
    let script = [
        ("503 Service Unavailable", "retry-after: 0\r\n", "{}"),
        ("429 Too Many Requests", "", r#"{"message":"Too Many Requests"}"#),
        ("500 Internal Server Error", "", ""),
        ("207 Multi-Status", "", "cut off"),
        ("413 Payload Too Large", "", "{}"),
        ("413 Payload Too Large", "", "{}"),
        ("207 Multi-Status", "", one.as_str()),
        ("207 Multi-Status", "", one.as_str()),
        ("207 Multi-Status", "", r#"{"outcomes":[]}"#),
        ("207 Multi-Status", "", some.as_str()),
        ("207 Multi-Status", "", one.as_str()),
    ]
    .map(|(status, headers, answer)| (status, headers, answer.to_owned()));
    let import = Import { url, ..import };
    let answering = tokio::task::spawn_blocking(move || scripted(&listener, &script));
    let ended = import::run(&import, |_| {}).await;
    let bodies = answering.await.unwrap();

    assert_eq!(ended.unwrap(), summary(4, 0, 0));
    let first_cells = |body: &String| body.lines().skip(1).filter_map(|row| row.chars().next()).collect::<String>();
    let sent: Vec<String> = bodies.iter().map(first_cells).collect();
    assert_eq!(sent, ["abcd", "abcd", "abcd", "abcd", "abcd", "ab", "a", "b", "cd", "cd", "d"]);
    assert!(!import.report.exists());
}

#[tokio::test]
async fn a_file_says_unique_values_and_amounts_in_columns_of_their_own() {
    let served = Served::new("fields").await;
    let table = "item_price_id,unique_value,amount,usage_date,quantity\n\
        minutes-usd,\"a; \"\"b\"\"\",0.70,2026-04-02T00:00:00Z,1\n\
        minutes-usd,c,-0.70,2026-04-03T00:00:00Z,1\n";
    let import = served.import(table);

    let first = import::run(&import, |_| {}).await.unwrap();
    let report = std::fs::read_to_string(&import.report).unwrap();
    let again = import::run(&import, |_| {}).await.unwrap();

    assert_eq!((first, again), (summary(1, 0, 1), summary(0, 1, 1)));
    assert!(report.contains("minutes-usd,c,-0.70,2026-04-03T00:00:00Z,1,3,refused,amount: "), "{report}");
}
