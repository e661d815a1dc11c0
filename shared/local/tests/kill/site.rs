//! A site of its own with a metered price.

use http::Method;
use serde_json::{Value, json};

use crate::client::Api;

/// Makes the site, its customer `acme` and its price `calls-usd`, billed by that unit of time, with the root key, and returns a
/// client for it.
pub async fn make(root: &Api, site: &Value, key: &str, unit: &str) -> Api {
    root.must(Method::POST, "/v1/sites", Some(site)).await;
    let body = json!({"site_id": site["id"], "scopes": ["admin"], "key": key});
    root.must(Method::POST, "/v1/api-keys", Some(&body)).await;
    let api = root.with_key(key);
    let price = json!({
        "id": "calls-usd", "item_id": "calls", "currency_code": "USD", "period": {"every": 1, "unit": unit},
        "metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}
    });
    for (path, body) in [
        ("/v1/customers", json!({"id": "acme", "name": "Acme"})),
        ("/v1/items", json!({"id": "calls", "name": "Calls", "type": "plan"})),
        ("/v1/item-prices", price),
    ] {
        api.must(Method::POST, path, Some(&body)).await;
    }
    api
}

/// Makes a subscription to that price from `start` on.
pub async fn subscribe(api: &Api, id: &str, start: i64) {
    let items = json!([{"item_price_id": "calls-usd"}]);
    let body = json!({"id": id, "customer_id": "acme", "start_date": start, "items": items});
    api.must(Method::POST, "/v1/subscriptions", Some(&body)).await;
}
