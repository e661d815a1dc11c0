//! GET usages: those of all item prices of a subscription, by date.

use api::openapi::{Operation, TimeInput};
use api::usage_json::UsageJson;
use api::usage_place::{local_zone, read_time};
use api::{Call, Kind, Problem, list_response};
use billing::id::{InvoiceId, ItemPriceId, SubscriptionId};
use billing::time::Zone;
use billing::usage::Source;
use lambda_http::{Body, Response};
use operations::recorded_usage::{self, UsageFilter};

use crate::usage::{example, shown};
use crate::{Deps, Route, USAGE_TAG};

const PARAMETERS: [&str; 8] =
    ["item_price_id", "usage_date_from", "usage_date_to", "invoice_id", "source", "sort", "limit", "cursor"];

/// Answers with a page of the list.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&PARAMETERS)?;
    let site = call.site()?;
    let subscription = recorded_usage::subscription(&deps.store, site, &call.param("subscription_id")?).await?;
    let filter = filter(call, local_zone(site, &subscription))?;
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = recorded_usage::list(&deps.store, site, &subscription, filter, cursor, limit, call.now).await?;
    let usages: Vec<UsageJson> = page.items.into_iter().map(|usage| shown(&subscription, usage)).collect();
    Ok(list_response(&usages, page.next.as_deref()))
}

/// Reads which usages the query asks for; local times are in `zone`.
fn filter(call: &Call<Route>, zone: Zone) -> Result<UsageFilter, Problem> {
    let query = call.query();
    let refuse = |field: &str, detail: &str| Problem::new(Kind::Unreadable, detail).field(field);
    let time = |field: &str| query.get(field).map(|text| read_time(field, text, zone)).transpose();
    let source = match query.get("source") {
        None => None,
        Some("api") => Some(Source::Api),
        Some("bulk_operation") => Some(Source::BulkOperation),
        Some(_) => return Err(refuse("source", "source is api or bulk_operation")),
    };
    let descending = match query.get("sort") {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(refuse("sort", "sort is asc or desc, by usage_date")),
    };
    Ok(UsageFilter {
        item_price_id: query.parse("item_price_id")?,
        from: time("usage_date_from")?,
        to: time("usage_date_to")?,
        invoice_id: query.parse("invoice_id")?,
        source,
        descending,
    })
}

/// Describes the list of usages.
pub fn operation() -> Operation {
    Operation::new(
        ("GET", "/v1/subscriptions/{subscription_id}/usages"),
        "listUsages",
        USAGE_TAG,
        "List usages",
        "Lists recorded usage of a subscription by `usage_date`, over all of its prices.",
    )
    .path::<SubscriptionId>("subscription_id", "The subscription.", "voip-acme")
    .query::<ItemPriceId>("item_price_id", "Only usage of this price.")
    .query::<TimeInput>("usage_date_from", "Only usage from then on, inclusive.")
    .query::<TimeInput>("usage_date_to", "Only usage before then.")
    .query::<InvoiceId>(
        "invoice_id",
        "Only usage that this closed invoice billed, as it was billed: what was deleted or corrected later is still there.",
    )
    .query::<String>("source", "Only usage that came here so: api or bulk_operation.")
    .query::<String>("sort", "asc, or desc: the newest first.")
    .paged()
    .list::<UsageJson>("A page of usages.", example())
    .problems(&[Kind::NotFound])
}
