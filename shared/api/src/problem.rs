//! Refusals and failures on the wire: RFC 9457.

use std::fmt;

use billing::error::Failure;
use billing::refusal::{self, Refusal};
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::{Map, Value};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $status:literal $kebab:literal $title:literal;)+) => {
        /// What kind of problem it is; each kind has a status, a title, and a stable relative `type` URI.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $doc])+ $name,)+ }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Kind] = &[$(Kind::$name,)+];

            /// Returns what the kind means, in one sentence.
            pub fn about(self) -> &'static str {
                match self { $(Kind::$name => concat!($($doc),+).trim(),)+ }
            }

            /// Returns the HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Kind::$name => $status,)+ }
            }

            /// Returns the `type` URI, relative to the API's root.
            pub fn type_uri(self) -> &'static str {
                match self { $(Kind::$name => concat!("/problems/", $kebab),)+ }
            }

            /// Returns the title: the same for every problem of the kind.
            pub fn title(self) -> &'static str {
                match self { $(Kind::$name => $title,)+ }
            }
        }
    };
}

kinds! {
    /// What was sent cannot be read.
    Unreadable 400 "unreadable" "The request cannot be read";
    /// No valid key.
    Unauthorized 401 "unauthorized" "A valid API key is required";
    /// A valid key that may not do this.
    Forbidden 403 "forbidden" "The API key does not allow this";
    /// Nothing of that name.
    NotFound 404 "not-found" "There is no such thing";
    /// The path knows other methods.
    MethodNotAllowed 405 "method-not-allowed" "The path does not know this method";
    /// The same name with other content.
    Conflict 409 "conflict" "The name stands for something else";
    /// The usage stands with other content.
    ConflictingUsage 409 "conflicting-usage" "The usage was recorded with other content";
    /// This very usage was deleted before.
    DeletedUsage 409 "deleted-usage" "The usage was deleted";
    /// The usage id stands at several dates or prices.
    Ambiguous 409 "ambiguous" "The usage id stands for several usages";
    /// Its period is closed, and late usage is refused.
    LateUsage 409 "late-usage" "The usage's period is closed";
    /// An earlier invoice of the subscription is still pending.
    EarlierInvoicePending 409 "earlier-invoice-pending" "An earlier invoice is still pending";
    /// Periods that have ended are not generated yet: that goes on by itself, or is listed as stuck with its reason.
    PeriodsPending 409 "periods-pending" "Ended periods are not generated yet";
    /// Another version stands than the one named by `If-Match`.
    PreconditionFailed 412 "precondition-failed" "Another version stands";
    /// More bytes than are read.
    TooLarge 413 "too-large" "The body is too large";
    /// A body of a type that the path does not read.
    UnsupportedMediaType 415 "unsupported-media-type" "The body is not of a type that is read here";
    /// Readable, and against a rule.
    Invalid 422 "invalid" "The request is not valid";
    /// The item price is not in the catalogue.
    UnknownItemPrice 422 "unknown-item-price" "There is no such item price";
    /// The item price takes no usage.
    NotMetered 422 "not-metered" "The item price takes no usage";
    /// The subscription never had the item price.
    PriceNotOnSubscription 422 "price-not-on-subscription" "The subscription does not have the item price";
    /// Dated more than five minutes ahead of the clock.
    TooFarAhead 422 "too-far-ahead" "The usage date is in the future";
    /// It lacks what its item price counts or charges, or says less than nothing where nothing is held.
    UnsuitableUsage 422 "unsuitable-usage" "The usage does not suit its item price";
    /// There are as many usages as there may be.
    UsageLimitReached 422 "usage-limit-reached" "The subscription has reached its usage limit";
    /// `If-Match` is missing.
    PreconditionRequired 428 "precondition-required" "The request must say which version it means";
    /// A fault of the server.
    Internal 500 "internal" "The server failed";
    /// Something is busy: the same request may succeed a moment later.
    Unavailable 503 "unavailable" "Try again in a moment";
}

/// A refusal or failure with everything that the caller is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    field: Option<String>,
    members: Vec<(&'static str, Value)>,
}

/// The most characters of a detail or a field's path: both may repeat what the caller sent, of any length.
const LONGEST: usize = 500;

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

impl Problem {
    /// Returns a problem; `detail` is shown to the caller, its first 500 characters where it is longer.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: shortened(detail.into()), field: None, members: Vec::new() }
    }

    /// Names the offending field, such as `usages[3].quantity`; of a longer path its first 500 characters.
    #[must_use]
    pub fn field(self, name: impl Into<String>) -> Problem {
        Problem { field: Some(shortened(name.into())), ..self }
    }

    /// Puts `prefix` before the field's path, or names it where no field is named: `quantity` in `usages[3]`.
    #[must_use]
    pub fn within(self, prefix: &str) -> Problem {
        let path = match &self.field {
            Some(field) if field.starts_with('[') => format!("{prefix}{field}"),
            Some(field) if !field.is_empty() => format!("{prefix}.{field}"),
            _ => prefix.to_owned(),
        };
        self.field(path)
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: Value) -> Problem {
        self.members.push((member, value));
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// Returns the JSON that the caller sees.
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        members.insert("type".into(), self.kind.type_uri().into());
        members.insert("title".into(), self.kind.title().into());
        members.insert("status".into(), self.status().into());
        members.insert("detail".into(), self.detail.as_str().into());
        if let Some(field) = &self.field {
            members.insert("field".into(), field.as_str().into());
        }
        members.extend(self.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(members)
    }

    /// Returns the response: `application/problem+json`, with the headers that belong to the kind.
    pub fn to_response(&self) -> Response<Body> {
        let mut response = Response::new(Body::Text(self.to_value().to_string()));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.kind {
            Kind::Unavailable => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
            Kind::Unauthorized => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ => {}
        }
        response
    }
}

/// The one place where a refusal of an operation becomes an answer.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let kind = match refusal.kind {
            refusal::Kind::Unreadable => Kind::Unreadable,
            refusal::Kind::Invalid => Kind::Invalid,
            refusal::Kind::NotFound => Kind::NotFound,
            refusal::Kind::Conflict => Kind::Conflict,
            refusal::Kind::LateUsage => Kind::LateUsage,
            refusal::Kind::DeletedUsage => Kind::DeletedUsage,
            refusal::Kind::PeriodsPending => Kind::PeriodsPending,
            refusal::Kind::UnknownItemPrice => Kind::UnknownItemPrice,
            refusal::Kind::NotMetered => Kind::NotMetered,
            refusal::Kind::PriceNotOnSubscription => Kind::PriceNotOnSubscription,
            refusal::Kind::TooFarAhead => Kind::TooFarAhead,
            refusal::Kind::UnsuitableUsage => Kind::UnsuitableUsage,
            refusal::Kind::UsageLimitReached => Kind::UsageLimitReached,
            refusal::Kind::Unavailable => Kind::Unavailable,
            refusal::Kind::Internal => Kind::Internal,
        };
        let problem = Problem::new(kind, refusal.detail);
        refusal.field.into_iter().fold(problem, |problem, field| problem.field(field))
    }
}

/// The field, where one is to blame, and the detail: what is told where there is room for one text only.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)
    }
}

/// Turns a failure of an adapter into a problem that tells the caller nothing but whether to try again.
///
/// It is logged here, once, by its own message: the debug form of an SDK error holds stored items, and what is behind a
/// failed rating names quantities.
pub fn fault(error: impl Failure) -> Problem {
    let temporary = error.is_temporary();
    tracing::error!(temporary, error = error.to_string(), "an adapter failed");
    if temporary {
        Problem::new(Kind::Unavailable, "the storage is busy; the same request may be sent again")
    } else {
        Problem::new(Kind::Internal, "the server failed; the request id names the entry in its log")
    }
}
