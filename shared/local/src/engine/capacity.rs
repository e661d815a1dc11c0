//! What the calls to DynamoDB consumed, in capacity units.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answer, Call};

/// What one operation consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OperationCapacity {
    /// Calls, refused ones included.
    pub calls: u64,
    /// Calls that a condition refused. DynamoDB bills them and does not say how much.
    pub refused: u64,
    /// Read units.
    pub read_units: f64,
    /// Write units, those of refused calls included.
    pub write_units: f64,
}

/// Capacity consumed since the last reset. Only calls that ask for `ReturnConsumedCapacity` are measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityMeter {
    /// By operation.
    pub operations: BTreeMap<String, OperationCapacity>,
}

impl CapacityMeter {
    /// Returns the read units of all operations.
    pub fn read_units(&self) -> f64 {
        self.operations.values().map(|operation| operation.read_units).sum()
    }

    /// Returns the write units of all operations.
    pub fn write_units(&self) -> f64 {
        self.operations.values().map(|operation| operation.write_units).sum()
    }

    /// Returns the number of calls of all operations.
    pub fn calls(&self) -> u64 {
        self.operations.values().map(|operation| operation.calls).sum()
    }

    /// Returns what one operation consumed.
    pub fn of(&self, operation: &str) -> OperationCapacity {
        self.operations.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn record(&mut self, call: &Call, answer: &Answer) {
        let entry = self.operations.entry(call.operation.clone()).or_default();
        entry.calls += 1;
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        if answer.status != 200 {
            let units = refused_units(&body);
            if units > 0.0 {
                entry.refused += 1;
                entry.write_units += units;
            }
            return;
        }
        let units: f64 = match &body["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
            table => table["CapacityUnits"].as_f64().unwrap_or_default(),
        };
        match call.operation.as_str() {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => entry.read_units += units,
            _ => entry.write_units += units,
        }
    }
}

/// A refused condition is billed by the size of the item that was there, twice in a transaction, and at least one unit.
fn refused_units(body: &Value) -> f64 {
    let kind = body["__type"].as_str().unwrap_or_default();
    if kind.ends_with("ConditionalCheckFailedException") {
        return write_units(&body["Item"]);
    }
    if kind.ends_with("TransactionCanceledException") {
        let reasons = body["CancellationReasons"].as_array().map_or(&[][..], Vec::as_slice);
        if reasons.iter().any(|reason| reason["Code"] == "ConditionalCheckFailed") {
            return reasons.iter().map(|reason| 2.0 * write_units(&reason["Item"])).sum();
        }
    }
    0.0
}

fn write_units(item: &Value) -> f64 {
    let bytes: u32 = item.as_object().map_or(0, |item| {
        item.iter().map(|(name, value)| length(name.len()).saturating_add(attribute_size(value))).sum()
    });
    f64::from(bytes.div_ceil(1024).max(1))
}

/// Roughly as DynamoDB counts: text by its bytes, numbers two digits a byte, containers three bytes and their parts.
fn attribute_size(value: &Value) -> u32 {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("N", Value::String(number)) => length(number.len().div_ceil(2) + 1),
        ("B", Value::String(base64)) => length(base64.len() / 4 * 3),
        (_, Value::String(text)) => length(text.len()),
        ("L", Value::Array(list)) => 3 + list.iter().map(|value| 1 + attribute_size(value)).sum::<u32>(),
        ("M", Value::Object(map)) => {
            3 + map.iter().map(|(name, value)| 1 + length(name.len()) + attribute_size(value)).sum::<u32>()
        }
        (_, Value::Array(set)) => set.iter().filter_map(Value::as_str).map(|text| length(text.len())).sum(),
        _ => 1,
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
