//! Sites and API keys.

use api::Kind;
use api::openapi::Operation;
use billing::id::SiteId;
use serde_json::{Value, json};

use crate::api_key::{ApiKeyBody, NewApiKey};
use crate::site::{NewSite, SiteBody, SiteChange};

const TAG: &str = "Sites";
const KEY_ID: &str = "4fac02890832fd5eb0523e55047c740eecb39154cbb1d47d240b145bef9574ca";

pub fn operations() -> Vec<Operation> {
    let create = Operation::new(
        ("POST", "/v1/sites"),
        "createSite",
        TAG,
        "Create a site",
        "Makes an isolated book of customers, prices and subscriptions, with the root key. With a `test_clock` it is a test \
         site for good: its clock stands there until it is moved.",
    )
    .body::<NewSite>(json!({ "id": "live", "time_zone": "Europe/Paris" }))
    .answer::<SiteBody<'static>>(200, "It was created before, by the same request.", live())
    .answer::<SiteBody<'static>>(201, "It is created.", live())
    .problems(&[Kind::Conflict, Kind::Invalid]);
    let read = Operation::new(
        ("GET", "/v1/sites/{id}"),
        "getSite",
        TAG,
        "Read a site",
        "Reads the site that the key opens; there is no other one for its holder.",
    )
    .path::<SiteId>("id", "The key's own site.", "demo")
    .answer::<SiteBody<'static>>(200, "The site.", demo())
    .problems(&[Kind::NotFound]);
    let change = Operation::new(
        ("PATCH", "/v1/sites/{id}"),
        "updateSite",
        TAG,
        "Change a site",
        "Changes what is sent, and leaves the rest. Moving the clock of a test site lets everything happen that became due \
         until then; it never moves back.",
    )
    .path::<SiteId>("id", "The key's own site.", "demo")
    .change::<SiteChange>(json!({ "grace_seconds": 3_600 }))
    .answer::<SiteBody<'static>>(200, "The site as it stands now.", demo())
    .problems(&[Kind::NotFound, Kind::Invalid]);
    let create_key = Operation::new(
        ("POST", "/v1/api-keys"),
        "createApiKey",
        "API keys",
        "Create an API key",
        "Makes a key of a site, with the root key, and shows it this once: all that is kept of it is its SHA-256, its `id`. A key of \
         your own may be sent instead; the same request again is then answered as before (200).",
    )
    .body::<NewApiKey>(json!({ "site_id": "demo", "scopes": ["read"] }))
    .answer::<ApiKeyBody<'static>>(200, "The key of your own was there already.", api_key())
    .answer::<ApiKeyBody<'static>>(201, "The key is made.", api_key())
    .problems(&[Kind::Conflict, Kind::Invalid]);
    let list_keys = Operation::new(
        ("GET", "/v1/api-keys"),
        "listApiKeys",
        "API keys",
        "List API keys",
        "Lists the keys of a site without their texts, with the root key.",
    )
    .required_query::<SiteId>("site_id", "The site.", "demo")
    .paged()
    .list::<ApiKeyBody<'static>>("A page of keys.", kept_key());
    let delete_key = Operation::new(
        ("DELETE", "/v1/api-keys/{id}"),
        "deleteApiKey",
        "API keys",
        "Delete an API key",
        "Deletes a key for good, with the root key; also when it is sent again. Functions that know the key may take it for \
         a minute more.",
    )
    .path::<String>("id", "The SHA-256 of the key, in lower-case hexadecimal.", KEY_ID)
    .empty_answer(204, "It is deleted.")
    .problems(&[Kind::NotFound]);
    vec![create, read, change, create_key, list_keys, delete_key]
}

fn live() -> Value {
    json!({
        "id": "live",
        "time_zone": "Europe/Paris",
        "rounding": "half_away_from_zero",
        "tax_rounding": "per_line",
        "grace_seconds": 3_600,
        "late_usage": "hold",
        "created_at": "2015-10-01T01:00:00Z",
    })
}

fn demo() -> Value {
    json!({
        "id": "demo",
        "time_zone": "UTC",
        "rounding": "half_away_from_zero",
        "tax_rounding": "per_line",
        "grace_seconds": 3_600,
        "late_usage": "hold",
        "test_clock": "2015-10-01T01:00:00Z",
        "created_at": "2015-09-01T00:00:00Z",
    })
}

fn api_key() -> Value {
    let mut key = kept_key();
    key["key"] = "chk_0123456789abcdefghjkmnpqrstvwxyz01234567".into();
    key
}

fn kept_key() -> Value {
    json!({ "id": KEY_ID, "site_id": "demo", "scopes": ["read"], "created_at": "2015-10-01T01:00:00Z" })
}
