//! The README is true: its examples answer as printed, its numbers are what rating computes.
//!
//! Every `sh` block with `curl` is run, in order, against a system that has lived through the demo. The text below it
//! begins with the status of its last command, such as `201`; a `json` block right after that text holds fields of the
//! answer. Deployment is in `bash` blocks, which are not run; what they set, [`VARIABLES`], stands for the system here.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;
use local::functions::ROOT_KEY;
use local::{System, demo};
use rating::{Aggregation, ChargeInputs, Measurement, Price, Quantity, Window, aggregate, rate_usage};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const README: &str = include_str!("../../README.md");

/// Where `cargo dev` answers.
const BASE: &str = "http://127.0.0.1:8787";

/// What a reader has set by then: where the API answers, the root key, the key that was shown last, and the time.
const VARIABLES: [&str; 4] = ["$API_URL", "$ROOT_KEY", "$KEY", "$NOW"];

/// Stands in an expected answer for what is different each time.
const ANYTHING: &str = "...";

/// A fenced block, and the text between it and the next one.
#[derive(Debug)]
struct Block {
    line: usize,
    language: String,
    content: String,
    text_below: String,
}

/// Commands of one block, and what the last of them is answered.
#[derive(Debug)]
struct Example {
    line: usize,
    commands: Vec<Command>,
    status: u16,
    answer: Option<Value>,
}

/// What curl is told to send.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in markdown.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                let language = language.to_owned();
                blocks.push(Block { line: index + 1, language, content: String::new(), text_below: String::new() });
            } else {
                assert!(language.is_empty(), "line {}: a block ends with ``` alone", index + 1);
            }
        } else if let Some(block) = blocks.last_mut() {
            let text = if is_open { &mut block.content } else { &mut block.text_below };
            text.push_str(line);
            text.push('\n');
        }
    }
    assert!(!is_open, "the last block has no end");
    blocks
}

fn examples(markdown: &str) -> Vec<Example> {
    let blocks = blocks(markdown);
    let mut examples = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if block.language != "sh" || !block.content.contains("curl") {
            continue;
        }
        let line = block.line;
        let commands = block.content.split("\n\n").map(|text| command(line, text)).collect();
        let status = block.text_below.trim_start().strip_prefix('`').and_then(|text| text.get(..3)?.parse().ok());
        let status =
            status.unwrap_or_else(|| panic!("line {line}: the text below begins with the status, as in `201`"));
        let answer = blocks.get(index + 1).filter(|next| next.language == "json").map(|next| {
            serde_json::from_str(&next.content).unwrap_or_else(|error| panic!("line {}: {error}", next.line))
        });
        assert!(answer.is_some() || status == 204, "line {line}: an answer with a body is shown");
        examples.push(Example { line, commands, status, answer });
    }
    examples
}

/// Reads a curl command; what a reader's shell or curl might take otherwise than this test is refused.
fn command(line: usize, text: &str) -> Command {
    let mut words = words(text).unwrap_or_else(|problem| panic!("line {line}: {problem}: {text}")).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "line {line}: a command begins with curl: {text}");
    let (mut method, mut path, mut headers, mut body) = (None, None, Vec::new(), None);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("line {line}: {word} has no value"));
        match word.as_str() {
            "-s" => {}
            "-X" => assert_eq!(method.replace(value()), None, "line {line}: a second method"),
            "-d" | "--data-binary" => assert_eq!(body.replace(value()), None, "line {line}: a second body"),
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(": ").unwrap_or_else(|| panic!("line {line}: {header}"));
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            url => {
                let of_base = url
                    .strip_prefix(BASE)
                    .or_else(|| url.strip_prefix("$API_URL"))
                    .filter(|path| path.starts_with('/'));
                let of_base = of_base.unwrap_or_else(|| panic!("line {line}: neither a known option nor a URL: {url}"));
                assert_eq!(path.replace(of_base.to_owned()), None, "line {line}: a second URL");
            }
        }
    }
    if body.is_some() && !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    }
    let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    Command { method, path: path.unwrap_or_else(|| panic!("line {line}: no URL")), headers, body }
}

/// Splits a command the way a shell does, as far as it means the same in every shell.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.as_str().starts_with('\n') => drop(characters.next()),
            quote @ ('\'' | '"') => {
                let quoted = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return Err("a quote has no end".to_owned()),
                        Some(end) if end == quote => break,
                        Some('$') if quote == '"' => quoted.push_str(variable(&mut characters)?),
                        Some(special @ ('`' | '\\' | '!')) if quote == '"' => {
                            return Err(format!("{special} in double quotes"));
                        }
                        Some(other) => quoted.push(other),
                    }
                }
            }
            '$' => word.get_or_insert_default().push_str(variable(&mut characters)?),
            '\n' if !characters.as_str().trim().is_empty() => return Err("a line ends without \\".to_owned()),
            blank if blank.is_whitespace() => words.extend(word.take()),
            plain if plain.is_ascii_alphanumeric() || "-_./:=,@%+".contains(plain) => {
                word.get_or_insert_default().push(plain);
            }
            other => return Err(format!("{other} without quotes")),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes the name behind a `$`, which must be one that a reader has set.
fn variable(rest: &mut std::str::Chars<'_>) -> Result<&'static str, String> {
    let named = |variable: &&&str| rest.as_str().starts_with(variable.trim_start_matches('$'));
    let variable = VARIABLES.iter().find(named).ok_or("$ before no variable that is set")?;
    *rest = rest.as_str().get(variable.len() - 1..).unwrap_or_default().chars();
    Ok(variable)
}

/// Says where `answer` lacks something of `expected`: each field of an object, and the first elements of an array.
fn missing(expected: &Value, answer: &Value, place: &str) -> Option<String> {
    match (expected, answer) {
        (Value::String(text), _) if text == ANYTHING => None,
        (Value::Object(expected), Value::Object(answer)) => expected.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            match answer.get(name) {
                Some(found) => missing(value, found, &place),
                None => Some(format!("{place} is not there")),
            }
        }),
        (Value::Array(expected), Value::Array(answer)) => {
            expected.iter().enumerate().find_map(|(index, value)| match answer.get(index) {
                Some(found) => missing(value, found, &format!("{place}[{index}]")),
                None => Some(format!("{place}[{index}] is not there")),
            })
        }
        _ if expected == answer => None,
        _ => Some(format!("{place} is {answer}, not {expected}")),
    }
}

/// Sends a command, with what the reader's variables stand for; `key` is the key that was shown last.
async fn send(system: &System, command: &Command, key: &str) -> (u16, Value) {
    let now = system.now().to_string();
    let filled = |text: &str| text.replace("$ROOT_KEY", ROOT_KEY).replace("$KEY", key).replace("$NOW", &now);
    let mut request = Request::builder().method(command.method.as_str()).uri(&command.path);
    for (name, value) in &command.headers {
        request = request.header(name, filled(value));
    }
    let request = request.body(Bytes::from(filled(command.body.as_deref().unwrap_or_default()))).unwrap();
    let (parts, body) = system.call(request).await.into_parts();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    (parts.status.as_u16(), body)
}

#[tokio::test]
async fn the_readme_examples_work_as_printed() {
    let system = System::for_test().await.unwrap();
    let outcome = demo::run(&system, |_| {}).await.unwrap();
    assert!(README.contains(outcome.table.trim_end()), "the invoice of the demo is printed:\n{}", outcome.table);
    let examples = examples(README);
    assert!(examples.len() >= 20, "only {} examples are found", examples.len());

    let mut key = String::new();
    for Example { line, commands, status: expected_status, answer: expected } in examples {
        let mut last = (0, Value::Null);
        for (index, command) in commands.iter().enumerate() {
            last = send(&system, command, &key).await;
            let is_last = index + 1 == commands.len();
            if let Some(shown) = last.1["key"].as_str() {
                key = shown.to_owned();
            }
            assert!(is_last || last.0 < 300, "line {line}: {command:?} was answered {} {:#}", last.0, last.1);
            // What `cargo dev` does in the background.
            system.settle().await.unwrap();
        }

        let (status, answer) = last;
        assert_eq!(status, expected_status, "line {line}: {answer:#}");
        let missing = expected.and_then(|expected| missing(&expected, &answer, "answer"));
        assert_eq!(missing, None, "line {line}: {answer:#}");
    }
}

#[test]
fn the_pricing_table_of_the_readme_says_what_rating_computes() {
    let mut models = BTreeSet::new();
    for row in table("model") {
        let [model, _, price, quantity, amount, _] = row[..] else { panic!("six cells: {row:?}") };
        let json: Value = serde_json::from_str(price).unwrap_or_else(|error| panic!("{error}: {price}"));
        let price: Price = serde_json::from_str(price).unwrap_or_else(|error| panic!("{error}: {price}"));
        let inputs = ChargeInputs::new(&price, "USD".parse().unwrap());
        // Where records say what they cost, the row lists that.
        let record = |(number, date_ms): (&str, i64)| Measurement {
            amount: Some(number.parse().unwrap()),
            ..Measurement::new(date_ms, None, number.parse().unwrap())
        };
        let records: Vec<_> = quantity.split(" + ").zip(0..).map(record).collect();

        let charge = rate_usage(&inputs, &records).unwrap().unwrap();

        assert_eq!(json["model"], model, "{row:?}");
        assert_eq!(charge.amount.to_string(), amount, "{row:?}");
        assert!(models.insert(model.to_owned()), "{model} has two rows");
    }

    assert_eq!(models, every_model());
}

#[test]
fn the_table_of_aggregations_says_what_rating_computes() {
    let window: Window = serde_json::from_str(r#"{"start_ms":0,"end_ms":31}"#).unwrap();
    let mut aggregations = BTreeSet::new();
    for row in table("aggregation") {
        let [aggregation, _, records, quantity, _] = row[..] else { panic!("five cells: {row:?}") };
        let record = |(text, index): (&'static str, i64)| {
            let (date_ms, value) = match text.strip_prefix("day ").and_then(|rest| rest.split_once(": ")) {
                Some((day, value)) => (day.parse().unwrap(), value),
                None => (index, text),
            };
            let quantity = value.parse().unwrap_or(Quantity::ZERO);
            Measurement { unique_value: Some(value), ..Measurement::new(date_ms, None, quantity) }
        };
        let records = records.split(", ").zip(0..).map(record);

        let word: Aggregation = serde_json::from_value(json!(aggregation)).unwrap();
        let total = aggregate(word, Some(&window), records).unwrap();

        assert_eq!(total.to_text(), quantity, "{row:?}");
        assert!(aggregations.insert(aggregation.to_owned()), "{aggregation} has two rows");
    }

    assert_eq!(aggregations, listed::<Aggregation>(r#""no aggregation""#));
}

#[test]
fn the_table_of_stages_says_what_rating_computes() {
    let mut fields = BTreeSet::new();
    for row in table("stage") {
        let [_, inputs, quantity, amount, _] = row[..] else { panic!("five cells: {row:?}") };
        let mut json = json!({"price": {"model": "per_unit", "unit_amount": "1.00"}, "currency_code": "USD"});
        let beside: Map<String, Value> =
            serde_json::from_str(inputs).unwrap_or_else(|error| panic!("{error}: {inputs}"));
        fields.extend(beside.keys().filter(|name| *name != "price").cloned());
        json.as_object_mut().unwrap().extend(beside);
        let inputs: ChargeInputs = serde_json::from_value(json).unwrap();

        let record = Measurement::new(0, None, quantity.parse().unwrap());
        let charge = rate_usage(&inputs, &[record]).unwrap().unwrap();

        let total = charge.tax.as_ref().map_or(charge.amount, |tax| tax.gross);
        assert_eq!(total.to_string(), amount, "{row:?}");
    }

    // Those that are told elsewhere: the table of models, that of aggregations, and what nothing used costs.
    let told = ["price", "currency_code", "aggregation", "window", "bill_zero_usage"].map(str::to_owned);
    fields.extend(told);
    assert_eq!(fields, listed::<ChargeInputs>(r#"{"no field":1}"#));
}

/// The cells of the table whose first heading is this.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let start = format!("| {heading} |");
    let rows = README.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    let cells =
        |row: &'static str| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The names of all models, from what rating answers to one that is none.
fn every_model() -> BTreeSet<String> {
    listed::<Price>(r#"{"model":"no model"}"#)
}

/// The names that there are, from the answer to one that there is not.
fn listed<T: DeserializeOwned>(json: &str) -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(json).map(drop).unwrap_err().to_string();
    let (_, listed) = error.split_once("expected").expect("the error lists the names");
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn commands_are_split_like_in_a_shell() {
    let read = words("curl -s 'http://a/?b=1&c' \\\n  -H \"X: 'y'\" -d '{\"a\":\n1}'\n").unwrap();
    assert_eq!(read, ["curl", "-s", "http://a/?b=1&c", "-H", "X: 'y'", "-d", "{\"a\":\n1}"]);

    assert_eq!(words("curl \"$API_URL/v1\" -d 'a'$NOW'b'").unwrap(), ["curl", "$API_URL/v1", "-d", "a$NOWb"]);

    for text in ["curl $A", "curl \"$A\"", "curl http://a/?b", "curl a | jq", "curl 'a", "curl a\n-s", "curl a > b"] {
        assert!(words(text).is_err(), "{text}");
    }
}

#[test]
fn an_expected_answer_is_part_of_the_real_one() {
    let answer = serde_json::json!({"a": [{"b": "1", "c": 2}, {"b": "3"}], "d": null});
    for (expected, is_part) in [
        (r#"{}"#, true),
        (r#"{"a":[{"c":2}]}"#, true),
        (r#"{"a":[{"b":"..."},{"b":"3"}],"d":null}"#, true),
        (r#"{"a":[{"b":"3"}]}"#, false),
        (r#"{"a":[{},{},{}]}"#, false),
        (r#"{"e":"..."}"#, false),
        (r#"{"a":{}}"#, false),
    ] {
        assert_eq!(missing(&serde_json::from_str(expected).unwrap(), &answer, "").is_none(), is_part, "{expected}");
    }
}
