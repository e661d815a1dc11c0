//! Refusals: why a request cannot be carried out, as a sentence for the caller.

use std::fmt;

/// What kind of refusal it is; each way in (the native API, a dialect) has its own answer to each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was sent cannot be read.
    Unreadable,
    /// It can be read, and is against a rule.
    Invalid,
    /// There is nothing of that name.
    NotFound,
    /// The name stands for something else, or for something in another state.
    Conflict,
    /// The period of the usage is closed, and late usage is refused.
    LateUsage,
    /// This very usage was deleted before.
    DeletedUsage,
    /// Periods that have ended are not generated yet.
    PeriodsPending,
    /// There is no such item price.
    UnknownItemPrice,
    /// The item price takes no usage.
    NotMetered,
    /// The subscription does not have the item price.
    PriceNotOnSubscription,
    /// The usage is dated too far ahead of the clock.
    TooFarAhead,
    /// The usage lacks what its item price asks for.
    UnsuitableUsage,
    /// The subscription has as many usages as it may have.
    UsageLimitReached,
    /// Something is busy: the same request may succeed a moment later.
    Unavailable,
    /// The system failed.
    Internal,
}

/// Why a request cannot be carried out: the kind, the field to blame where there is one, and the reason in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: Kind,
    /// The path of the field to blame, such as `items[3].quantity`.
    pub field: Option<String>,
    /// What is wrong, and what to send instead.
    pub detail: String,
}

impl Refusal {
    /// Returns a refusal that blames no field.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Refusal {
        Refusal { kind, field: None, detail: detail.into() }
    }

    /// Returns a refusal of a field that is against a rule.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Refusal {
        Refusal::new(Kind::Invalid, detail).field(field)
    }

    /// Returns a refusal of a field that cannot be read.
    pub fn unreadable(field: impl Into<String>, detail: impl Into<String>) -> Refusal {
        Refusal::new(Kind::Unreadable, detail).field(field)
    }

    /// Names the field to blame.
    #[must_use]
    pub fn field(self, name: impl Into<String>) -> Refusal {
        Refusal { field: Some(name.into()), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)
    }
}
