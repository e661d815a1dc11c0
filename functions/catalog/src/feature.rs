//! Features: what usage is counted against.

use api::openapi::{CREATED_ONCE, Operation};
use api::{Call, Problem, request_digest};
use billing::catalog::Feature;
use billing::id::FeatureId;
use billing::time::Timestamp;
use lambda_http::{Body, Response};
use operations::catalogue;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::documents::{self, Examples, Shown, Words};
use crate::{Deps, Route};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFeature {
    id: Option<FeatureId>,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureChange {
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Feature)]
pub struct FeatureBody<'a> {
    id: &'a FeatureId,
    name: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Creates a feature.
///
/// # Errors
/// 422 naming what is wrong, 409 where the id or the idempotency key stands for another content.
pub async fn create(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let new: NewFeature = call.json()?;
    let named = new.id.is_some();
    let digest = request_digest(&json!({ "id": new.id, "name": new.name }));
    let creation = documents::creation::<Feature>(call, digest, named)?;
    let asked = catalogue::NewFeature { id: new.id, name: new.name };
    let created = catalogue::create_feature(&deps.store, call.site()?, asked, &creation, call.now).await?;
    documents::created(created, named)
}

/// Reads the feature that the path names.
///
/// # Errors
/// 404 where there is none.
pub async fn read(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let found = catalogue::feature(&deps.store, call.site()?, &call.param("id")?).await?;
    Ok(documents::shown(&found))
}

/// Changes the feature that the path names; what stays as it was is not written.
///
/// # Errors
/// 404 where there is none, 422 naming what is wrong, 503 where others kept changing it.
pub async fn change(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let change: FeatureChange = call.json()?;
    let asked = catalogue::FeatureChange { name: change.name };
    let changed = catalogue::change_feature(&deps.store, call.site()?, &call.param("id")?, asked, call.now).await?;
    Ok(documents::shown(&changed))
}

/// Lists features, a page at a time.
///
/// # Errors
/// A problem with the `limit` or the `cursor`.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let (limit, cursor) = (call.query().limit()?, call.query().get("cursor"));
    let page = catalogue::features(&deps.store, call.site()?, cursor, limit).await?;
    Ok(documents::listed(&page))
}

impl Shown for Feature {
    fn body(&self) -> impl Serialize {
        FeatureBody { id: &self.id, name: &self.name, created_at: self.created_at, updated_at: self.updated_at }
    }
}

/// Describes the routes of features.
pub fn operations() -> [Operation; 4] {
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
    documents::operations::<FeatureId, NewFeature, FeatureChange, FeatureBody<'static>>(&words, examples)
}
