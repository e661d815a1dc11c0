//! The digest that names the records of a line.
//!
//! It is the SHA-256 over a line of text for each record: by date, and at one date in the order of the text. Records come
//! by date and id. That is nearly the order of their lines: a line goes on behind the id with a `|`, which comes after every
//! character of an id, so that `a-b|` stands before `a|`. A line therefore waits only as long as records come whose ids
//! begin with its own.

use rating::LineDigest;

use super::record::{RecordKey, UsageRecord};
use crate::time::Timestamp;

/// Takes records by date and id, each once, and keeps the lines of at most as many as an id has characters.
#[derive(Clone, Debug, Default)]
pub struct UsageDigest {
    digest: LineDigest,
    /// At one date, each with an id that begins with the one before it.
    waiting: Vec<(RecordKey, String)>,
}

impl UsageDigest {
    /// Takes the next record.
    pub fn add(&mut self, record: &UsageRecord) {
        while let Some((_, line)) = self.waiting.pop_if(|(key, _)| !begins(&record.key, key)) {
            self.digest.add(&line);
        }
        self.waiting.push((record.key.clone(), record.digest_line()));
    }

    /// Returns the digest, in lower-case hexadecimal.
    pub fn finish(mut self) -> String {
        while let Some((_, line)) = self.waiting.pop() {
            self.digest.add(&line);
        }
        self.digest.finish()
    }
}

/// Whether a key has the date of another one, and an id that is longer and begins with the other's.
fn begins(key: &RecordKey, other: &RecordKey) -> bool {
    let (date, id): (Timestamp, &str) = parts(key);
    let (other_date, other_id) = parts(other);
    date == other_date && id.len() > other_id.len() && id.starts_with(other_id)
}

fn parts(key: &RecordKey) -> (Timestamp, &str) {
    (key.date, key.id.as_ref().map_or("", |id| id.as_str()))
}

/// Returns the digest of records in any order; one that comes twice counts twice.
pub fn usage_digest<'a>(records: impl Iterator<Item = &'a UsageRecord>) -> String {
    let mut lines: Vec<(Timestamp, String)> = records.map(|record| (record.key.date, record.digest_line())).collect();
    lines.sort_unstable();
    let mut digest = LineDigest::default();
    lines.iter().for_each(|(_, line)| digest.add(line));
    digest.finish()
}

#[cfg(test)]
mod tests {
    use rating::digest_lines;

    use super::*;
    use crate::usage::Content;

    fn record(millis: i64, id: &str) -> UsageRecord {
        UsageRecord {
            item_price_id: "minutes".parse().unwrap(),
            key: RecordKey {
                date: Timestamp::from_millis(millis).unwrap(),
                id: Some(id).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap()),
            },
            content: Content::new("12.5".parse().unwrap()),
            updated_at: Timestamp::MIN,
        }
    }

    const DATE: i64 = 1_772_323_200_000;

    #[test]
    fn lines_go_by_date_and_at_one_date_by_their_text() {
        let ids = ["", "a", "a-", "a-b", "a.", "a0", "aZ", "a_", "aa", "aaa", "aab", "ab", "b", "b:", "ba"];
        let records: Vec<UsageRecord> =
            [0, 1, 86_400_000].iter().flat_map(|after| ids.map(|id| record(DATE + after, id))).collect();

        let mut digest = UsageDigest::default();
        records.iter().for_each(|record| digest.add(record));

        let by_text = digest_lines(records.iter().map(UsageRecord::digest_line));
        assert_eq!(digest.finish(), by_text);
        assert_eq!(usage_digest(records.iter().rev()), by_text);
        assert_eq!(UsageDigest::default().finish(), digest_lines([].into_iter()));
    }

    #[test]
    fn a_record_that_comes_twice_counts_twice() {
        let (one, other) = (record(DATE, "a"), record(DATE, "a-"));
        let other_content = UsageRecord { content: Content::new("9".parse().unwrap()), ..one.clone() };
        let records = [&one, &other, &one, &other_content];

        let lines = digest_lines(records.iter().map(|record| record.digest_line()));

        assert_eq!(usage_digest(records.into_iter()), lines);
        assert_ne!(usage_digest([&one].into_iter()), usage_digest([&one, &one].into_iter()));
    }

    #[test]
    fn before_september_2001_the_earlier_date_comes_first_all_the_same() {
        let (first, second) = (record(999_999_999_999, ""), record(1_000_000_000_000, ""));

        let digest = usage_digest([&second, &first].into_iter());

        let mut by_date = LineDigest::default();
        by_date.add(&first.digest_line());
        by_date.add(&second.digest_line());
        assert_eq!(digest, by_date.finish());
    }

    #[test]
    fn lines_wait_for_ids_that_begin_with_theirs_only() {
        let mut digest = UsageDigest::default();
        let mut longest = 0;
        for number in 0..10_000 {
            digest.add(&record(DATE, &format!("call-{number:05}")));
            longest = longest.max(digest.waiting.len());
        }
        assert_eq!(longest, 1);
    }
}
