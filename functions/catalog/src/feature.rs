//! Features: what usage is counted against.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use api::{Call, Problem, request_digest};
use billing::catalog::Feature;
use billing::id::FeatureId;
use billing::timestamp::Timestamp;

use crate::document::{Draft, Resource, id_or_new};
use crate::{Route, text};

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

impl Resource for Feature {
    type Id = FeatureId;

    const NOUN: &'static str = "feature";

    fn body(&self) -> impl Serialize {
        FeatureBody { id: &self.id, name: &self.name, created_at: self.created_at, updated_at: self.updated_at }
    }

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}

/// Reads the feature that a call asks for.
///
/// # Errors
/// A problem that names what is wrong.
pub fn draft(call: &Call<Route>) -> Result<Draft<Feature>, Problem> {
    let new: NewFeature = call.json()?;
    let digest = request_digest(&json!({ "id": new.id, "name": new.name }));
    let named = new.id.is_some();
    let value = Feature {
        id: id_or_new(new.id, "fea_")?,
        name: text::name(new.name)?,
        created_at: call.now,
        updated_at: call.now,
    };
    Ok(Draft { value, digest, named })
}

/// Reads a change of a feature.
///
/// # Errors
/// A problem that names what is wrong.
pub fn change(call: &Call<Route>) -> Result<impl Fn(&mut Feature) -> Result<(), Problem>, Problem> {
    let change: FeatureChange = call.json()?;
    let name = change.name.map(text::name).transpose()?;
    Ok(move |feature: &mut Feature| {
        feature.name = name.clone().unwrap_or_else(|| feature.name.clone());
        Ok(())
    })
}
