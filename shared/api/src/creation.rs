//! Creating something under a name, or under the caller's idempotency key.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::problem::{Kind, Problem};

/// Returns the caller's `Idempotency-Key` where the system makes the id: one key may stand for one thing of each kind.
/// There is none where the caller named the thing: the name tells one request from another.
///
/// # Errors
/// `Unreadable` where the header is not a key.
pub fn idempotency_key<R>(call: &Call<R>, noun: &str, named: bool) -> Result<Option<String>, Problem> {
    if named {
        return Ok(None);
    }
    Ok(call.idempotency_key()?.map(|key| format!("{noun}:{key}")))
}

/// Returns the conflict of a name, or an idempotency key, that stands for another content; it shows what exists.
pub fn different(noun: &str, id: &impl Display, named: bool, existing: &impl Serialize) -> Problem {
    let detail = if named {
        format!("{noun} {id} was created with another content")
    } else {
        format!("this Idempotency-Key was used for another request, which made {noun} {id}")
    };
    let existing = serde_json::to_value(existing).unwrap_or(Value::Null);
    Problem::new(Kind::Conflict, detail).with("existing", existing)
}
