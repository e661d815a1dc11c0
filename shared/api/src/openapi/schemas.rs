//! The schemas of the document: collected from the types, and made to say what serde does where a derive cannot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

const PLACE: &str = "#/components/schemas/";

/// The name of the schema of problems.
pub(crate) const PROBLEM: &str = "Problem";

/// Schemas by name.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    named: BTreeMap<String, Value>,
    /// What callers send, with everything inside it: there, null may be a way to say nothing.
    sent: BTreeSet<String>,
    clashes: BTreeSet<String>,
}

impl Schemas {
    /// Adds a type with all that it is made of, and returns what stands in its place: a reference where it has a name
    /// of its own, the schema itself where it is one of the language's.
    pub(crate) fn add<T: ToSchema>(&mut self, sent: bool) -> Value {
        let mut inner = Vec::new();
        T::schemas(&mut inner);
        for (name, schema) in inner {
            self.insert(&name, to_value(&schema), sent);
        }
        let (name, schema) = (T::name(), to_value(&T::schema()));
        if !has_name(&name) {
            return schema;
        }
        self.insert(&name, schema, sent);
        reference(&name)
    }

    /// Adds a change: of its fields, those that are not sent stay, and null is refused.
    pub(crate) fn add_change<T: ToSchema>(&mut self) -> Value {
        let reference = self.add::<T>(true);
        let name: &str = &T::name();
        self.sent.remove(name);
        reference
    }

    /// Adds the schema of problems.
    pub(crate) fn add_problem(&mut self, schema: Value) {
        self.named.insert(PROBLEM.to_owned(), schema);
    }

    fn insert(&mut self, name: &str, mut schema: Value, sent: bool) {
        // The problem's schema names every kind, and is added once all else is there.
        if !has_name(name) || name == PROBLEM {
            return;
        }
        shorten(&mut schema);
        if sent {
            self.sent.insert(name.to_owned());
        }
        if self.named.get(name).is_some_and(|known| *known != schema) {
            self.clashes.insert(name.to_owned());
        }
        self.named.insert(name.to_owned(), schema);
    }

    /// Returns the schemas, and the names that stand for several.
    pub(crate) fn finish(mut self) -> (Map<String, Value>, BTreeSet<String>) {
        let names: Vec<String> = self.named.keys().cloned().collect();
        for name in names {
            self.name_variants(&name);
            if !self.sent.contains(&name)
                && let Some(schema) = self.named.get_mut(&name)
            {
                forbid_null(schema);
            }
        }
        (self.named.into_iter().collect(), self.clashes)
    }

    /// Gives a tagged union one schema per variant, its tag included, and tells which tag leads to which.
    ///
    /// What is derived says "this schema, and a tag"; a variant that knows all of its fields would refuse the tag.
    fn name_variants(&mut self, name: &str) {
        let variants = self.named.get(name).and_then(|schema| schema["oneOf"].as_array()).cloned().unwrap_or_default();
        let mut mapping = Map::new();
        let mut property = String::new();
        let mut references = Vec::new();
        for variant in &variants {
            let Some((inner, tag)) = tagged(variant) else { return };
            let Some(schema) = self.named.get_mut(&inner) else { return };
            let Some((field, value)) = tag["properties"].as_object().and_then(|tag| tag.iter().next()) else { return };
            let word = value["enum"][0].as_str().unwrap_or_default().to_owned();
            schema["properties"][field] = json!({ "const": word, "type": "string" });
            match schema.get_mut("required").and_then(Value::as_array_mut) {
                Some(required) => required.insert(0, json!(field)),
                // A variant of which nothing else has to be said.
                None => schema["required"] = json!([field]),
            }
            schema["additionalProperties"] = json!(false);
            if let Some(about) = variant.get("description") {
                schema["description"] = about.clone();
            }
            property.clone_from(field);
            mapping.insert(word, json!(format!("{PLACE}{inner}")));
            references.push(reference(&inner));
        }
        if let Some(schema) = self.named.get_mut(name).filter(|_| !mapping.is_empty()) {
            schema["oneOf"] = references.into();
            schema["discriminator"] = json!({ "propertyName": property, "mapping": mapping });
        }
    }
}

/// A variant's schema by its name, and the object with the tag.
fn tagged(variant: &Value) -> Option<(String, &Value)> {
    let [inner, tag] = variant["allOf"].as_array()?.as_slice() else { return None };
    let inner = inner["$ref"].as_str()?.strip_prefix(PLACE)?;
    Some((inner.to_owned(), tag))
}

/// What is left out where there is nothing to say is never null.
fn forbid_null(schema: &mut Value) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        forbid_null(part);
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let required: Vec<&str> = required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(&name.as_str())) {
        if let Some(types) = property.get_mut("type").and_then(Value::as_array_mut) {
            types.retain(|name| name != "null");
            if let [one] = types.as_slice() {
                property["type"] = one.clone();
            }
        }
        if let Some(one_of) = property.get_mut("oneOf").and_then(Value::as_array_mut) {
            one_of.retain(|schema| schema["type"] != "null");
            if let [one] = one_of.as_slice() {
                *property = one.clone();
            }
        }
    }
}

/// Leaves out what a type's documentation has for whoever reads the code: sections such as examples in Rust.
fn shorten(schema: &mut Value) {
    if let Some(Value::String(about)) = schema.get_mut("description")
        && let Some(end) = about.find("\n\n# ")
    {
        about.truncate(end);
    }
}

/// Says whether a type has a name of its own in the document; those of the language do not.
fn has_name(name: &str) -> bool {
    name != "String" && name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// A reference to a schema by its name.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{PLACE}{name}") })
}

/// A schema is made of texts, numbers and lists, so writing it cannot fail.
fn to_value(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}
