//! Random names, for whatever the caller does not name.

use std::str::FromStr;

use billing::id::IdError;

use crate::error::Error;

/// Thirty-two characters that are not mistaken for each other when read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Returns the id that the caller chose, or a new one: `prefix` and 20 random characters, which is 100 bits, enough that two
/// never meet.
///
/// # Errors
/// `NoRandomness`.
pub(crate) fn id_or_new<I: FromStr<Err = IdError>>(chosen: Option<I>, prefix: &str) -> Result<I, Error> {
    match chosen {
        Some(id) => Ok(id),
        // A prefix of ours and characters of the alphabet are an id.
        None => random_text(prefix, 20)?.parse().map_err(|_: IdError| Error::NoRandomness),
    }
}

/// Returns `prefix` and `length` random characters of five bits each.
///
/// # Errors
/// `NoRandomness`.
pub(crate) fn random_text(prefix: &str, length: usize) -> Result<String, Error> {
    let mut bytes = vec![0_u8; length];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    let mut text = prefix.to_owned();
    text.extend(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|&byte| char::from(byte)));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use billing::id::SubscriptionId;

    use super::*;

    #[test]
    fn an_id_is_a_prefix_and_20_characters_and_never_the_same() {
        let [one, other]: [SubscriptionId; 2] = [(), ()].map(|()| id_or_new(None, "sub_").unwrap());

        assert_eq!(one.as_str().len(), 24);
        assert!(one.as_str().starts_with("sub_"));
        assert_ne!(one, other);
        assert_eq!(id_or_new(Some(one.clone()), "sub_").unwrap(), one);
    }
}
