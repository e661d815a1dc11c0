//! What each function may do in AWS is what it does, no more and no less: its policy in `template.yaml` is compared with
//! what its code asked of DynamoDB and SQS while every route, the schedule and the queue were at work.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use local::functions::ROOT_KEY;
use local::system::System;
use local::template::{Permission, Route, Template};
use serde_json::{Value, json};

use crate::harness::{KEY, World};

const START: &str = "2027-01-31T00:00:00Z";

/// A world that notes which routes of the template were called.
struct Drive {
    world: World,
    called: BTreeSet<(String, String)>,
}

impl Drive {
    async fn new() -> Drive {
        let world = World { system: System::for_test().await.unwrap() };
        world.set_now(START);
        Drive { world, called: BTreeSet::new() }
    }

    async fn call(&mut self, method: Method, path: &str, body: Option<Value>, key: &str, status: u16) -> Value {
        self.call_with(method, path, body, key, &[], status).await
    }

    async fn call_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: &str,
        headers: &[(&str, &str)],
        status: u16,
    ) -> Value {
        let route = self.world.system.template().routes.iter().find(|route| leads(route, &method, path));
        let route = route.unwrap_or_else(|| panic!("{method} {path} is no route"));
        self.called.insert((route.method.clone(), route.path.clone()));
        let answer = self.world.send(method.clone(), path, body, key, headers).await;
        assert_eq!(answer.status, status, "{method} {path}: {:#}", answer.body);
        answer.body
    }

    async fn get(&mut self, path: &str) -> Value {
        self.call(Method::GET, path, None, KEY, 200).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body), KEY, 201).await
    }

    async fn ask(&mut self, path: &str) -> Value {
        self.call(Method::POST, path, Some(json!({})), KEY, 200).await
    }

    async fn patch(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::PATCH, path, Some(body), KEY, 200).await
    }

    /// Moves the site's clock and runs what became due.
    async fn live_until(&mut self, clock: &str) {
        self.patch("/v1/sites/site", json!({"test_clock": clock})).await;
        self.world.system.settle().await.unwrap();
    }

    /// A usage of `calls-usd`, whose last tier ends at 10.
    async fn usage_of_calls(&mut self, subscription: &str, id: &str, quantity: &str) -> Value {
        let usage = json!({"id": id, "item_price_id": "calls-usd", "usage_date": START, "quantity": quantity});
        self.post(&format!("/v1/subscriptions/{subscription}/usages"), usage).await
    }

    async fn delete_usage(&mut self, subscription: &str, usage: &Value) {
        let path = format!("/v1/subscriptions/{subscription}/usages/{}", usage["id"].as_str().unwrap());
        let version = usage["resource_version"].to_string();
        self.call_with(Method::DELETE, &path, None, KEY, &[("if-match", &version)], 204).await;
    }
}

fn leads(route: &Route, method: &Method, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (pattern, path): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), path.split('/').collect());
    let fits = |(pattern, part): (&&str, &&str)| pattern == part || pattern.starts_with('{');
    route.method == method.as_str() && pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
}

/// Sites, keys, and everything of the catalogue.
async fn keep_the_catalogue(drive: &mut Drive) {
    let site = json!({"id": "site", "test_clock": START});
    drive.call(Method::POST, "/v1/sites", Some(site), ROOT_KEY, 201).await;
    let key = json!({"site_id": "site", "scopes": ["admin"], "key": KEY});
    drive.call(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, 201).await;
    drive.get("/v1/sites/site").await;
    let other = json!({"site_id": "site", "scopes": ["read"]});
    let other = drive.call(Method::POST, "/v1/api-keys", Some(other), ROOT_KEY, 201).await;
    drive.call(Method::GET, "/v1/api-keys?site_id=site", None, ROOT_KEY, 200).await;
    let other = format!("/v1/api-keys/{}", other["id"].as_str().unwrap());
    drive.call(Method::DELETE, &other, None, ROOT_KEY, 204).await;
    let month = json!({"every": 1, "unit": "month"});
    let price = |id: &str, price: Value| json!({"id": id, "item_id": "item", "currency_code": "USD", "period": month, "metered": true, "price": price});
    let closed = json!({"model": "stairstep", "tiers": [{"up_to": "10", "flat_amount": "5"}]});
    for (kind, bodies) in [
        ("customers", vec![json!({"id": "acme", "name": "Acme"})]),
        ("features", vec![json!({"id": "calls", "name": "Calls"})]),
        ("items", vec![json!({"id": "item", "name": "Minutes", "type": "plan"})]),
        (
            "item-prices",
            vec![price("minutes-usd", json!({"model": "per_unit", "unit_amount": "0.05"})), price("calls-usd", closed)],
        ),
    ] {
        let path = format!("/v1/{kind}");
        for body in bodies {
            drive.post(&path, body.clone()).await;
            let one = format!("{path}/{}", body["id"].as_str().unwrap());
            drive.get(&one).await;
            drive.patch(&one, json!({"name": "Another name"})).await;
        }
        drive.get(&path).await;
    }
}

/// Five subscriptions: three over `calls-usd`, one that ends at once and one that ends with its period.
async fn subscribe(drive: &mut Drive) {
    let over_calls = ["one", "two", "unused"].map(|id| (id, "calls-usd"));
    for (id, price) in over_calls.into_iter().chain([("sub", "minutes-usd"), ("later", "minutes-usd")]) {
        let mut body = json!({"id": id, "customer_id": "acme", "items": [{"item_price_id": price}]});
        if id != "later" {
            body["start_date"] = json!(START);
        }
        drive.post("/v1/subscriptions", body).await;
    }
    drive.ask("/v1/subscriptions/later/activate").await;
    drive.get("/v1/subscriptions").await;
    drive.get("/v1/subscriptions?customer_id=acme").await;
    drive.get("/v1/subscriptions/sub").await;
    drive.patch("/v1/subscriptions/sub", json!({"grace_seconds": 7200})).await;
    let as_it_is = json!({"period": 0, "end": "2027-02-28T00:00:00Z"});
    drive.call(Method::POST, "/v1/subscriptions/sub/move-period-end", Some(as_it_is), KEY, 200).await;
    drive.ask("/v1/subscriptions/sub/schedule-cancel").await;
    drive.ask("/v1/subscriptions/later/cancel").await;
}

/// One usage, enough of them that pages split, one of each kind of deletion, and everything that can be read of them.
async fn use_and_read(drive: &mut Drive) {
    let usages: Vec<Value> = (0..120)
        .map(|n| json!({"item_price_id": "minutes-usd", "usage_date": 1_801_353_600 + 60 * n, "quantity": "1.5"}))
        .collect();
    drive.patch("/v1/sites/site", json!({"test_clock": "2027-02-10T00:00:00Z"})).await;
    let first = drive.post("/v1/subscriptions/sub/usages", usages[0].clone()).await;
    drive.call(Method::POST, "/v1/subscriptions/sub/usages", Some(json!({"usages": usages})), KEY, 207).await;
    let mut elsewhere = usages[1].clone();
    elsewhere["subscription_id"] = json!("sub");
    drive.call(Method::POST, "/v1/usages", Some(json!({"usages": [elsewhere]})), KEY, 207).await;
    drive.delete_usage("sub", &first).await;
    drive.get("/v1/subscriptions/sub/usages").await;
    let own = drive.usage_of_calls("one", "own", "1").await;
    drive.get("/v1/subscriptions/one/usages/own").await;
    drive.delete_usage("one", &own).await;
    drive.get("/v1/subscriptions/sub/usage-charges").await;
    drive.get("/v1/usage-charges?subscription_id=sub").await;
    let other = json!({"subscription_id": "sub", "item_price_id": "minutes-usd", "minimum_amount": "1"});
    drive.call(Method::POST, "/v1/usage-charges/preview", Some(other), KEY, 200).await;
}

/// A period without usage is closed on request, and its end is sealed where no page is. Two closes fail, and go through
/// once their cause is gone: one on request, one when its message comes again.
async fn close(drive: &mut Drive) {
    drive.live_until("2027-02-28T00:30:00Z").await;
    drive.ask("/v1/invoices/inv_unused_1/close").await;
    let of_one = drive.usage_of_calls("one", "much", "11").await;
    let of_two = drive.usage_of_calls("two", "much", "11").await;
    drive.live_until("2027-02-28T02:00:00Z").await;
    assert_eq!(drive.get("/v1/stuck").await["list"].as_array().unwrap().len(), 2);
    drive.delete_usage("one", &of_one).await;
    drive.delete_usage("two", &of_two).await;
    drive.get("/v1/invoices").await;
    drive.get("/v1/invoices/inv_sub_1").await;
    drive.ask("/v1/invoices/inv_one_1/close").await;
    assert_eq!(drive.world.system.redrive().await.unwrap(), 2);
    drive.world.system.pump().await;
    assert_eq!(drive.get("/v1/stuck").await["list"], json!([]));
    let late = drive.usage_of_calls("one", "late", "1").await;
    drive.delete_usage("one", &late).await;
    // The schedule sends what no request has sent.
    drive.patch("/v1/sites/site", json!({"test_clock": "2027-03-31T00:00:00Z"})).await;
    drive.world.system.tick().await.unwrap();
    drive.world.system.pump().await;
    // A change of a subscription that was stuck does what is due, and the subscription is stuck no longer.
    let (path, start) = ("/v1/subscriptions/stuck", "2027-03-31T00:00:00Z");
    let items = json!([{"item_price_id": "calls-usd"}]);
    let body = json!({"id": "stuck", "customer_id": "acme", "items": items, "start_date": start});
    drive.post("/v1/subscriptions", body).await;
    let usage = json!({"id": "much", "item_price_id": "calls-usd", "usage_date": start, "quantity": "11"});
    let much = drive.post(&format!("{path}/usages"), usage).await;
    drive.live_until("2027-04-30T02:00:00Z").await;
    assert_eq!(drive.get("/v1/stuck").await["list"].as_array().unwrap().len(), 1);
    drive.delete_usage("stuck", &much).await;
    drive.patch("/v1/sites/site", json!({"test_clock": "2027-05-31T00:00:00Z"})).await;
    drive.patch(path, json!({"grace_seconds": 60})).await;
    assert_eq!(drive.get("/v1/stuck").await["list"], json!([]));
    // Where much is due, it asks before whether the queue is busy: here with what the clock's move has sent.
    for n in 0..=100 {
        let items = json!([{"item_price_id": "minutes-usd"}]);
        let body = json!({"id": format!("many-{n}"), "customer_id": "acme", "items": items, "start_date": "2027-05-31T00:00:00Z"});
        drive.post("/v1/subscriptions", body).await;
    }
    drive.patch("/v1/sites/site", json!({"test_clock": "2027-06-30T00:00:00Z"})).await;
    let tick = drive.world.system.tick().await.unwrap();
    assert!(tick[0]["unsent"].is_u64(), "{tick:?}");
}

/// One line for each function and permission.
fn lines(of: &BTreeMap<String, BTreeSet<Permission>>) -> BTreeSet<String> {
    let line =
        |function: &str, Permission { action, resource }: &Permission| format!("{function}: {action} on {resource}");
    of.iter().flat_map(|(function, of)| of.iter().map(move |permission| line(function, permission))).collect()
}

#[tokio::test]
async fn each_function_asks_for_all_that_its_policy_allows_and_for_nothing_else() {
    let mut drive = Drive::new().await;

    keep_the_catalogue(&mut drive).await;
    subscribe(&mut drive).await;
    use_and_read(&mut drive).await;
    close(&mut drive).await;

    let template = Template::embedded().unwrap();
    // A function that may do nothing has nothing to be compared; were it to try, it would be refused.
    let may = |folder: &str| template.functions.iter().any(|one| one.folder == folder && !one.permissions.is_empty());
    let routes = template.routes.iter().filter(|route| may(&route.folder));
    let routes = routes.map(|route| (route.method.clone(), route.path.clone()));
    let missed: Vec<_> = routes.filter(|route| !drive.called.contains(route)).collect();
    assert!(missed.is_empty(), "this scenario does not call {missed:#?}");
    let used = lines(&drive.world.system.engine().permissions_used());
    let allowed = template.functions.iter().map(|function| (function.folder.clone(), function.permissions.clone()));
    let allowed = lines(&allowed.collect());
    let (unused, refused): (Vec<_>, Vec<_>) =
        (allowed.difference(&used).collect(), used.difference(&allowed).collect());
    assert!(refused.is_empty(), "the policies in template.yaml lack {refused:#?}");
    assert!(unused.is_empty(), "the policies in template.yaml allow what nobody does: {unused:#?}");
}
