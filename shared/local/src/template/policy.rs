//! What a function may do: the statements of its policy, taken apart into single permissions.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Queue, Table, wrong};
use crate::error::Error;

/// One thing that a function may do: an action, as IAM names it, on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Such as `dynamodb:GetItem`.
    pub action: String,
    /// The name of a table or queue; an index as in `Table/index/list`.
    pub resource: String,
}

impl Permission {
    /// Returns the permission for an action on a resource.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into() }
    }
}

/// A policy as written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Policy {
    #[serde(rename = "Version")]
    _version: Option<String>,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    /// Says that the statement is for what Lambda itself does in the function's name.
    sid: Option<String>,
    effect: Effect,
    action: Vec<String>,
    resource: Vec<String>,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
}

/// Every action of a statement on every resource of it.
pub(super) fn permissions(
    place: &str,
    policies: &[Policy],
    table: &Table,
    queues: &[Queue],
) -> Result<BTreeSet<Permission>, Error> {
    let mut permissions = BTreeSet::new();
    for statement in policies.iter().flat_map(|policy| &policy.statement) {
        let Statement { sid, effect: Effect::Allow, action, resource } = statement;
        if action.iter().chain(resource).any(|text| text.contains('*')) {
            return Err(wrong(place, "a policy has no wildcards"));
        }
        if sid.is_some() && action.iter().any(|action| action.starts_with("dynamodb:")) {
            return Err(wrong(place, "what a function's code calls has no Sid"));
        }
        for resource in resource.iter().filter(|_| sid.is_none()) {
            let (service, name) = named(resource, table, queues)
                .ok_or_else(|| wrong(place, format!("{resource:?} is no table, index or queue of the template")))?;
            for action in action {
                let operation = action.strip_prefix(service).and_then(|rest| rest.strip_prefix(':'));
                if !operation.is_some_and(|name| !name.is_empty() && name.chars().all(char::is_alphabetic)) {
                    return Err(wrong(place, format!("{action:?} is no single action on {resource:?}")));
                }
                permissions.insert(Permission::new(action, &name));
            }
        }
    }
    Ok(permissions)
}

/// Service and name of what is left of `!GetAtt X.Arn` or `!Sub "${X.Arn}/index/y"`.
fn named(resource: &str, table: &Table, queues: &[Queue]) -> Option<(&'static str, String)> {
    if let Some((logical_id, index)) = resource.strip_prefix("${").and_then(|rest| rest.split_once(".Arn}/index/")) {
        let known = table.global_secondary_indexes.iter().any(|known| known.index_name == index);
        return (logical_id == table.logical_id && known).then(|| ("dynamodb", index_of(&table.name, index)));
    }
    let logical_id = resource.strip_suffix(".Arn")?;
    if logical_id == table.logical_id {
        return Some(("dynamodb", table.name.clone()));
    }
    queues.iter().find(|queue| queue.logical_id == logical_id).map(|queue| ("sqs", queue.name.clone()))
}

/// What an index is called among the resources of permissions.
pub(crate) fn index_of(table: &str, index: &str) -> String {
    format!("{table}/index/{index}")
}
