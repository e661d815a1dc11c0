//! Item prices: what an item costs in one currency for one period length, version by version.

mod body;
mod change;
mod new;

use api::openapi::Operation;
use api::{Call, Problem};
use billing::catalog::ItemPrice;
use billing::id::{ItemId, ItemPriceId};
use lambda_http::{Body, Response};
use operations::catalogue;
use serde_json::json;

use crate::documents::{self, Examples, Words};
use crate::{Deps, Route};
use body::ItemPriceBody;
use change::ItemPriceChange;
use new::NewItemPrice;

/// Creates an item price, of an item and a feature that there must be.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id or the idempotency key stands for another content.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewItemPrice = call.json()?;
    let named = new.is_named();
    let creation = documents::creation::<ItemPrice>(call, new.digest(), named)?;
    let (site, asked) = (call.site()?, new.asked());
    let created = catalogue::create_item_price(&deps.store, site, asked, &creation, call.now).await?;
    documents::created(created, named)
}

/// Reads the item price that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let found = catalogue::item_price(&deps.store, call.site()?, &call.param("id")?).await?;
    Ok(documents::shown(&found))
}

/// Makes a new version of the item price that the path names; what stays as it was is not written.
///
/// # Errors
/// 404 where there is none, 422 naming what is wrong, 503 where others kept changing it.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: ItemPriceChange = call.json()?;
    let (site, id) = (call.site()?, call.param("id")?);
    let changed = catalogue::change_item_price(&deps.store, site, &id, change.asked(), call.now).await?;
    Ok(documents::shown(&changed))
}

/// Lists item prices, of one item where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or the filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let item: Option<ItemId> = call.query().parse("item_id")?;
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = catalogue::item_prices(&deps.store, call.site()?, item.as_ref(), cursor, limit).await?;
    Ok(documents::listed(&page))
}

/// Describes the routes of item prices.
pub fn operations() -> [Operation; 4] {
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
        documents::operations::<ItemPriceId, NewItemPrice, ItemPriceChange, ItemPriceBody<'static>>(&words, examples);
    [create, list.query::<ItemId>("item_id", "Only prices of this item."), read, change]
}
