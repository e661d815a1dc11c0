//! Whether two requests say the same.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Returns the SHA-256 of the canonical JSON of a request, in lower-case hexadecimal.
///
/// Object keys are sorted and nothing stands between tokens; numbers and strings count as they were written.
pub fn request_digest(value: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(value, &mut canonical);
    hex(&Sha256::digest(canonical.as_bytes()))
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(element, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            // Sorted here, since a build may have told serde_json to keep the order of arrival.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(member, text);
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_count_and_everything_else_does() {
        let digest = |json: &str| request_digest(&serde_json::from_str(json).unwrap());

        let one = digest(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#);
        assert_eq!(one, digest(r#"{ "b": {"d":"x","c":[1,2]}, "a": 1 }"#));
        for other in [r#"{"a":1,"b":{"c":[2,1],"d":"x"}}"#, r#"{"a":"1","b":{"c":[1,2],"d":"x"}}"#, "{}"] {
            assert_ne!(one, digest(other), "{other}");
        }
        assert_eq!(hex(&Sha256::digest(b"{}")), digest("{}"));
    }
}
