//! Random names, for whatever the caller does not name.

use crate::problem::{Kind, Problem};

/// Thirty-two characters that are not mistaken for each other when read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Returns `prefix` and 20 random characters, which is 100 bits: enough that two never meet.
///
/// # Errors
/// `Internal` where the operating system has no random bytes to give.
pub fn new_id(prefix: &str) -> Result<String, Problem> {
    random_text(prefix, 20)
}

/// Returns `prefix` and `length` random characters of five bits each.
pub(crate) fn random_text(prefix: &str, length: usize) -> Result<String, Problem> {
    let mut bytes = vec![0_u8; length];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no random bytes");
        Problem::new(Kind::Internal, "the server could not make a name; try again")
    })?;
    let mut text = prefix.to_owned();
    text.extend(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|&byte| char::from(byte)));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_prefix_and_20_characters_and_never_the_same() {
        let (one, other) = (new_id("sub_").unwrap(), new_id("sub_").unwrap());

        assert_eq!(one.len(), 24);
        assert!(one.starts_with("sub_") && one.parse::<billing::id::SubscriptionId>().is_ok());
        assert_ne!(one, other);
    }
}
