//! Reading JSON, with the path of what is wrong.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Kind, Problem};
use crate::query::unreadable;

/// How deep arrays and objects may be nested.
const MOST_DEPTH: usize = 5;

/// Reads a whole text as one JSON object.
///
/// Its objects must not name a key twice, at any depth, and nest at most 5 deep.
///
/// # Errors
/// `Unreadable`, with the path of the offending field where there is one, such as `price.tiers[0].up_to`.
pub fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    check_shape(text, "", 0)?;
    parse_json_lazily(text)
}

/// Reads a whole text as one JSON object, and looks at nothing that `T` leaves unread.
///
/// For a `T` that keeps parts as raw text, to be read one by one with [`parse_json`].
///
/// # Errors
/// `Unreadable`, as `parse_json`.
pub fn parse_json_lazily<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new(Kind::Unreadable, "there is no body; send JSON"));
    }
    // What is derived reads an array too, by the order of its fields.
    if !text.trim_start().starts_with('{') {
        return Err(Problem::new(Kind::Unreadable, "send a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| problem(&error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| problem(".", &error))?;
    Ok(value)
}

fn problem(path: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    // The position within the body says less than the field, and nothing at all once a record is read by itself.
    let detail = message.rfind(" at line ").and_then(|end| message.get(..end)).unwrap_or(&message);
    let path = path.trim_start_matches('.');
    let field = joined(path, inner_path(detail));
    let problem = Problem::new(Kind::Unreadable, detail);
    if field.is_empty() || field == "?" { problem } else { problem.field(field) }
}

/// The field inside an object that a message is about. Serde blames the object that lacks a field, or has it twice, and a
/// price all that is wrong in it: such a message begins with the field.
fn inner_path(detail: &str) -> &str {
    let starts = ["missing field `", "unknown field `", "duplicate field `", "`"];
    let rest = starts.iter().find_map(|start| detail.strip_prefix(start));
    rest.and_then(|rest| rest.split_once('`')).map_or("", |(inner, _)| inner)
}

/// A path and one inside it, which may begin with the name that the other ends with.
fn joined(path: &str, inner: &str) -> String {
    let (above, name) = path.rsplit_once('.').map_or(("", path), |(above, name)| (above, name));
    let repeats = inner.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    match (path.is_empty(), inner.is_empty()) {
        (true, _) => inner.to_owned(),
        (_, true) => path.to_owned(),
        _ if repeats && above.is_empty() => inner.to_owned(),
        _ if repeats => format!("{above}.{inner}"),
        _ => format!("{path}.{inner}"),
    }
}

/// Refuses doubled keys and deep nesting, and leaves whatever is no JSON at all to the reading that follows.
fn check_shape(text: &str, path: &str, depth: usize) -> Result<(), Problem> {
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) {
        return Ok(());
    }
    if depth == MOST_DEPTH {
        return Err(unreadable(path, format_args!("arrays and objects nest at most {MOST_DEPTH} deep")));
    }
    let below = depth.saturating_add(1);
    if text.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
        return (0..).zip(elements).try_for_each(|(index, element): (usize, _)| {
            check_shape(element.get(), &format!("{path}[{index}]"), below)
        });
    }
    let mut seen = HashSet::new();
    for (name, value) in serde_json::from_str::<Members>(text).unwrap_or_default().0 {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if !seen.insert(name.clone()) {
            return Err(unreadable(&path, format_args!("duplicate field `{name}`")));
        }
        check_shape(value.get(), &path, below)?;
    }
    Ok(())
}

/// The members of an object in their order, doubled ones too.
#[derive(Default)]
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(all)
            }
        }

        deserializer.deserialize_map(All).map(Members)
    }
}

#[cfg(test)]
mod tests;
