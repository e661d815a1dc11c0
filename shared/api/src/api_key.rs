//! API keys as callers present them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use billing::site::key_sha256;
use lambda_http::http::{HeaderMap, header};

/// The longest text of a key that is looked at, in bytes.
const LONGEST_KEY: usize = 200;

/// Says whether two digests are equal, in a time that does not tell where they differ.
pub(crate) fn same_digest(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// The key of `Authorization: Bearer <key>`, or the user name of `Authorization: Basic`.
pub(crate) fn presented_key(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let credentials = credentials.trim();
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        credentials.to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(credentials).ok()?;
        String::from_utf8(decoded).ok()?.split_once(':')?.0.to_owned()
    } else {
        return None;
    };
    (1..=LONGEST_KEY).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_digests_are_the_same() {
        let digest = key_sha256("abc");

        assert!(same_digest(&digest, &key_sha256("abc")));
        assert!(!same_digest(&digest, &key_sha256("abd")));
        assert!(!same_digest(&digest, ""));
    }
}
