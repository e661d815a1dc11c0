//! What the functions work on, and the events that they get.

use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use billing::time::Timestamp;
use bytes::Bytes;
use local::functions::ROOT_KEY;
use local::{Engine, System, demo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The key of the live site that the usages are for: what a test site's key opens is never remembered.
const KEY: &str = "benchmark-key-0123456789";

const USAGES: &str = "/v1/subscriptions/measured/usages";

/// The demo and a live site, behind sockets; the sample events, made fresh.
pub struct Samples {
    environment: Vec<(&'static str, String)>,
    next_usage: Timestamp,
}

impl Samples {
    /// Loads the demo, and a subscription of a live site.
    pub async fn over_a_demo() -> Samples {
        let engine = Engine::in_memory().expect("SQLite opens");
        let system = System::with_engine(engine.clone()).await.expect("the system starts");
        demo::run(&system, |_| {}).await.expect("the demo runs");
        let now = system.now();
        let hours = |count: i64| now.plus_millis(count * 3_600_000);
        make_live_site(&system, hours(-24)).await;
        let address = serve(engine).await;
        let queue = format!("http://{address}/{}/InvoiceQueue", "123456789012");
        let environment = vec![
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_SESSION_TOKEN", "token".repeat(100)),
            ("TABLE_NAME", system.template().table.name.clone()),
            ("INVOICE_QUEUE_URL", queue),
            ("ROOT_KEY_SHA256", "0".repeat(64)),
        ];
        Samples { environment, next_usage: hours(-12) }
    }

    /// The environment of every function.
    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// The next event of a function: its sample, and a new usage each time where it records usage.
    pub fn event(&mut self, function: &str) -> Value {
        let sample = match function {
            "record-usage" => return self.usage(),
            "usage-charges" => include_str!("../../../events/usage-charges.json"),
            "catalog" => include_str!("../../../events/catalog.json"),
            "subscriptions" => include_str!("../../../events/subscriptions.json"),
            "invoices" => include_str!("../../../events/invoices.json"),
            "docs" => include_str!("../../../events/docs.json"),
            "close-periods" => include_str!("../../../events/close-periods.json"),
            "issue-invoice" => include_str!("../../../events/issue-invoice.json"),
            other => panic!("there is no function {other}"),
        };
        serde_json::from_str(sample).expect("the sample is JSON")
    }

    /// A usage a second later than the one before.
    fn usage(&mut self) -> Value {
        self.next_usage = self.next_usage.plus_millis(1_000);
        let body = json!({"item_price_id": "minutes", "quantity": "22", "usage_date": self.next_usage});
        let mut event: Value =
            serde_json::from_str(include_str!("../../../events/record-usage.json")).expect("the sample is JSON");
        event["rawPath"] = json!(USAGES);
        event["requestContext"]["http"]["path"] = json!(USAGES);
        event["pathParameters"]["subscription_id"] = json!("measured");
        event["headers"]["authorization"] = json!(format!("Bearer {KEY}"));
        event["body"] = json!(body.to_string());
        event
    }
}

async fn make_live_site(system: &System, start: Timestamp) {
    let price = json!({"model": "per_unit", "unit_amount": "0.05"});
    let month = json!({"every": 1, "unit": "month"});
    for (key, path, body) in [
        (ROOT_KEY, "/v1/sites", json!({"id": "measured"})),
        (ROOT_KEY, "/v1/api-keys", json!({"site_id": "measured", "scopes": ["admin"], "key": KEY})),
        (KEY, "/v1/customers", json!({"id": "acme", "name": "Acme"})),
        (KEY, "/v1/items", json!({"id": "voip", "name": "VoIP", "type": "plan"})),
        (
            KEY,
            "/v1/item-prices",
            json!({"id": "minutes", "item_id": "voip", "currency_code": "USD", "period": month, "metered": true,
                "price": price}),
        ),
        (
            KEY,
            "/v1/subscriptions",
            json!({"id": "measured", "customer_id": "acme", "start_date": start,
                "items": [{"item_price_id": "minutes"}]}),
        ),
    ] {
        let request = http::Request::post(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .expect("a request");
        let answer = system.call(request).await;
        assert_eq!(answer.status(), 201, "{path}: {:?}", answer.body());
    }
}

/// Serves the engines, DynamoDB and SQS alike, on a free port until the benchmark ends.
async fn serve(engine: Engine) -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("the socket has an address");
    let app = Router::new().fallback(answer).with_state(engine);
    tokio::spawn(async move { axum::serve(listener, app).await.expect("the socket is served") });
    address
}

async fn answer(State(engine): State<Engine>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = target.to_owned();
    let body = to_bytes(request.into_body(), 4 << 20).await.expect("the body is readable");
    let answer = engine.send(&target, body).await.expect("the engine answers");
    Response::builder()
        .status(answer.status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Body::from(answer.body))
        .expect("the headers are valid")
}
