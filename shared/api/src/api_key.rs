//! The text of API keys, and what is kept of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::id::random_text;
use crate::problem::Problem;

/// The longest text of a key that is looked at, in bytes.
const LONGEST_KEY: usize = 200;

/// Returns the SHA-256 of a key's text in lower-case hexadecimal: all that is ever stored of a key.
pub fn key_sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Returns the text of a new key: `chk_` and 40 random characters, which is 200 bits.
///
/// # Errors
/// `Internal` where the operating system has no random bytes to give.
pub fn new_key() -> Result<String, Problem> {
    random_text("chk_", 40)
}

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
    fn the_digest_of_a_key_is_64_hexadecimal_digits() {
        let digest = key_sha256("abc");

        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(same_digest(&digest, &key_sha256("abc")));
        assert!(!same_digest(&digest, &key_sha256("abd")));
        assert!(!same_digest(&digest, ""));
        assert_eq!(new_key().unwrap().len(), 44);
    }
}
