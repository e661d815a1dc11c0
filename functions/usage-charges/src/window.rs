//! How far a list of usages reads at a time.

use billing::timestamp::Timestamp;

/// The length of the first window in milliseconds: an hour.
const FIRST: i64 = 3_600_000;

/// Spans `[from, to)` that follow each other, each twice as long as the one before.
///
/// A page of a list needs few records, and nothing says beforehand how dense they are: so a short span is read first,
/// and a sparse year costs a dozen reads.
pub struct Windows {
    from: Timestamp,
    to: Timestamp,
    start: Timestamp,
    length: i64,
    descending: bool,
}

impl Windows {
    /// The windows of `[from, to)`. What lies before `start`, where hardly any usage is, is one window.
    pub fn new(from: Timestamp, to: Timestamp, start: Timestamp, descending: bool) -> Windows {
        Windows { from, to, start, length: FIRST, descending }
    }
}

impl Iterator for Windows {
    type Item = (Timestamp, Timestamp);

    fn next(&mut self) -> Option<Self::Item> {
        if self.from >= self.to {
            return None;
        }
        let before_start = if self.descending { self.to <= self.start } else { self.from < self.start };
        let window = match (before_start, self.descending) {
            (true, true) => (self.from, self.to),
            (true, false) => (self.from, self.to.min(self.start)),
            (false, true) => (self.to.plus_millis(-self.length).max(self.from).max(self.start), self.to),
            (false, false) => (self.from, self.from.plus_millis(self.length).min(self.to)),
        };
        if self.descending {
            self.to = window.0;
        } else {
            self.from = window.1;
        }
        if !before_start {
            self.length = self.length.saturating_mul(2);
        }
        Some(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = FIRST;

    fn windows(from: i64, to: i64, start: i64, descending: bool) -> Vec<(i64, i64)> {
        let at = |hour: i64| Timestamp::MIN.plus_millis(hour * HOUR);
        let hour = |at: Timestamp| (at.millis() - Timestamp::MIN.millis()) / HOUR;
        Windows::new(at(from), at(to), at(start), descending).map(|(from, to)| (hour(from), hour(to))).collect()
    }

    #[test]
    fn windows_cover_the_range_once_and_grow() {
        assert_eq!(windows(0, 120, 100, false), [(0, 100), (100, 101), (101, 103), (103, 107), (107, 115), (115, 120)]);
        assert_eq!(windows(0, 110, 100, true), [(109, 110), (107, 109), (103, 107), (100, 103), (0, 100)]);
        assert_eq!(windows(5, 6, 100, false), [(5, 6)]);
        assert_eq!(windows(5, 6, 100, true), [(5, 6)]);
        assert_eq!(windows(103, 104, 100, false), [(103, 104)]);
        assert_eq!(windows(6, 6, 0, false), []);
        assert_eq!(windows(7, 6, 0, true), []);
    }
}
