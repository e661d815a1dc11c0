//! Reading JSON, with the path of what is wrong.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Kind, Problem};
use crate::query::unreadable;

/// How deep arrays and objects may be nested.
const MOST_DEPTH: usize = 4;

/// Reads a whole text as one JSON object.
///
/// Its objects must not name a key twice, at any depth, and nest at most 4 deep.
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
    // Serde blames the object that lacks a field, or has it twice; the caller wants the field.
    let inner = ["missing field `", "duplicate field `"].iter().find_map(|start| detail.strip_prefix(start));
    let inner = inner.and_then(|rest| rest.strip_suffix('`')).unwrap_or_default();
    let field = match (path.is_empty(), inner.is_empty()) {
        (false, false) if !path.ends_with(&format!(".{inner}")) => format!("{path}.{inner}"),
        (true, false) => inner.to_owned(),
        _ => path.to_owned(),
    };
    let problem = Problem::new(Kind::Unreadable, detail);
    if field.is_empty() || field == "?" { problem } else { problem.field(field) }
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
