//! Usage as CSV: a table in one call, each row with an outcome of its own.

use bytes::Bytes;
use http::{Request, Response};
use lambda_http::RequestExt;
use local::engine::sqs;
use local::functions::Functions;
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

const OF_SUB: &str = "/v1/subscriptions/sub/usages";

/// A month that has begun, and the subscription `sub` to `minutes-usd`.
async fn world() -> World {
    let world = World::at("2026-04-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T00:00:00Z").await;
    world
}

async fn send(world: &World, path: &str, table: impl Into<Bytes>, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::post(format!("http://127.0.0.1{path}")).header("authorization", format!("Bearer {KEY}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.system.call(request.body(table.into()).unwrap()).await
}

/// Posts a table and takes its answer as JSON.
async fn post(world: &World, path: &str, table: impl Into<Bytes>) -> Answer {
    let (parts, body) = send(world, path, table, &[("content-type", "text/csv")]).await.into_parts();
    Answer { status: parts.status.as_u16(), body: serde_json::from_slice(&body).unwrap(), headers: parts.headers }
}

/// Posts a table and takes its answer as a table.
async fn post_for_csv(world: &World, path: &str, table: &str) -> String {
    let headers = [("content-type", "text/csv; charset=utf-8"), ("accept", "text/csv")];
    let answer = send(world, path, table.to_owned(), &headers).await;
    assert_eq!(answer.status(), 207, "{:?}", answer.body());
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    String::from_utf8(answer.into_body().to_vec()).unwrap()
}

/// Line and outcome of each row.
fn outcomes(body: &Value) -> Vec<(u64, &str)> {
    let rows = body["outcomes"].as_array().unwrap();
    rows.iter().map(|row| (row["line"].as_u64().unwrap(), row["outcome"].as_str().unwrap())).collect()
}

async fn total_usage(world: &World) -> Value {
    let charges = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    charges["list"][0]["total_usage"].clone()
}

/// The bytes that Lambda sends for an answer: its body as a JSON string, and a little around it.
fn sent_bytes(answer: &Response<Bytes>) -> usize {
    serde_json::to_string(std::str::from_utf8(answer.body()).unwrap()).unwrap().len() + 1_000
}

#[tokio::test]
async fn every_row_of_a_table_has_an_outcome_of_its_own() {
    let world = world().await;
    world.usage("2026-04-02T00:00:00Z", "1").await.expect(201);
    world.usage("2026-04-03T00:00:00Z", "1").await.expect(201);
    let table = "\
        subscription_id,item_price_id,usage_date,quantity,id,note,from,to\n\
        sub,minutes-usd,2026-04-02T00:00:00Z,1.0,,,,\n\
        sub,minutes-usd,2026-04-03T00:00:00Z,2,,,,\n\
        sub,minutes-usd,,3,call-1,\"two\nlines, \"\"quoted\"\"\",2026-04-04T00:00:00Z,2026-04-05T00:00:00Z\n\
        sub,minutes-usd,2026-04-06T00:00:00Z,lots,,,,\n\
        other,minutes-usd,2026-04-06 00:00:00,1,,,,\n\
        sub,line-usd,2026-04-06 00:00:00,1,,,,\n\
        sub,minutes-usd,1775433600,4\n\
        \n\
        sub,minutes-usd,1775433600,4,,,,\n";

    let body = post(&world, "/v1/usages", table).await.expect(207);

    let summary = json!({"recorded": 2, "replayed": 1, "late": 0, "conflicting": 1, "refused": 4, "failed": 0});
    assert_eq!(body["summary"], summary);
    let rows = body["outcomes"].as_array().unwrap();
    assert_eq!(rows[0], json!({"line": 2, "status": 200, "outcome": "replayed"}));
    assert_eq!(rows[1]["problem"]["existing"]["quantity"], "1");
    assert_eq!(rows[2], json!({"line": 4, "status": 201, "outcome": "recorded"}));
    let refused = |row: usize| (&rows[row]["line"], &rows[row]["status"], &rows[row]["problem"]["field"]);
    assert_eq!(refused(3), (&json!(6), &json!(400), &json!("quantity")));
    assert_eq!(refused(4), (&json!(7), &json!(404), &json!("subscription_id")));
    assert_eq!(refused(5), (&json!(8), &json!(422), &json!("item_price_id")));
    assert_eq!(rows[6]["line"], 9);
    assert_eq!(rows[6]["problem"]["detail"], "the row has 4 cells, where the header has 8");
    assert_eq!(rows[7], json!({"line": 11, "status": 201, "outcome": "recorded"}));
    assert_eq!(total_usage(&world).await, "9");
    let usages = world.get(&format!("{OF_SUB}?limit=10")).await.expect(200)["list"].clone();
    let call = usages.as_array().unwrap().iter().find(|usage| usage["id"] == "call-1").unwrap().clone();
    assert_eq!((&call["source"], &call["note"]), (&json!("bulk_operation"), &json!("two\nlines, \"quoted\"")));
    assert_eq!(usages[0]["source"], "api");
}

#[tokio::test]
async fn a_row_and_the_same_usage_in_json_are_one_usage() {
    let world = world().await;
    let table = "item_price_id,usage_date,quantity\nminutes-usd,2026-04-02T00:00:00Z,1.50\n";

    let first = post(&world, OF_SUB, table).await.expect(207);
    let again = post(&world, OF_SUB, table).await.expect(207);
    let usage = world.usage("2026-04-02T00:00:00Z", "1.5").await.expect(200);

    assert_eq!((outcomes(&first), outcomes(&again)), (vec![(2, "recorded")], vec![(2, "replayed")]));
    assert_eq!(usage["source"], "bulk_operation");
    assert_eq!(total_usage(&world).await, "1.5");
}

#[tokio::test]
async fn a_row_that_stands_twice_is_recorded_once_however_far_apart_both_are() {
    let world = world().await;
    let row = |minute: u32, quantity: u32| format!("minutes-usd,{},{quantity}\n", 1_775_100_000 + 60 * minute);
    let mut table = "item_price_id,usage_date,quantity\n".to_owned();
    table.push_str(&(row(0, 1) + &row(0, 1) + &row(0, 2)));
    (1..1_500).for_each(|minute| table.push_str(&row(minute, 1)));
    table.push_str(&(row(0, 1) + &row(1, 2) + &row(1_499, 1)));

    let body = post(&world, OF_SUB, table).await.expect(207);

    let found = outcomes(&body);
    let words: Vec<&str> = found.iter().map(|(_, word)| *word).collect();
    assert_eq!(words[..4], ["recorded", "replayed", "conflicting", "recorded"]);
    assert_eq!(words[1_502..], ["replayed", "conflicting", "replayed"]);
    assert_eq!(body["summary"]["recorded"], 1_500);
    assert_eq!(total_usage(&world).await, "1500");
}

#[tokio::test]
async fn late_rows_are_recorded_and_told_as_late() {
    let world = world().await;
    world.live_until("2026-05-02T00:00:00Z").await;

    let table =
        "item_price_id,usage_date,quantity\nminutes-usd,2026-04-02T00:00:00Z,1\nminutes-usd,2026-05-01T00:00:00Z,1\n";
    let body = post(&world, OF_SUB, table).await.expect(207);

    assert_eq!(outcomes(&body), [(2, "late"), (3, "recorded")]);
    assert_eq!(body["outcomes"][0], json!({"line": 2, "status": 201, "outcome": "late"}));
}

#[tokio::test]
async fn the_same_table_comes_back_with_two_columns_more_and_can_be_sent_again() {
    let world = world().await;
    let table = "\u{feff}item_price_id,note,usage_date,quantity\r\n\
        minutes-usd,=1+1,2026-04-02T00:00:00Z,1\r\n\
        minutes-usd,\"a, \"\"b\"\"\r\nc\",2026-04-03T00:00:00Z,many\r\n\
        minutes-usd,short\r\n\
        minutes-usd,,2026-04-04T00:00:00Z,2,too,much\r\n\
        minutes-usd,-,2026-04-05T00:00:00Z,2";

    let answer = post_for_csv(&world, OF_SUB, table).await;
    let corrected = answer.replace(",many,", ",3,");
    let again = post_for_csv(&world, OF_SUB, &corrected).await;

    let (not_a_number, _) = answer.split_once("\r\nminutes-usd,short").unwrap();
    let (_, detail) = not_a_number.split_once("refused,").unwrap();
    assert!(detail.trim_start_matches('"').starts_with("quantity: "), "{detail}");
    let expected = format!(
        "item_price_id,note,usage_date,quantity,outcome,detail\r\n\
        minutes-usd,=1+1,2026-04-02T00:00:00Z,1,recorded,\r\n\
        minutes-usd,\"a, \"\"b\"\"\r\nc\",2026-04-03T00:00:00Z,many,refused,{detail}\r\n\
        minutes-usd,short,,,refused,\"the row has 2 cells, where the header has 4\",\r\n\
        minutes-usd,,2026-04-04T00:00:00Z,2,refused,\"the row has 6 cells, where the header has 4\",too,much\r\n\
        minutes-usd,-,2026-04-05T00:00:00Z,2,recorded,\r\n"
    );
    assert_eq!(answer, expected);
    assert!(again.contains("minutes-usd,=1+1,2026-04-02T00:00:00Z,1,replayed,\r\n"), "{again}");
    assert!(again.contains("\"a, \"\"b\"\"\r\nc\",2026-04-03T00:00:00Z,3,recorded,\r\n"), "{again}");
    let usages = world.get(OF_SUB).await.expect(200);
    assert_eq!(usages["list"][1]["note"], "a, \"b\"\nc");
}

#[tokio::test]
async fn what_is_wrong_with_the_whole_table_is_told_before_anything_is_recorded() {
    let world = world().await;
    let good = "minutes-usd,2026-04-02T00:00:00Z,1\n";
    let rows = |count: usize| format!("item_price_id,usage_date,quantity\n{}", good.repeat(count));
    let with_header = |header: &str| format!("{header}\n{good}").into_bytes();

    for (what, table, status, field) in [
        ("empty", Vec::new(), 400, Value::Null),
        ("blank", b"\n\r\n\n".to_vec(), 400, Value::Null),
        ("only a mark", "\u{feff}".into(), 400, Value::Null),
        ("header only", rows(0).into_bytes(), 400, Value::Null),
        ("no header", good.into(), 400, json!("minutes-usd")),
        ("missing column", with_header("item_price_id,usage_date,note"), 400, json!("quantity")),
        ("no date at all", with_header("item_price_id,to,quantity"), 400, json!("usage_date")),
        ("doubled column", with_header("item_price_id,quantity,quantity"), 400, json!("quantity")),
        ("unknown column", with_header("item_price_id,usage_date,Quantity"), 400, json!("Quantity")),
        ("a column with a blank", with_header("item_price_id,usage_date, quantity"), 400, json!(" quantity")),
        ("unnamed column", with_header("item_price_id,usage_date,quantity,"), 400, json!("column 4")),
        ("endless column", with_header(&"x".repeat(1_000)), 400, json!("x".repeat(100))),
        ("open quote in the header", with_header("item_price_id,usage_date,\"quantity"), 400, Value::Null),
        ("semicolons", b"item_price_id;usage_date;quantity\nminutes-usd;2026-04-02;1\n".into(), 400, Value::Null),
        (
            "tabs",
            b"item_price_id\tusage_date\tquantity\nminutes-usd\t2026-04-02T00:00:00Z\t1\n".into(),
            400,
            Value::Null,
        ),
        ("invalid UTF-8", [rows(1).as_bytes(), b"minutes-usd,2026-04-03T00:00:00Z,1\xff\n"].concat(), 400, Value::Null),
        ("UTF-16", "\u{feff}item_price_id".encode_utf16().flat_map(u16::to_le_bytes).collect(), 400, Value::Null),
        ("50,001 rows", rows(50_001).into_bytes(), 413, Value::Null),
        ("over 4 MiB", [rows(1).as_bytes(), &[b' '; 4 << 20]].concat(), 413, Value::Null),
    ] {
        let body = post(&world, OF_SUB, table).await.expect(status);
        assert_eq!(body["field"], field, "{what}: {body:#}");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{what}: {body:#}");
    }
    let semicolons = post(&world, OF_SUB, "item_price_id;usage_date\n1;2\n").await.expect(400);
    assert_eq!(semicolons["detail"], "the columns are separated by semicolons; save the table with commas");
    let unnamed = post(&world, "/v1/usages", rows(1)).await.expect(400);
    assert_eq!(unnamed["field"], "subscription_id");
    assert!(world.get(OF_SUB).await.expect(200)["list"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_hostile_cell_is_refused_alone_with_its_column() {
    let world = world().await;
    let header = "subscription_id,item_price_id,usage_date,quantity,id,note,from,to";
    for (row, field) in [
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1e5,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,-1,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,NaN,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,+1,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z, 1,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,\"1,5\",,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,00000000000000000000000000000000000000001,,,,", "quantity"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,=1+1,,,,", "quantity"),
        ("sub,minutes-usd,0000-01-01,1,,,,", "usage_date"),
        ("sub,minutes-usd,0000-01-01T00:00:00Z,1,,,,", "usage_date"),
        ("sub,minutes-usd,9999-12-31T23:59:59Z,1,,,,", "usage_date"),
        ("sub,minutes-usd,2026-05-01T00:00:00Z,1,,,,", "usage_date"),
        ("sub,minutes-usd,2026-04-02T00:00:00.0001Z,1,,,,", "usage_date"),
        ("sub,minutes-usd,99999999999999999999,1,,,,", "usage_date"),
        ("sub,minutes-usd,,1,,,,", "usage_date"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,a#b,,,", "id"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,usg_1,,,", "id"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,a\0b,,,", "id"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,,a\0b,,", "note"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,,,2026-04-03T00:00:00Z,2026-04-02T00:00:00Z", "to"),
        ("sub,minutes-usd,2026-04-02T00:00:00Z,1,,,soon,", "from"),
        ("sub,,2026-04-02T00:00:00Z,1,,,,", "item_price_id"),
        ("sub,minutes usd,2026-04-02T00:00:00Z,1,,,,", "item_price_id"),
        ("sub,unknown,2026-04-02T00:00:00Z,1,,,,", "item_price_id"),
        ("HEAD#sub,minutes-usd,2026-04-02T00:00:00Z,1,,,,", "subscription_id"),
        (",minutes-usd,2026-04-02T00:00:00Z,1,,,,", "subscription_id"),
    ] {
        let table = format!("{header}\n{row}\nsub,minutes-usd,2026-04-01T00:00:00Z,1,,,,\n");
        let body = post(&world, "/v1/usages", table).await.expect(207);

        let [bad, good] = body["outcomes"].as_array().unwrap().as_slice() else { panic!("{row}: {body:#}") };
        assert_eq!((&bad["outcome"], &bad["problem"]["field"]), (&json!("refused"), &json!(field)), "{row}: {bad:#}");
        assert_eq!(bad["line"], 2, "{row}");
        assert!(["recorded", "replayed"].contains(&good["outcome"].as_str().unwrap()), "{row}: {good:#}");
        let table = format!("{header}\n{row}\n");
        let answer = post_for_csv(&world, "/v1/usages", &table).await;
        let (_, detail) = answer.split_once("refused,").unwrap();
        assert!(detail.trim_start_matches('"').starts_with(field), "{row}: {detail}");
    }
    assert_eq!(total_usage(&world).await, "1");
}

#[tokio::test]
async fn a_quote_that_is_never_closed_swallows_no_row_unseen() {
    let world = world().await;
    let table = "item_price_id,usage_date,quantity,note\n\
        minutes-usd,2026-04-02T00:00:00Z,1,\n\
        minutes-usd,2026-04-03T00:00:00Z,1,\"never closed\n\
        minutes-usd,2026-04-04T00:00:00Z,1,\n";

    let body = post(&world, OF_SUB, table).await.expect(207);

    assert_eq!(outcomes(&body), [(2, "recorded"), (3, "refused")]);
    let answer = post_for_csv(&world, OF_SUB, table).await;
    let (_, swallowed) = answer.split_once("\"never closed\nminutes-usd,2026-04-04T00:00:00Z,1,\n\",refused,").unwrap();
    assert!(swallowed.contains("never closed"), "{swallowed}");
}

#[tokio::test]
async fn the_path_and_the_declared_type_decide_what_is_read() {
    let world = world().await;
    let named = "subscription_id,item_price_id,usage_date,quantity\n\
        other,minutes-usd,2026-04-02T00:00:00Z,1\n,minutes-usd,2026-04-03T00:00:00Z,1\nsub,minutes-usd,2026-04-04T00:00:00Z,1\n";
    let long = format!("{{\"usages\":[]{}}}", " ".repeat(1 << 20));

    let of_sub = post(&world, OF_SUB, named).await.expect(207);
    let plain = send(&world, OF_SUB, "a", &[("content-type", "text/plain")]).await;
    let latin = send(&world, OF_SUB, "a", &[("content-type", "text/csv; charset=iso-8859-1")]).await;
    let elsewhere = post(&world, "/v1/customers", "id\na\n").await;

    assert_eq!(outcomes(&of_sub), [(2, "refused"), (3, "recorded"), (4, "recorded")]);
    for answer in [plain, latin] {
        assert_eq!(answer.status(), 415);
        let problem: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(problem["detail"], "send JSON as application/json, or CSV in UTF-8 as text/csv");
    }
    assert_eq!(elsewhere.expect(415)["detail"], "send JSON as application/json");
    world.send_text(http::Method::POST, OF_SUB, Some(long), KEY, &[]).await.expect(413);
}

#[tokio::test]
async fn the_answer_to_the_worst_of_tables_fits_into_what_lambda_sends() {
    let world = world().await;
    let note = "\"".repeat(500);
    let body = json!({"item_price_id": "minutes-usd", "usage_date": 1_775_100_000, "quantity": "1", "note": note});
    world.post(OF_SUB, body).await.expect(201);
    let header = "item_price_id,usage_date,quantity\n";
    let row = |cells: &str, count: usize| format!("{header}{}", format!("{cells}\n").repeat(count));
    world.item_price("other-usd", json!({"metered": true, "price": {"model": "per_unit", "unit_amount": "1"}})).await;
    // Lines beyond a million have more digits.
    let blank = "\n".repeat(2_400_000);

    for (table, told_in_full) in [
        (row("minutes-usd,1775100000,2", 1_100), 1_000),
        (format!("{blank}{}{}", row("minutes-usd,1775100000,2", 1_100), "other-usd,946684800,1\n".repeat(48_900)), 50),
        (row("a", 50_000), 400),
    ] {
        let answer = send(&world, OF_SUB, table, &[("content-type", "text/csv")]).await;

        assert_eq!(answer.status(), 207, "{:?}", answer.body());
        assert!(sent_bytes(&answer) < 6_000_000, "{}", sent_bytes(&answer));
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let rows = body["outcomes"].as_array().unwrap();
        let full = rows.iter().filter(|row| row["problem"]["detail"].is_string()).count();
        println!("{} rows, {full} in full, {} bytes", rows.len(), sent_bytes(&answer));
        assert!((told_in_full..=1_000).contains(&full), "{full}");
        assert!(rows.iter().take(full).all(|row| row["problem"]["detail"].is_string()));
    }
}

#[tokio::test]
async fn rows_that_the_invocations_time_does_not_reach_can_be_sent_again() {
    let world = world().await;
    let queues = sqs::create_queues(world.system.engine(), &world.system.template().queues, true).await.unwrap();
    let functions = Functions::new(world.system.engine(), world.system.template(), &queues).unwrap();
    let row = |n: u32| format!("minutes-usd,{},1\n", 1_775_100_000 + 60 * n);
    let table: String =
        std::iter::once("item_price_id,usage_date,quantity\n".into()).chain((0..2_500).map(row)).collect();
    let now = world.system.now();
    let send = async |seconds: u64| -> Value {
        let request = Request::post(format!("http://127.0.0.1{OF_SUB}"))
            .header("authorization", format!("Bearer {KEY}"))
            .header("content-type", "text/csv")
            .body(lambda_http::Body::from(table.as_str()))
            .unwrap();
        let mut context = lambda_http::Context::default();
        context.deadline = u64::try_from(now.millis()).unwrap() + seconds * 1_000;
        let answer = functions.http("record-usage", now, request.with_lambda_context(context)).await;
        serde_json::from_slice(answer.body()).unwrap()
    };

    let none = send(3).await;
    let all = send(600).await;

    assert_eq!(none["summary"]["failed"], 2_500);
    let first = &none["outcomes"][0];
    assert_eq!((&first["line"], &first["status"], &first["outcome"]), (&json!(2), &json!(503), &json!("failed")));
    assert!(first["problem"]["detail"].as_str().unwrap().starts_with("not reached in time"));
    assert_eq!(all["summary"]["recorded"], 2_500);
    assert_eq!(total_usage(&world).await, "2500");
}

#[tokio::test]
async fn a_table_comes_back_whole_or_is_not_recorded() {
    let world = world().await;
    let headers = [("content-type", "text/csv"), ("accept", "text/csv")];
    let header = "item_price_id,usage_date,quantity,note\n";
    let row =
        |note: &str, count: usize| format!("{header}{}", format!("a,2026-04-02T00:00:00Z,1,{note}\n").repeat(count));

    let longest = row(&"x".repeat(57), 50_000);
    assert!((4_100_000..4 << 20).contains(&longest.len()), "{}", longest.len());
    let answer = send(&world, OF_SUB, longest, &headers).await;
    assert_eq!(answer.status(), 207, "{:?}", answer.body());
    assert!(sent_bytes(&answer) < 6_000_000, "{}", sent_bytes(&answer));
    assert_eq!(std::str::from_utf8(answer.body()).unwrap().lines().count(), 50_001);

    for (note, escaped) in [("\"\"".repeat(100), 400), ("\0".repeat(100), 600), ("x\\".repeat(50), 150)] {
        let table = row(&note, 5_850_000 / (escaped + 30));
        let answer = send(&world, OF_SUB, table, &headers).await;
        let problem: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(problem["status"], 413, "{problem:#}");
    }
}
