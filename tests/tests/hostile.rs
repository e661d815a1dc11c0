//! What a stranger throws at the API: always refused with the field (or that the body is unreadable), and nothing is
//! written.

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use local::functions::ROOT_KEY;
use serde_json::{Value, json};

use crate::harness::{KEY, World};

mod callers;
mod catalogue;
mod requests;
mod usages;

const NOW: &str = "2027-01-20T00:00:00Z";
const USAGES: &str = "/v1/subscriptions/sub/usages";

/// One request, and how it must be refused.
struct Case {
    /// What is hostile about it.
    what: String,
    method: Method,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    status: u16,
    /// The field to be named; `None` where the refusal is about the whole request.
    field: Option<&'static str>,
}

impl Case {
    /// A POST of JSON with the site's own key.
    fn post(path: &str, body: impl Into<Vec<u8>>) -> Case {
        let headers = vec![
            ("authorization", format!("Bearer {KEY}").into_bytes()),
            ("content-type", b"application/json".to_vec()),
        ];
        let body = body.into();
        let what = format!("POST {path} {}", String::from_utf8_lossy(&body).chars().take(120).collect::<String>());
        Case { what, method: Method::POST, path: path.to_owned(), headers, body, status: 400, field: None }
    }

    fn get(path: &str) -> Case {
        Case { what: format!("GET {path}"), method: Method::GET, ..Case::post(path, "") }
    }

    fn method(self, method: Method) -> Case {
        Case { what: format!("{method}: {}", self.what), method, ..self }
    }

    /// The same with another value of a header, or without it.
    fn header(mut self, name: &'static str, value: Option<&[u8]>) -> Case {
        self.headers.retain(|(known, _)| *known != name);
        let shown: String =
            value.map_or("none".into(), |value| String::from_utf8_lossy(value).chars().take(40).collect());
        self.what = format!("{name} = {shown:?}: {}", self.what);
        self.headers.extend(value.map(|value| (name, value.to_vec())));
        self
    }

    fn key(self, key: &str) -> Case {
        self.header("authorization", Some(format!("Bearer {key}").as_bytes()))
    }

    fn refused(self, status: u16, field: Option<&'static str>) -> Case {
        Case { status, field, ..self }
    }
}

/// A site with the usual catalogue, and the subscription `sub` in the middle of its first period.
async fn world() -> World {
    let world = World::at("2027-01-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-01-01T00:00:00Z", &["minutes-usd", "line-usd"]).await;
    world.set_clock(NOW).await;
    world
}

/// Everything that the table holds.
async fn table(world: &World) -> Value {
    let name = &world.system.template().table.name;
    let scan = Bytes::from(json!({"TableName": name}).to_string());
    let answer = world.system.engine().send("DynamoDB_20120810.Scan", scan).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(answer.get("LastEvaluatedKey").is_none(), "the table is read in one go");
    answer["Items"].clone()
}

/// Sends every case to one world, and says all that went wrong at once.
async fn refuse_all(world: &World, cases: Vec<Case>) {
    let before = table(world).await;
    let count = cases.len();
    let mut wrong = Vec::new();
    for case in cases {
        let mut request = Request::builder().method(case.method).uri(format!("http://127.0.0.1{}", case.path));
        for (name, value) in &case.headers {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let response = world.system.call(request.body(Bytes::from(case.body)).unwrap()).await;
        let (parts, body) = response.into_parts();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let field = problem.get("field").and_then(Value::as_str);
        let readable = problem["type"].is_string() && problem["request_id"].is_string();
        if (parts.status.as_u16(), field) != (case.status, case.field) || !readable {
            wrong.push(format!(
                "{}\n  expected {} {:?}, got {} {problem}",
                case.what, case.status, case.field, parts.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(table(world).await, before, "a refused request wrote something");
    println!("{count} hostile cases were refused, and nothing was written");
}

/// The object with other members.
fn with(base: &Value, members: Value) -> String {
    let mut object = base.clone();
    object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    object.to_string()
}
