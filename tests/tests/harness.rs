//! A system with one site, and short ways to call it.

use bytes::Bytes;
use http::{Method, Request};
use local::functions::ROOT_KEY;
use local::system::System;
use serde_json::{Value, json};

/// The key of the site that [`World`] makes; it may do everything there.
pub const KEY: &str = "scenario-key-0123456789";

/// What the system answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: http::HeaderMap,
}

impl Answer {
    /// The body, once the status is what the scenario expects.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }
}

/// A running system with the test site `site`.
pub struct World {
    pub system: System,
}

impl World {
    /// A world whose site stands at that instant.
    pub async fn at(clock: &str) -> World {
        World::with(clock, json!({})).await
    }

    /// The same with more settings of the site.
    pub async fn with(clock: &str, settings: Value) -> World {
        let world = World { system: System::for_test().await.unwrap() };
        world.make_site(clock, settings).await;
        world
    }

    /// Makes the site and its key.
    pub async fn make_site(&self, clock: &str, settings: Value) {
        let mut site = json!({"id": "site", "test_clock": clock});
        site.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        self.send(Method::POST, "/v1/sites", Some(site), ROOT_KEY, &[]).await.expect(201);
        let key = json!({"site_id": "site", "scopes": ["admin"], "key": KEY});
        self.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_text(method, path, body.map(|body| body.to_string()), key, headers).await
    }

    pub async fn send_text(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        key: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1{path}"))
            .header("authorization", format!("Bearer {key}"));
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.system.call(request.body(Bytes::from(body.unwrap_or_default())).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Answer { status: parts.status.as_u16(), body, headers: parts.headers }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, KEY, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), KEY, &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), KEY, &[]).await
    }

    pub async fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::DELETE, path, None, KEY, headers).await
    }

    /// Moves the site's clock without running what became due.
    pub async fn set_clock(&self, clock: &str) {
        self.patch("/v1/sites/site", json!({"test_clock": clock})).await.expect(200);
    }

    /// Moves the site's clock and runs everything that became due.
    pub async fn live_until(&self, clock: &str) {
        self.set_clock(clock).await;
        self.system.settle().await.unwrap();
    }

    /// A customer `acme`, an item `minutes` with the metered price `minutes-usd` (0.05 a unit, monthly), and an item
    /// `line` with the flat price `line-usd` (10.00 in arrears, monthly).
    pub async fn catalogue(&self) {
        let customer = json!({"id": "acme", "name": "Acme", "number": "1234", "payment_terms": "NET 7"});
        self.post("/v1/customers", customer).await.expect(201);
        self.item_price("minutes-usd", json!({"metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}}))
            .await;
        self.item_price("line-usd", json!({"billed": "in_arrears", "price": {"model": "flat_fee", "amount": "10.00"}}))
            .await;
    }

    /// An item price of that id, monthly in USD unless `fields` says otherwise, on an item of its own.
    pub async fn item_price(&self, id: &str, fields: Value) -> Value {
        let item = format!("item-{id}");
        self.post("/v1/items", json!({"id": item, "name": id, "type": "plan"})).await.expect(201);
        let mut price = json!({
            "id": id, "item_id": item, "currency_code": "USD", "period": {"every": 1, "unit": "month"}
        });
        price.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post("/v1/item-prices", price).await.expect(201)
    }

    /// A subscription `sub` of `acme` over those prices.
    pub async fn subscribe(&self, start: &str, prices: &[&str]) -> Value {
        self.subscribe_as("sub", start, prices).await
    }

    pub async fn subscribe_as(&self, id: &str, start: &str, prices: &[&str]) -> Value {
        let items: Vec<Value> =
            prices.iter().map(|price| json!({"id": format!("{id}.{price}"), "item_price_id": price})).collect();
        let body = json!({"id": id, "customer_id": "acme", "items": items, "start_date": start});
        self.post("/v1/subscriptions", body).await.expect(201)
    }

    /// Posts one usage of `minutes-usd` on `sub`.
    pub async fn usage(&self, date: &str, quantity: &str) -> Answer {
        let body = json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": quantity});
        self.post("/v1/subscriptions/sub/usages", body).await
    }

    /// The site's invoices.
    pub async fn invoices(&self) -> Vec<Value> {
        self.get("/v1/invoices?limit=100").await.expect(200)["list"].as_array().unwrap().clone()
    }
}

/// What scenarios of closing ask for.
impl World {
    /// A world whose site `site` is a live one; the real time is what `system.set_now` says.
    pub async fn live(now: &str) -> World {
        let world = World { system: System::for_test().await.unwrap() };
        world.set_now(now);
        world.make_live_site().await;
        world
    }

    /// Makes the live site and its key.
    pub async fn make_live_site(&self) {
        self.send(Method::POST, "/v1/sites", Some(json!({"id": "site"})), ROOT_KEY, &[]).await.expect(201);
        let key = json!({"site_id": "site", "scopes": ["admin"], "key": KEY});
        self.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);
    }

    /// Stops the real clock at the instant.
    pub fn set_now(&self, now: &str) {
        self.system.set_now(now.parse().unwrap());
    }

    /// One invoice.
    pub async fn invoice(&self, id: &str) -> Value {
        self.get(&format!("/v1/invoices/{id}")).await.expect(200)
    }

    /// What is stuck.
    pub async fn stuck(&self) -> Vec<Value> {
        self.get("/v1/stuck").await.expect(200)["list"].as_array().unwrap().clone()
    }

    /// Puts a message of any content into the invoice queue.
    pub async fn enqueue(&self, body: &str) {
        self.sqs("SendMessage", json!({"QueueUrl": self.queue_url().await, "MessageBody": body})).await;
    }

    /// Where the invoice queue is.
    pub async fn queue_url(&self) -> String {
        let queue = self.system.template().queue_sources.first().unwrap().queue.clone();
        let name = &self.system.template().queues.iter().find(|known| known.logical_id == queue).unwrap().name;
        self.sqs("GetQueueUrl", json!({"QueueName": name})).await["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn sqs(&self, operation: &str, request: Value) -> Value {
        let target = format!("AmazonSQS.{operation}");
        let answer = self.system.engine().send(&target, Bytes::from(request.to_string())).await.unwrap();
        assert_eq!(answer.status, 200, "{operation}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).unwrap()
    }
}

/// The members of every object of a list, in their order.
pub fn members<'a>(list: &'a [Value], names: &[&str]) -> Vec<Vec<&'a Value>> {
    list.iter().map(|object| names.iter().map(|name| &object[*name]).collect()).collect()
}
