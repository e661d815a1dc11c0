//! The worlds that histories happen in: sites with a catalogue and subscriptions, made once by the real handlers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use billing::subscription::Subscription;
use billing::time::Timestamp;
use invoice_queue::InvoiceQueue;
use local::Engine;
use local::template::Template;
use serde_json::{Value, json};
use store::Store;

use crate::call::{Call, Key};
use crate::connector::http_client;
use crate::seed::Seed;

/// The sites; everything in them has the same ids.
pub const SITES: [&str; 2] = ["blue", "green"];
/// The subscriptions of each site, all of one customer.
pub const SUBSCRIPTIONS: [&str; 2] = ["one", "two"];
/// The metered prices of each subscription.
pub const PRICES: [&str; 2] = ["minutes", "bytes"];

/// How many kinds of worlds there are.
pub const KINDS: usize = 48;

/// How many sites, subscriptions of each, and prices of each of those.
const SIZES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 2, 1), (2, 1, 1), (2, 1, 1)];

/// How usage is aggregated and priced, and what is included.
const TARIFFS: [(&str, &str, &str); 8] = [
    ("sum", r#"{"model":"per_unit","unit_amount":"0.05"}"#, "0"),
    ("sum", r#"{"model":"tiered","tiers":[{"up_to":"2","unit_amount":"1.005"},{"unit_amount":"0.333"}]}"#, "0"),
    ("sum", r#"{"model":"volume","tiers":[{"up_to":"3","unit_amount":"7"},{"unit_amount":"6.5"}]}"#, "1"),
    ("sum", r#"{"model":"package","package_size":"3","package_amount":"5"}"#, "0.5"),
    ("last", r#"{"model":"per_unit","unit_amount":"3"}"#, "0"),
    ("max", r#"{"model":"per_unit","unit_amount":"0.125"}"#, "0"),
    ("count", r#"{"model":"per_unit","unit_amount":"0.01"}"#, "1"),
    (
        "sum",
        r#"{"model":"stairstep","tiers":[{"up_to":"2","flat_amount":"50"},{"up_to":"100000","flat_amount":"200"}]}"#,
        "0",
    ),
];

/// Where subscriptions start, in the time zone of the site: an ordinary month, the end of one, a leap day, a change to
/// summer time.
const STARTS: [(&str, &str); 4] = [
    ("2027-02-01T00:00:00Z", "UTC"),
    ("2027-01-31T00:00:00Z", "UTC"),
    ("2028-02-29T12:00:00Z", "UTC"),
    ("2027-03-27T23:30:00Z", "Europe/Berlin"),
];

/// What a world is like.
#[derive(Clone, Debug)]
pub struct Kind {
    /// How many sites there are.
    pub sites: usize,
    /// How many subscriptions each of them has.
    pub subscriptions: usize,
    /// How many prices each of them has.
    pub prices: usize,
    /// What becomes of late usage.
    pub late_usage: &'static str,
    /// How many usages each subscription may have.
    pub limit: Option<usize>,
    /// How long an ended period waits for usage.
    pub grace_seconds: i64,
    tariffs: [usize; 2],
    start: (&'static str, &'static str),
}

impl Kind {
    /// The kind of that number.
    pub fn of(number: usize) -> Kind {
        let mut seed = Seed::new(u64::try_from(number).unwrap_or_default());
        seed.fork();
        // Mostly small ones: what is tried is what happens to one price at the same time.
        let (sites, subscriptions, prices) = *seed.one_of(&SIZES);
        Kind {
            sites,
            subscriptions,
            prices,
            late_usage: ["hold", "hold", "reject"][seed.below(3)],
            limit: *seed.one_of(&[None, None, None, Some(4)]),
            grace_seconds: *seed.one_of(&[0, 3_600]),
            tariffs: [seed.below(TARIFFS.len()), seed.below(TARIFFS.len())],
            start: *seed.one_of(&STARTS),
        }
    }

    /// When everything starts.
    pub fn start(&self) -> Timestamp {
        self.start.0.parse().unwrap_or(Timestamp::MIN)
    }

    /// The aggregation, price and included usage of a price.
    pub fn tariff(&self, price: usize) -> (&'static str, &'static str, &'static str) {
        TARIFFS[self.tariffs[price]]
    }

    /// The requests that make one site, all with the root key or its own.
    pub fn requests(&self, site: &str) -> Vec<(&'static str, &'static str, Value)> {
        let (start, zone) = self.start;
        let settings = json!({ "id": site, "time_zone": zone, "late_usage": self.late_usage, "grace_seconds": self.grace_seconds });
        let key = json!({ "site_id": site, "scopes": ["admin"], "key": api_key(site) });
        let customer = json!({ "id": "acme", "name": "Acme", "number": "1234", "payment_terms": "NET 7" });
        let mut requests =
            vec![("POST", "/v1/sites", settings), ("POST", "/v1/api-keys", key), ("POST", "/v1/customers", customer)];
        for (n, price) in PRICES.iter().enumerate().take(self.prices) {
            let (aggregation, terms, included) = self.tariff(n);
            let terms: Value = serde_json::from_str(terms).unwrap_or_default();
            let item = format!("item-{price}");
            requests.push(("POST", "/v1/items", json!({ "id": item, "name": price, "type": "addon" })));
            let price = json!({
                "id": price, "item_id": item, "currency_code": "USD", "period": { "every": 1, "unit": "month" },
                "metered": true, "aggregation": aggregation, "included_usage": included, "price": terms,
            });
            requests.push(("POST", "/v1/item-prices", price));
        }
        for subscription in &SUBSCRIPTIONS[..self.subscriptions] {
            let item = |price: &&str| json!({ "id": format!("{subscription}.{price}"), "item_price_id": price });
            let items: Vec<Value> = PRICES[..self.prices].iter().map(item).collect();
            let mut body = json!({ "id": subscription, "customer_id": "acme", "items": items, "start_date": start });
            if let Some(limit) = self.limit {
                body["usage_limit"] = json!(limit);
            }
            requests.push(("POST", "/v1/subscriptions", body));
        }
        requests
    }
}

/// The key of a site, which may do everything there.
pub fn api_key(site: &str) -> String {
    format!("simulated-key-of-{site}-0123456789")
}

/// A world as it is when a history begins: everything is active, and the first period runs.
#[derive(Debug)]
pub struct World {
    /// What it is like.
    pub kind: Kind,
    /// Its items.
    pub items: Vec<(Key, Arc<Value>)>,
    /// Where the first periods end.
    pub ends: Vec<Timestamp>,
}

impl World {
    /// The world over the items that its making left.
    pub fn new(kind: Kind, items: Vec<(Key, Arc<Value>)>) -> World {
        let head = items.iter().find(|((_, sk), _)| sk == "HEAD").and_then(|(_, item)| item["D"]["S"].as_str());
        let head: Option<Subscription> = head.and_then(|text| serde_json::from_str(text).ok());
        let cadence = head.and_then(|head| head.cadence);
        let ends =
            cadence.into_iter().flat_map(|cadence| (0..4).filter_map(move |n| Some(cadence.period(n).ok()?.end)));
        let ends = ends.collect();
        World { kind, items, ends }
    }

    /// An engine that holds the world.
    pub fn engine(&self) -> Result<Engine, String> {
        let engine = empty_engine()?;
        for items in self.items.chunks(25) {
            let puts: Vec<Value> = items.iter().map(|(_, item)| json!({ "PutRequest": { "Item": **item } })).collect();
            let body = json!({ "RequestItems": { (table_name()): puts } });
            let call = Call::new(0, "DynamoDB_20120810.BatchWriteItem", body.to_string().into());
            let answer = at_once(&engine, engine.send(&call.target, call.bytes))??;
            if answer.status != 200 {
                return Err(format!("the world is not taken: {answer:?}"));
            }
        }
        Ok(engine)
    }
}

/// The worlds that were made already, by the number of their kind.
pub fn worlds() -> &'static Mutex<BTreeMap<usize, Arc<World>>> {
    static WORLDS: OnceLock<Mutex<BTreeMap<usize, Arc<World>>>> = OnceLock::new();
    WORLDS.get_or_init(Mutex::default)
}

/// The world of that kind, if it was made already.
pub fn known(kind: usize) -> Option<Arc<World>> {
    worlds().lock().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned()
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "without the template there is nothing to simulate")]
    TEMPLATE.get_or_init(|| Template::embedded().expect("the template is readable"))
}

/// The table's name.
pub fn table_name() -> &'static str {
    &template().table.name
}

/// An engine with an empty table: the embedded one, or the one that `AWS_ENDPOINT_URL_DYNAMODB` names.
pub fn empty_engine() -> Result<Engine, String> {
    let engine = Engine::for_test().map_err(|error| error.to_string())?;
    let made = at_once(&engine, local::engine::dynamodb::create_table(&engine, &template().table))?;
    made.map_err(|error| format!("there is no table: {error}"))?;
    Ok(engine)
}

/// Waits for what an engine does, since nothing else happens meanwhile: an embedded one never waits itself, another one is
/// waited for on a thread of its own, whose time passes.
///
/// # Errors
/// Where an embedded engine waits, or there is no thread.
pub fn at_once<T: Send>(engine: &Engine, done: impl Future<Output = T> + Send) -> Result<T, String> {
    if engine.embedded_database().is_some() {
        return futures_util::FutureExt::now_or_never(done).ok_or_else(|| "the engine waits".to_owned());
    }
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| runtime.block_on(done)).map_err(|error| error.to_string())
    };
    let waited = std::thread::scope(|scope| scope.spawn(wait).join());
    waited.map_err(|_| "the engine's thread panicked".to_owned())?
}

/// The functions of one environment each, with what they remember.
pub struct Environment {
    /// POST and DELETE usages.
    pub record_usage: record_usage::Deps,
    /// GET usages and charges.
    pub usage_charges: usage_charges::Deps,
    /// The catalogue.
    pub catalog: catalog::Deps,
    /// Subscriptions.
    pub subscriptions: subscriptions::Deps,
    /// Invoices.
    pub invoices: invoices::Deps,
    /// The tick.
    pub close_periods: close_periods::Deps,
    /// The worker.
    pub issue_invoice: issue_invoice::Deps,
    /// A store for what is checked without a function.
    pub store: Store,
}

impl Environment {
    /// Functions that remember nothing yet.
    pub fn cold() -> Environment {
        let (dynamodb, sqs) = clients();
        let store = || Store::new(dynamodb.clone(), table_name().to_owned());
        let queue = || InvoiceQueue::new(sqs.clone(), "https://sqs.us-east-1.amazonaws.com/invoices".to_owned());
        Environment {
            record_usage: record_usage::Deps::new(store()),
            usage_charges: usage_charges::Deps::new(store()),
            catalog: catalog::Deps::new(store(), queue(), Some(local::functions::root_key_sha256())),
            subscriptions: subscriptions::Deps::new(store()),
            invoices: invoices::Deps::new(store()),
            close_periods: close_periods::Deps::new(store(), queue()),
            issue_invoice: issue_invoice::Deps::new(store()),
            store: store(),
        }
    }
}

/// The SDK's clients, as the functions make them, but for the budget of retries: that is one for a whole process, and one
/// history would decide about another's.
fn clients() -> &'static (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client) {
    static CLIENTS: OnceLock<(aws_sdk_dynamodb::Client, aws_sdk_sqs::Client)> = OnceLock::new();
    CLIENTS.get_or_init(|| {
        let partition = || RetryPartition::custom("simulation").token_bucket(TokenBucket::unlimited()).build();
        let dynamodb = store::client::connect(Some(http_client()));
        let dynamodb = dynamodb.config().to_builder().retry_partition(partition()).build();
        let sqs = invoice_queue::client::connect(Some(http_client()));
        let sqs = sqs.config().to_builder().retry_partition(partition()).build();
        (aws_sdk_dynamodb::Client::from_conf(dynamodb), aws_sdk_sqs::Client::from_conf(sqs))
    })
}
