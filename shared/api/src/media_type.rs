//! What a body is declared as, and how long it may be.

use lambda_http::http::{HeaderMap, header};

/// The types of body that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// `text/csv`, in UTF-8.
    Csv,
}

impl MediaType {
    /// Returns the declared type, which is JSON where nothing is declared; `None` for any other.
    pub fn declared(headers: &HeaderMap) -> Option<MediaType> {
        let Some(declared) = headers.get(header::CONTENT_TYPE) else { return Some(MediaType::Json) };
        let mut parts = declared.to_str().ok()?.split(';').map(str::trim);
        match parts.next()? {
            json if json.eq_ignore_ascii_case("application/json") => Some(MediaType::Json),
            csv if csv.eq_ignore_ascii_case("text/csv") && parts.all(is_utf8_or_no_charset) => Some(MediaType::Csv),
            _ => None,
        }
    }

    /// Returns the longest body of the type, in bytes: 1 MiB of JSON, 4 MiB of CSV.
    pub fn longest_body(self) -> usize {
        match self {
            MediaType::Json => 1 << 20,
            // Lambda's 6 MB hold the whole event, in which each line break and quote of the body takes a byte more.
            MediaType::Csv => 4 << 20,
        }
    }
}

/// JSON is always UTF-8; a table in another encoding would be read wrongly without anybody noticing.
fn is_utf8_or_no_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim_matches('"');
    !name.eq_ignore_ascii_case("charset") || ["utf-8", "utf8", "us-ascii"].iter().any(|a| a.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_unless_it_is_declared_as_csv_in_utf_8() {
        let declared =
            |value: &str| MediaType::declared(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]));

        assert_eq!(MediaType::declared(&HeaderMap::new()), Some(MediaType::Json));
        for json in ["application/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(declared(json), Some(MediaType::Json), "{json}");
        }
        for csv in ["text/csv", "Text/CSV;charset=UTF-8", "text/csv; charset=\"utf-8\"; header=present"] {
            assert_eq!(declared(csv), Some(MediaType::Csv), "{csv}");
        }
        for other in ["text/csv; charset=iso-8859-1", "text/plain", "application/x-www-form-urlencoded", ""] {
            assert_eq!(declared(other), None, "{other}");
        }
    }
}
