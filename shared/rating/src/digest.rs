//! The digest over what was rated.

use sha2::{Digest, Sha256};

/// The SHA-256 of canonical lines in the order in which they come, none of which is kept.
///
/// Each line is framed by its length in bytes, so that no content can pass for two lines. A line that comes twice
/// counts twice.
///
/// # Examples
/// ```
/// let mut digest = rating::LineDigest::default();
/// ["a", "b"].into_iter().for_each(|line| digest.add(line));
/// assert_eq!(digest.finish(), rating::digest_lines(["b", "a"].into_iter().map(String::from)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct LineDigest(Sha256);

impl LineDigest {
    /// Takes the next line.
    pub fn add(&mut self, line: &str) {
        self.0.update(format!("{}:{line},", line.len()));
    }

    /// Returns the digest in lower-case hexadecimal.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Returns the digest of canonical lines in the order of their text: the order in which they come changes nothing.
///
/// # Examples
/// ```
/// let lines = |lines: [&str; 2]| rating::digest_lines(lines.into_iter().map(String::from));
/// assert_eq!(lines(["a", "b"]), lines(["b", "a"]));
/// assert_ne!(lines(["a", "bc"]), lines(["ab", "c"]));
/// ```
pub fn digest_lines(lines: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    let mut digest = LineDigest::default();
    lines.iter().for_each(|line| digest.add(line));
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_same_for_ever() {
        let digest = |lines: &[&str]| digest_lines(lines.iter().map(|line| line.to_string()));
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest(&["b", "a|12.5"]), "923649ce16e1bb90cd790134d296b7d4e72646aa40f70294173df171f92a5dce");
        assert_ne!(digest(&["a"]), digest(&["a", "a"]));
    }
}
