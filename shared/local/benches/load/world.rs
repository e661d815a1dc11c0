//! The site that the load is for.

use http::Method;
use serde_json::{Value, json};

use crate::client::Api;
use crate::site;

/// Where its clock starts: 1 January 2026, in seconds since 1970.
pub const START: i64 = 1_767_225_600;
/// A week, the period of every subscription.
pub const WEEK: i64 = 7 * 86_400;

/// A test site with a metered price, and clients for it.
pub struct World {
    pub api: Api,
}

impl World {
    /// Makes the site with the root key.
    pub async fn new(root: &Api) -> World {
        let site = json!({"id": "load", "test_clock": START});
        World { api: site::make(root, &site, "load-key-0123456789abcdef", "week").await }
    }

    /// A subscription of its own for a part, from `start` on.
    pub async fn subscribe(&self, id: &str, start: i64) {
        site::subscribe(&self.api, id, start).await;
    }

    /// Moves the clock on.
    pub async fn set_clock(&self, clock: i64) {
        self.api.must(Method::PATCH, "/v1/sites/load", Some(&json!({"test_clock": clock}))).await;
    }

    /// Posts one usage and returns the status, 0 where there was no answer, and the answer.
    pub async fn post(&self, subscription: &str, id: &str, date: i64) -> (u16, Value) {
        let body = json!({"id": id, "item_price_id": "calls-usd", "quantity": "1", "usage_date": date});
        let path = format!("/v1/subscriptions/{subscription}/usages");
        self.api.send(Method::POST, &path, Some(&body)).await.unwrap_or_default()
    }

    /// What the charges of the subscription count: usages, and their sum.
    pub async fn counted(&self, subscription: &str) -> (u64, String) {
        let path = format!("/v1/subscriptions/{subscription}/usage-charges");
        let charge = self.api.must(Method::GET, &path, None).await["list"][0].clone();
        (charge["usage_count"].as_u64().unwrap(), charge["total_usage"].as_str().unwrap().to_owned())
    }
}
