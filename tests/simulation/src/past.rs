//! The table as it is, and as it was after every write: what a read may show.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::{Key, key};

/// An item, or its absence.
pub type Image = Option<Arc<Value>>;

/// Every item with every image that it ever had.
#[derive(Clone, Debug, Default)]
pub struct Past {
    items: BTreeMap<Key, Vec<(usize, Image)>>,
    writes: usize,
}

impl Past {
    /// How many writes there were: the name of the present state.
    pub fn now(&self) -> usize {
        self.writes
    }

    /// Takes in a write.
    pub fn write(&mut self, key: Key, image: Image) {
        self.writes += 1;
        self.items.entry(key).or_default().push((self.writes, image));
    }

    /// An item as it was after so many writes.
    pub fn get(&self, key: &Key, at: usize) -> Image {
        self.items.get(key).and_then(|images| image_at(images, at))
    }

    /// Every item as it is.
    pub fn present(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.items.iter().filter_map(|(key, images)| Some((key, images.last()?.1.as_ref()?)))
    }

    /// Every image that an item ever had.
    pub fn images(&self, key: &Key) -> impl Iterator<Item = (usize, &Image)> {
        self.items.get(key).into_iter().flatten().map(|(at, image)| (*at, image))
    }

    /// Answers a `Query` of one of the store's shapes as of a state: a partition, and a range of sort keys.
    pub fn query(&self, request: &Value, at: usize) -> Value {
        let values = &request["ExpressionAttributeValues"];
        let names = &request["ExpressionAttributeNames"];
        let (hash, range) = (name(names, "#hash"), name(names, "#range"));
        let partition = text(&values[":hash"]);
        let (from, to) = (sortable(&values[":from"]), sortable(&values[":to"]));
        let index = request["IndexName"].is_string();
        let mut found: Vec<(String, Key, Arc<Value>)> = Vec::new();
        let mut take = |key: &Key, image: Arc<Value>| {
            let sort = sortable(&image[range]);
            if text(&image[hash]) == partition && (&from..=&to).contains(&&sort) {
                found.push((sort, key.clone(), image));
            }
        };
        if index {
            for (key, images) in &self.items {
                image_at(images, at).into_iter().for_each(|image| take(key, image));
            }
        } else {
            let bounds =
                (Bound::Included((partition.clone(), from.clone())), Bound::Included((partition.clone(), to.clone())));
            for (key, images) in self.items.range(bounds) {
                image_at(images, at).into_iter().for_each(|image| take(key, image));
            }
        }
        found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        if request["ScanIndexForward"] == Value::Bool(false) {
            found.reverse();
        }
        if request["ExclusiveStartKey"].is_object() {
            let start = &request["ExclusiveStartKey"];
            let after = (sortable(&start[range]), key(start));
            let backward = request["ScanIndexForward"] == Value::Bool(false);
            found.retain(|(sort, key, _)| {
                let place = (sort.clone(), key.clone());
                if backward { place < after } else { place > after }
            });
        }
        let limit = request["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        // DynamoDB stops where the limit is reached, and does not look whether there is more.
        let more = found.len() >= limit;
        found.truncate(limit);
        let project = |image: &Value| {
            if !index {
                return image.clone();
            }
            json!({ "PK": image["PK"], "SK": image["SK"], (hash): image[hash], (range): image[range] })
        };
        let mut answer = json!({ "Count": found.len(), "ScannedCount": found.len() });
        if let Some((_, _, last)) = found.last().filter(|_| more) {
            let mut place = json!({ "PK": last["PK"], "SK": last["SK"] });
            if index {
                place[hash] = last[hash].clone();
                place[range] = last[range].clone();
            }
            answer["LastEvaluatedKey"] = place;
        }
        answer["Items"] = found.iter().map(|(_, _, image)| project(image)).collect();
        answer
    }
}

fn image_at(images: &[(usize, Image)], at: usize) -> Image {
    let before = images.partition_point(|(written, _)| *written <= at);
    images[..before].last().and_then(|(_, image)| image.clone())
}

fn name<'a>(names: &'a Value, placeholder: &str) -> &'a str {
    names[placeholder].as_str().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value["S"].as_str().unwrap_or_default().to_owned()
}

/// A sort key in a form that sorts as DynamoDB sorts it; numbers are instants, which are never negative.
fn sortable(value: &Value) -> String {
    match value["N"].as_str() {
        Some(number) => format!("{number:0>24}"),
        None => text(value),
    }
}
