//! What a later version of the system wrote: fields that this one does not know stay where they are, and forms that it
//! must not guess are refused.
//!
//! An upgrade may be taken back, so that this version meets documents of a later one. A field that it does not know is
//! read over, and is still there when the document is changed. Where money would depend on such a field, the later version
//! writes a form number beside the document: this version then refuses it, and whatever needs it waits.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::error::StoreError;
use crate::json::to_json;
use crate::table::{Item, get_number};

/// The attribute that holds an item's form; absent where it is 1.
const FORM: &str = "FORM";

/// The latest form that is read.
const LATEST_FORM: u32 = 1;

/// How many refused fields are taken out of one document at most, counting those of one list once.
const MOST_FIELDS: usize = 1_000;

/// The members that say which variant of an enum an object is.
const TAGS: [&str; 4] = ["step", "model", "discount", "warning"];

/// The members that tell an element of a list from the others, wherever it stands.
const IDS: [&str; 2] = ["id", "subscription_item_id"];

/// The fields of a document that this version does not know; nothing almost always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Later(Option<Box<Beyond>>);

/// What a stored value has and this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Beyond {
    /// All of it: a member that is not known.
    Whole(Value),
    /// Something in members that are known, by name.
    Members(BTreeMap<String, Beyond>),
    /// Something in elements of a list, as [`names`] calls them.
    Elements(BTreeMap<String, Beyond>),
}

impl Later {
    /// The JSON text of a document together with these fields.
    pub(crate) fn written_with<T: Serialize>(&self, value: &T) -> Result<String, StoreError> {
        let Some(later) = &self.0 else { return to_json(value) };
        let mut value = serde_json::to_value(value).map_err(|_| StoreError::Corrupt { what: "document" })?;
        add(&mut value, later);
        to_json(&value)
    }
}

/// Refuses an item whose form is later than what this version reads.
pub(crate) fn check_form(item: &Item, what: &'static str) -> Result<(), StoreError> {
    match get_number::<u32>(item, FORM) {
        Some(form) if form > LATEST_FORM => Err(StoreError::TooNew { what, form }),
        // A form that is no number is none that any version wrote.
        None if item.contains_key(FORM) => Err(StoreError::Corrupt { what }),
        _ => Ok(()),
    }
}

/// Reads a document, and what it has beyond it; `None` where it is none.
pub(crate) fn read<T: Serialize + DeserializeOwned>(json: &str) -> Option<(T, Later)> {
    // A flattened type drops what it does not know without a word: only the text says whether all of it was read.
    match serde_json::from_str(json) {
        Ok(value) if is_text_of(json, &value) => Some((value, Later::default())),
        _ => read_later(json),
    }
}

/// Says whether the text is exactly what the value is written as.
fn is_text_of<T: Serialize>(json: &str, value: &T) -> bool {
    let mut expected = Expected(json.as_bytes());
    serde_json::to_writer(&mut expected, value).is_ok() && expected.0.is_empty()
}

/// What is still to be written; anything else is refused.
struct Expected<'a>(&'a [u8]);

impl io::Write for Expected<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(written).ok_or(io::ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a document that has fields which this version does not know, or lacks some that it always writes.
///
/// Some types refuse unknown fields, since on the wire they are mistakes: here they are taken out, one after the other.
fn read_later<T: Serialize + DeserializeOwned>(json: &str) -> Option<(T, Later)> {
    let whole: Value = serde_json::from_str(json).ok()?;
    let mut known = whole.clone();
    for _ in 0..MOST_FIELDS {
        let text = known.to_string();
        match serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(&text)) {
            Ok(value) => {
                let value: T = value;
                let later = difference(&whole, &serde_json::to_value(&value).ok()?);
                return Some((value, Later(later.map(Box::new))));
            }
            Err(error) => take_out(&mut known, error.path(), &error.inner().to_string())?,
        }
    }
    None
}

/// A step on the way to a value.
#[derive(Clone)]
enum Way {
    Member(String),
    Element(usize),
}

/// Takes out the field that is refused as unknown, also in the other elements of the same lists; `None` where something
/// else is wrong.
fn take_out(value: &mut Value, path: &Path, message: &str) -> Option<()> {
    // "unknown field `colour`, expected `round` or `multiple_of`"
    let mut quoted = message.split_once("unknown field ")?.1.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    let expected: Vec<&str> = quoted.collect();
    let mut way: Vec<Way> = path.iter().filter_map(way).collect();
    // The path ends with the field itself or at the object that has it. It ends above both where an enum was read in one
    // piece before its variant was known.
    if matches!(way.last(), Some(Way::Member(last)) if last == name) {
        way.pop();
    }
    let mut having = Vec::new();
    find(at(value, &way)?, name, &mut way, &mut having);
    let is_expected = |way: &&Vec<Way>| {
        let refusing = at(value, way);
        expected.iter().any(|name| refusing.is_some_and(|object| object.get(name).is_some()))
    };
    let way = having.iter().find(is_expected).or(having.first())?.clone();
    let tags = tags(at(value, &way)?);
    remove(value, &way, name, &tags);
    Some(())
}

fn way(segment: &Segment) -> Option<Way> {
    match segment {
        Segment::Map { key } => Some(Way::Member(key.clone())),
        Segment::Seq { index } => Some(Way::Element(*index)),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn at<'a>(value: &'a Value, way: &[Way]) -> Option<&'a Value> {
    way.iter().try_fold(value, |value, way| match way {
        Way::Member(name) => value.get(name),
        Way::Element(place) => value.get(place),
    })
}

/// Finds every object in the value that has the member; the value itself stands at `way`.
fn find(value: &Value, name: &str, way: &mut Vec<Way>, having: &mut Vec<Vec<Way>>) {
    if value.get(name).is_some() {
        having.push(way.clone());
    }
    let within: Vec<(Way, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (Way::Member(name.clone()), value)).collect(),
        Value::Array(elements) => elements.iter().enumerate().map(|(n, value)| (Way::Element(n), value)).collect(),
        _ => return,
    };
    for (step, value) in within {
        way.push(step);
        find(value, name, way, having);
        way.pop();
    }
}

fn tags(value: &Value) -> [Option<Value>; TAGS.len()] {
    TAGS.map(|tag| value.get(tag).cloned())
}

/// Removes the member there, and from what stands in other elements of the same lists with the same tags: that is of the
/// same type, so that one field of thousands of steps is taken out at once.
fn remove(value: &mut Value, way: &[Way], name: &str, of: &[Option<Value>; TAGS.len()]) {
    match (way.split_first(), value) {
        (None, value) if tags(value) == *of => {
            value.as_object_mut().map(|members| members.remove(name));
        }
        (Some((Way::Member(member), rest)), Value::Object(members)) => {
            if let Some(value) = members.get_mut(member) {
                remove(value, rest, name, of);
            }
        }
        (Some((Way::Element(_), rest)), Value::Array(elements)) => {
            elements.iter_mut().for_each(|value| remove(value, rest, name, of));
        }
        _ => {}
    }
}

/// What the elements of a list are called: by their ids where they have some, by their places otherwise.
fn names(elements: &[Value]) -> Vec<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut names = Vec::with_capacity(elements.len());
    for (place, element) in elements.iter().enumerate() {
        let id = IDS.iter().find_map(|id| element.get(id)?.as_str());
        names.push(match id {
            Some(id) => {
                let before = seen.entry(id).or_default();
                *before += 1;
                format!("{id}#{before}")
            }
            None => place.to_string(),
        });
    }
    names
}

/// What the whole has and the known part has not.
fn difference(whole: &Value, known: &Value) -> Option<Beyond> {
    match (whole, known) {
        (Value::Object(whole), Value::Object(known)) => {
            let beyond = |(name, value): (&String, &Value)| {
                let beyond =
                    known.get(name).map_or_else(|| Some(Beyond::Whole(value.clone())), |k| difference(value, k));
                Some((name.clone(), beyond?))
            };
            let members: BTreeMap<_, _> = whole.iter().filter_map(beyond).collect();
            (!members.is_empty()).then_some(Beyond::Members(members))
        }
        (Value::Array(whole), Value::Array(known)) => {
            let known: HashMap<String, &Value> = names(known).into_iter().zip(known).collect();
            let beyond = |(name, value): (String, &Value)| {
                let beyond = difference(value, known.get(&name)?)?;
                Some((name, beyond))
            };
            let elements: BTreeMap<_, _> = names(whole).into_iter().zip(whole).filter_map(beyond).collect();
            (!elements.is_empty()).then_some(Beyond::Elements(elements))
        }
        _ => None,
    }
}

/// Adds what [`difference`] found. What the value has by itself stays; what is gone from it takes its unknown fields along.
fn add(value: &mut Value, later: &Beyond) {
    match (value, later) {
        (Value::Object(members), Beyond::Members(later)) => {
            for (name, later) in later {
                match (members.get_mut(name), later) {
                    (Some(member), later) => add(member, later),
                    (None, Beyond::Whole(later)) => drop(members.insert(name.clone(), later.clone())),
                    (None, _) => {}
                }
            }
        }
        (Value::Array(elements), Beyond::Elements(later)) => {
            let names = names(elements);
            for (name, element) in names.iter().zip(elements) {
                if let Some(later) = later.get(name) {
                    add(element, later);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
