//! Customers, features, items and item prices: created, listed, read and changed in the same way.

use api::Kind;
use api::openapi::Operation;
use billing::id::{CustomerId, FeatureId, ItemId, ItemPriceId};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::customer::{CustomerBody, CustomerChange, NewCustomer};
use crate::feature::{FeatureBody, FeatureChange, NewFeature};
use crate::item::{ItemBody, ItemChange, NewItem};
use crate::item_price::{ItemPriceBody, ItemPriceChange, NewItemPrice};

/// What is said of creating: the same of every kind of document.
pub const CREATED_ONCE: &str = "The same request again is answered with what the first one made (200), also after changes; \
    another content under the same id is a conflict. Where the system makes the id, `Idempotency-Key` tells one request \
    from another.";

const KEY: &str = "Where the id is left out: 1 to 100 printable characters that stand for this request.";

/// What differs from one kind of document to another; each is `[create, list, read, change]`.
struct Words {
    tag: &'static str,
    paths: [&'static str; 2],
    ids: [&'static str; 4],
    summaries: [&'static str; 4],
    abouts: [&'static str; 4],
}

/// What the bodies look like.
struct Examples {
    id: &'static str,
    new: Value,
    change: Value,
    body: Value,
}

/// The header that tells one creation from another where the system makes the id.
pub fn idempotent(operation: Operation) -> Operation {
    operation.header::<String>("Idempotency-Key", KEY)
}

fn operations<Id: ToSchema, New: ToSchema, Change: ToSchema, Body: ToSchema>(
    words: &Words,
    examples: Examples,
) -> [Operation; 4] {
    let Examples { id, new, change, body } = examples;
    let [all, one] = words.paths;
    let operation = |number: usize, method, path| {
        let word = |words: [&'static str; 4]| words.get(number).copied().unwrap_or_default();
        Operation::new((method, path), word(words.ids), words.tag, word(words.summaries), word(words.abouts))
    };
    let create = idempotent(operation(0, "POST", all)).body::<New>(new);
    let create = create.answer::<Body>(200, "It was created before, by the same request.", body.clone());
    let create = create.answer::<Body>(201, "It is created.", body.clone());
    let list = operation(1, "GET", all).paged().list::<Body>("A page of the list.", body.clone());
    let read = operation(2, "GET", one).path::<Id>("id", "Its id.", id);
    let read = read.answer::<Body>(200, "As it stands.", body.clone()).problems(&[Kind::NotFound]);
    let patch = operation(3, "PATCH", one).path::<Id>("id", "Its id.", id).change::<Change>(change);
    let patch = patch.answer::<Body>(200, "As it stands now.", body);
    let patch = patch.problems(&[Kind::NotFound, Kind::Invalid]);
    [create.problems(&[Kind::Conflict, Kind::Invalid]), list, read, patch]
}

pub fn customers() -> [Operation; 4] {
    let words = Words {
        tag: "Customers",
        paths: ["/v1/customers", "/v1/customers/{id}"],
        ids: ["createCustomer", "listCustomers", "getCustomer", "updateCustomer"],
        summaries: ["Create a customer", "List customers", "Read a customer", "Change a customer"],
        abouts: [
            CREATED_ONCE,
            "Lists customers by id.",
            "Reads one customer.",
            "Changes what is sent, and leaves the rest. Invoices that are closed stay as they are.",
        ],
    };
    let examples = Examples {
        id: "acme",
        new: json!({ "id": "globex", "name": "Globex", "email": "ap@globex.example", "payment_terms": "NET 30" }),
        change: json!({ "payment_terms": "NET 7" }),
        body: json!({
            "id": "globex",
            "name": "Globex",
            "email": "ap@globex.example",
            "payment_terms": "NET 30",
            "auto_collection": false,
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    let [create, list, read, change] =
        operations::<CustomerId, NewCustomer, CustomerChange, CustomerBody<'static>>(&words, examples);
    // The number is unique in the site.
    [create, list, read, change.problems(&[Kind::Conflict])]
}

pub fn features() -> [Operation; 4] {
    let words = Words {
        tag: "Features",
        paths: ["/v1/features", "/v1/features/{id}"],
        ids: ["createFeature", "listFeatures", "getFeature", "updateFeature"],
        summaries: ["Create a feature", "List features", "Read a feature", "Change a feature"],
        abouts: [CREATED_ONCE, "Lists features by id.", "Reads one feature.", "Changes the name of a feature."],
    };
    let examples = Examples {
        id: "calls",
        new: json!({ "id": "calls", "name": "Calls" }),
        change: json!({ "name": "Phone calls" }),
        body: json!({
            "id": "calls",
            "name": "Calls",
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    operations::<FeatureId, NewFeature, FeatureChange, FeatureBody<'static>>(&words, examples)
}

pub fn items() -> [Operation; 4] {
    let words = Words {
        tag: "Items",
        paths: ["/v1/items", "/v1/items/{id}"],
        ids: ["createItem", "listItems", "getItem", "updateItem"],
        summaries: ["Create an item", "List items", "Read an item", "Change an item"],
        abouts: [
            CREATED_ONCE,
            "Lists items by id.",
            "Reads one item.",
            "Changes what is sent, and leaves the rest. A new name of the unit is that of prices made from then on.",
        ],
    };
    let examples = Examples {
        id: "storage",
        new: json!({ "id": "storage", "name": "Storage", "type": "plan", "unit_name": "GB" }),
        change: json!({ "unit_name": "GB" }),
        body: json!({
            "id": "storage",
            "name": "Storage",
            "type": "plan",
            "unit_name": "GB",
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    operations::<ItemId, NewItem, ItemChange, ItemBody<'static>>(&words, examples)
}

pub fn item_prices() -> [Operation; 4] {
    let words = Words {
        tag: "Item prices",
        paths: ["/v1/item-prices", "/v1/item-prices/{id}"],
        ids: ["createItemPrice", "listItemPrices", "getItemPrice", "updateItemPrice"],
        summaries: ["Create an item price", "List item prices", "Read an item price", "Change an item price"],
        abouts: [
            "Tiers end where `up_to` says, inclusive; the last one may be open. Amounts are in major units of the \
             currency.\n\nThe same request again is answered with what the first one made (200), also after changes; \
             another content under the same id is a conflict. Where the system makes the id, `Idempotency-Key` tells \
             one request from another.",
            "Lists item prices by id, each in its current version.",
            "Reads the current version of one item price.",
            "Makes a new version of the price. Periods that run keep the version that they began with.",
        ],
    };
    let examples = Examples {
        id: "voip-minutes-usd-monthly",
        new: json!({
            "id": "storage-usd-monthly",
            "item_id": "storage",
            "currency_code": "USD",
            "period": { "every": 1, "unit": "month" },
            "metered": true,
            "aggregation": "max",
            "included_usage": "10",
            "price": { "model": "tiered", "tiers": [
                { "up_to": "100", "unit_amount": "0.10" },
                { "unit_amount": "0.08" },
            ] },
        }),
        change: json!({ "price": { "model": "per_unit", "unit_amount": "0.05" } }),
        body: json!({
            "id": "storage-usd-monthly",
            "item_id": "storage",
            "name": "Storage",
            "unit_name": "GB",
            "version": 1,
            "currency_code": "USD",
            "period": { "every": 1, "unit": "month" },
            "metered": true,
            "billed": "in_arrears",
            "aggregation": "max",
            "included_usage": "10",
            "bill_zero_usage": false,
            "price": { "model": "tiered", "tiers": [
                { "up_to": "100", "unit_amount": "0.10", "flat_amount": "0" },
                { "up_to": null, "unit_amount": "0.08", "flat_amount": "0" },
            ] },
            "created_at": "2015-10-01T01:00:00Z",
            "updated_at": "2015-10-01T01:00:00Z",
        }),
    };
    let [create, list, read, change] =
        operations::<ItemPriceId, NewItemPrice, ItemPriceChange, ItemPriceBody<'static>>(&words, examples);
    [create, list.query::<ItemId>("item_id", "Only prices of this item."), read, change]
}
