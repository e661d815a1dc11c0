//! API keys: made with the root key and shown once, listed without their texts, deleted for good.

use api::openapi::{Operation, TimeInput};
use api::{Call, Kind, NumberText, Problem, json_response, list_response, no_content};
use billing::id::SiteId;
use billing::site::{ApiKey, Scope};
use billing::time::{TimeText, Timestamp};
use lambda_http::{Body, Response};
use operations::api_keys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Deps, Route};

const TAG: &str = "API keys";
const KEY_ID: &str = "4fac02890832fd5eb0523e55047c740eecb39154cbb1d47d240b145bef9574ca";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    site_id: SiteId,
    /// What it may do; admin includes the others.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// When it stops working, in real time; never, where it is left out.
    #[schema(value_type = Option<TimeInput>)]
    expires_at: Option<NumberText>,
    /// A key of your own; a random one is made where it is left out.
    #[schema(pattern = "^[!-~]{12,200}$")]
    key: Option<String>,
}

/// A key on the wire; its text is there in the answer to its creation alone.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyBody<'a> {
    /// The SHA-256 of the key, in lower-case hexadecimal.
    id: &'a str,
    /// The text of the key, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    site_id: &'a SiteId,
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    created_at: Timestamp,
}

fn body<'a>(id: &'a str, key: Option<&'a str>, kept: &'a ApiKey) -> ApiKeyBody<'a> {
    ApiKeyBody {
        id,
        key,
        site_id: &kept.site_id,
        scopes: &kept.scopes,
        expires_at: kept.expires_at,
        created_at: kept.created_at,
    }
}

/// Makes a key for a site, or takes the caller's own.
///
/// # Errors
/// 422 for a site that is not there or a key that is too easily guessed, 409 where the key opens something else.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewApiKey = call.json()?;
    let asked = api_keys::NewApiKey {
        site_id: new.site_id,
        scopes: new.scopes,
        expires_at: new.expires_at.map(|at| TimeText::from(at.as_str())),
        text: new.key,
    };
    let made = api_keys::create(&deps.store, asked, call.real_now).await?;
    let status = if made.is_new { 201 } else { 200 };
    Ok(json_response(status, &body(&made.sha256, Some(&made.text), &made.key)))
}

/// Lists the keys of the site that the query names, without their texts.
///
/// # Errors
/// A problem with the `site_id`, the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let site: Option<SiteId> = call.query().parse("site_id")?;
    let missing = || Problem::new(Kind::Unreadable, "say whose keys: ?site_id=").field("site_id");
    let (site, limit) = (site.ok_or_else(missing)?, call.query().limit()?);
    let page = api_keys::list(&deps.store, &site, call.query().get("cursor"), limit).await?;
    let bodies: Vec<_> = page.items.iter().map(|named| body(&named.sha256, None, &named.key)).collect();
    Ok(list_response(&bodies, page.next.as_deref()))
}

/// Deletes the key that the path names by its id; deleting it again is a success.
///
/// # Errors
/// 404 where there never was such a key.
pub async fn delete(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let id: String = call.param("id")?;
    api_keys::delete(&deps.store, &id, call.real_now).await?;
    Ok(no_content())
}

/// Describes the routes of API keys.
pub fn operations() -> [Operation; 3] {
    let create = Operation::new(
        ("POST", "/v1/api-keys"),
        "createApiKey",
        TAG,
        "Create an API key",
        "Makes a key of a site, with the root key, and shows it this once: all that is kept of it is its SHA-256, its `id`. A key of \
         your own may be sent instead; the same request again is then answered as before (200).",
    )
    .body::<NewApiKey>(json!({ "site_id": "demo", "scopes": ["read"] }))
    .answer::<ApiKeyBody<'static>>(200, "The key of your own was there already.", api_key())
    .answer::<ApiKeyBody<'static>>(201, "The key is made.", api_key())
    .problems(&[Kind::Conflict, Kind::Invalid]);
    let list = Operation::new(
        ("GET", "/v1/api-keys"),
        "listApiKeys",
        TAG,
        "List API keys",
        "Lists the keys of a site without their texts, with the root key.",
    )
    .required_query::<SiteId>("site_id", "The site.", "demo")
    .paged()
    .list::<ApiKeyBody<'static>>("A page of keys.", kept_key());
    let delete = Operation::new(
        ("DELETE", "/v1/api-keys/{id}"),
        "deleteApiKey",
        TAG,
        "Delete an API key",
        "Deletes a key for good, with the root key; also when it is sent again. Functions that know the key may take it for \
         a minute more.",
    )
    .path::<String>("id", "The SHA-256 of the key, in lower-case hexadecimal.", KEY_ID)
    .empty_answer(204, "It is deleted.")
    .problems(&[Kind::NotFound]);
    [create, list, delete]
}

fn api_key() -> Value {
    let mut key = kept_key();
    key["key"] = "chk_0123456789abcdefghjkmnpqrstvwxyz01234567".into();
    key
}

fn kept_key() -> Value {
    json!({ "id": KEY_ID, "site_id": "demo", "scopes": ["read"], "created_at": "2015-10-01T01:00:00Z" })
}
