//! Names of things: what a caller or the system calls a site, a customer, a subscription and so on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The prefix of the ids that the system makes for usages.
const SYSTEM_USAGE_PREFIX: &str = "usg_";

/// Why a text is not an id, in words for an API caller.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdError {
    /// The text is empty, too long, or has a character that ids do not have.
    #[error("an id is 1 to {max} characters of A-Z a-z 0-9 _ . : -")]
    Malformed {
        /// The most characters that this kind of id may have.
        max: usize,
    },
    /// A caller's id of a usage begins like one of the system's.
    #[error("a usage id must not begin with usg_, which marks ids that the system makes")]
    ReservedPrefix,
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident, $max:literal, $reserved:expr;)+) => {$(
        $(#[doc = $doc])+
        #[doc = concat!("\n\nIt is 1 to ", $max, " characters of `A-Z a-z 0-9 _ . : -`, in which case matters.")]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the id as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                validate(text, $max, $reserved)?;
                Ok($name(text.into()))
            }
        }

        rating::text_schema!($name, concat!($($doc),+).trim(), id_pattern($max, $reserved));

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// The id of a site.
    SiteId, 100, None;
    /// The id of a customer.
    CustomerId, 100, None;
    /// The id of a feature.
    FeatureId, 100, None;
    /// The id of an item.
    ItemId, 100, None;
    /// The id of an item price.
    ItemPriceId, 100, None;
    /// The id of a subscription.
    SubscriptionId, 100, None;
    /// The id of a subscription's line, unique in the site.
    SubscriptionItemId, 100, None;
    /// A caller's own id of a usage, which must not begin with `usg_`: ids that the system makes begin so.
    UsageId, 100, Some(SYSTEM_USAGE_PREFIX);
    /// The id of an invoice, longer than others because the system builds it from a subscription's.
    InvoiceId, 140, None;
}

/// The regular expression of ids of at most `max` characters that do not begin with `reserved`.
fn id_pattern(max: usize, reserved: Option<&str>) -> String {
    let reserved = reserved.map_or_else(String::new, |prefix| format!("(?!{prefix})"));
    format!("^{reserved}[A-Za-z0-9_.:-]{{1,{max}}}$")
}

fn validate(text: &str, max: usize, reserved: Option<&str>) -> Result<(), IdError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    if text.is_empty() || text.len() > max || !text.bytes().all(allowed) {
        return Err(IdError::Malformed { max });
    }
    if reserved.is_some_and(|prefix| text.starts_with(prefix)) {
        return Err(IdError::ReservedPrefix);
    }
    Ok(())
}

impl InvoiceId {
    /// The id that was made of an owner's names, which is one by its parts.
    pub(crate) fn made(text: String) -> InvoiceId {
        InvoiceId(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_1_to_100_plain_characters() {
        let longest = "x".repeat(100);
        for text in ["a", "0", "-", ".", "a.b:c_d-E9", "usg_1", longest.as_str()] {
            let id: CustomerId = text.parse().unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
        }
        let too_long = "x".repeat(101);
        for text in ["", " ", "a b", "a/b", "a#b", "é", "a\n", "a\0", "a@b", too_long.as_str()] {
            let refused = text.parse::<CustomerId>().unwrap_err();
            assert_eq!(refused, IdError::Malformed { max: 100 }, "{text:?}");
            assert_eq!(refused.to_string(), "an id is 1 to 100 characters of A-Z a-z 0-9 _ . : -");
        }
    }

    #[test]
    fn an_invoice_id_may_have_140_characters() {
        assert!("x".repeat(140).parse::<InvoiceId>().is_ok());
        let refused = "x".repeat(141).parse::<InvoiceId>().unwrap_err();
        assert_eq!(refused.to_string(), "an id is 1 to 140 characters of A-Z a-z 0-9 _ . : -");
    }

    #[test]
    fn a_usage_id_does_not_look_like_one_of_the_systems() {
        for text in ["usg", "USG_1", "my-usg_1", "usg-1"] {
            assert!(text.parse::<UsageId>().is_ok(), "{text}");
        }
        for text in ["usg_", "usg_1"] {
            assert_eq!(text.parse::<UsageId>(), Err(IdError::ReservedPrefix), "{text}");
        }
        assert_eq!("usg_ ".parse::<UsageId>(), Err(IdError::Malformed { max: 100 }));
    }

    #[test]
    fn json_holds_the_text_and_is_validated() {
        let id: SubscriptionId = serde_json::from_str(r#""sub_1""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""sub_1""#);
        for json in [r#""""#, r#""a b""#, "1", "null"] {
            assert!(serde_json::from_str::<SubscriptionId>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<UsageId>(r#""usg_1""#).is_err());
    }

    #[test]
    fn ids_sort_by_their_bytes() {
        let mut ids: Vec<ItemId> = ["b", "B", "a", "10", "9"].map(|text| text.parse().unwrap()).into();
        ids.sort();
        assert_eq!(ids.iter().map(ItemId::as_str).collect::<Vec<_>>(), ["10", "9", "B", "a", "b"]);
    }
}
