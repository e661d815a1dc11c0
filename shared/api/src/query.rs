//! The query string.

use std::fmt::Display;
use std::str::FromStr;

use crate::problem::{Kind, Problem};

/// How many things a page of a list holds where the caller does not say.
const DEFAULT_LIMIT: usize = 10;
/// How many things a page of a list may hold.
const MOST_LIMIT: usize = 100;

/// The parameters of a query string, decoded, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URI after `?`; `+` stands for a space.
    ///
    /// # Errors
    /// `Unreadable` where an escape is malformed or yields no UTF-8.
    pub fn read(text: &str) -> Result<Query, Problem> {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            decode(name).zip(decode(value)).ok_or_else(|| {
                let detail = "the query string has a malformed escape; send UTF-8, each byte as % and two digits";
                Problem::new(Kind::Unreadable, detail)
            })
        };
        text.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Result<_, _>>().map(Query)
    }

    /// Refuses every parameter that is not among `allowed`, and any that is given twice.
    ///
    /// # Errors
    /// `Unreadable`, naming the parameter.
    pub fn only(&self, allowed: &[&str]) -> Result<(), Problem> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                let known = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                let detail = format!("there is no such query parameter here; known: {known}");
                return Err(Problem::new(Kind::Unreadable, detail).field(name.as_str()));
            }
            if self.0.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(Problem::new(Kind::Unreadable, "the query parameter is given twice").field(name.as_str()));
            }
        }
        Ok(())
    }

    /// Returns the value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads the value of a parameter; an empty one is read like any other.
    ///
    /// # Errors
    /// `Unreadable`, naming the parameter, with the parser's message.
    pub fn parse<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| text.parse().map_err(|error: T::Err| unreadable(name, error));
        self.get(name).map(read).transpose()
    }

    /// Reads how many things the page is to hold, 1 to 100; 10 where the caller does not say.
    ///
    /// # Errors
    /// `Unreadable`, naming `limit`.
    pub fn limit(&self) -> Result<usize, Problem> {
        let limit = self.get("limit").map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let in_range = limit.filter(|limit| (1..=MOST_LIMIT).contains(limit));
        in_range.ok_or_else(|| unreadable("limit", format_args!("limit is a number from 1 to {MOST_LIMIT}")))
    }
}

/// The problem of a field or parameter that cannot be read.
pub(crate) fn unreadable(field: &str, detail: impl Display) -> Problem {
    Problem::new(Kind::Unreadable, detail.to_string()).field(field)
}

/// Decodes `%41`; `None` where an escape is malformed or the result is no UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_read() {
        let query = Query::read("a=1%2B2+3&b=&c&limit=7&").unwrap();

        assert_eq!(
            (query.get("a"), query.get("b"), query.get("c"), query.get("d")),
            (Some("1+2 3"), Some(""), Some(""), None)
        );
        assert_eq!(query.limit(), Ok(7));
        assert_eq!(query.parse::<u32>("limit"), Ok(Some(7)));
        assert_eq!(query.parse::<u32>("d"), Ok(None));
        assert!(query.parse::<u32>("a").is_err());
        assert_eq!(query.only(&["a", "b", "c", "limit"]), Ok(()));
        assert_eq!(Query::read("").unwrap().limit(), Ok(10));
    }

    #[test]
    fn what_is_unknown_doubled_or_malformed_is_refused_by_name() {
        let refused = |text: &str| Query::read(text).unwrap().only(&["a"]).unwrap_err().to_value();

        assert_eq!(refused("a=1&b=2")["field"], "b");
        assert_eq!(refused("a=1&a=1")["field"], "a");
        assert_eq!(refused("a=1&a=1")["status"], 400);
        for text in ["a=%", "a=%4", "a=%4g", "a=%+1", "a=%ff", "%c3=1"] {
            assert!(Query::read(text).is_err(), "{text}");
        }
        for limit in ["0", "101", "", "x", "-1", "99999999999999999999999"] {
            assert!(Query::read(&format!("limit={limit}")).unwrap().limit().is_err(), "{limit}");
        }
    }
}
