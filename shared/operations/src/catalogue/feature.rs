//! Features: what usage is counted against.

use billing::catalog::Feature;
use billing::field;
use billing::id::FeatureId;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use store::{Page, Store};

use super::{Dated, change, list, load};
use crate::document::{self, Created, Creation};
use crate::error::failed;
use crate::name::id_or_new;

/// A feature that is asked for.
#[derive(Clone, Debug)]
pub struct NewFeature {
    /// Its id; made by the system where absent.
    pub id: Option<FeatureId>,
    /// Its name.
    pub name: String,
}

/// A change of a feature; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct FeatureChange {
    /// Its name.
    pub name: Option<String>,
}

/// Creates a feature.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn create_feature(
    store: &Store,
    site: &Site,
    new: NewFeature,
    creation: &Creation,
    now: Timestamp,
) -> Result<Created<Feature>, Refusal> {
    let feature = Feature {
        id: id_or_new(new.id, "fea_").map_err(failed)?,
        name: field::name(new.name)?,
        created_at: now,
        updated_at: now,
    };
    document::create(store, site, store.changes(), feature, creation).await
}

/// Reads a feature.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn feature(store: &Store, site: &Site, id: &FeatureId) -> Result<Feature, Refusal> {
    load(store, site, id.as_str()).await.map(|stored| stored.value)
}

/// Changes a feature.
///
/// # Errors
/// `Invalid`, naming the field; `NotFound` where there is none; `Unavailable` where others kept changing it.
pub async fn change_feature(
    store: &Store,
    site: &Site,
    id: &FeatureId,
    asked: FeatureChange,
    now: Timestamp,
) -> Result<Feature, Refusal> {
    let name = asked.name.map(field::name).transpose()?;
    let apply = |feature: &mut Feature| {
        feature.name = name.clone().unwrap_or_else(|| feature.name.clone());
        Ok(())
    };
    change(store, site, id.as_str(), now, apply).await
}

/// A part of the features of a site, by id.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn features(
    store: &Store,
    site: &Site,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Feature>, Refusal> {
    list(store, site, cursor, limit).await
}

impl Dated for Feature {
    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}
