//! A site: one isolated book of customers, prices and subscriptions, its settings, its clock and its keys.

use std::fmt::Write;

use rating::{Rounding, TaxRounding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::id::SiteId;
use crate::refusal::Refusal;
use crate::time::{Timestamp, Zone};
use crate::usage::{LateUsage, UsageLimit};

/// The longest grace between the end of a period and the close of its invoice: 50 days, in seconds.
pub const LONGEST_GRACE_SECONDS: u32 = 50 * 86_400;

/// The grace of a site that sets none: one hour, in seconds.
pub const DEFAULT_GRACE_SECONDS: u32 = 3_600;

/// One isolated book of customers, prices and subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The site's id, the first part of every key.
    pub id: SiteId,
    /// Where days and months begin for subscriptions made from now on.
    pub time_zone: Zone,
    /// How a line is rounded to the currency's minor unit.
    pub rounding: Rounding,
    /// Whether a tax is rounded on each line, or once for all lines of an invoice.
    #[serde(default)]
    pub tax_rounding: TaxRounding,
    /// Seconds between a period's end and the close of its invoice, 0 to 50 days.
    pub grace_seconds: u32,
    /// What becomes of late usage, where the subscription does not say it.
    #[serde(default)]
    pub late_usage: LateUsage,
    /// How many usages a subscription made from now on may have; any number where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_limit: Option<UsageLimit>,
    /// The standing clock of a test site; absent on a live one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<Timestamp>,
    /// When the site was made, in real time.
    pub created_at: Timestamp,
}

impl Site {
    /// The time that counts for this site: its own standing clock where it is a test site, the real time otherwise.
    pub fn now(&self, real: Timestamp) -> Timestamp {
        self.test_clock.unwrap_or(real)
    }

    /// Whether the site has a settable clock.
    pub fn is_test(&self) -> bool {
        self.test_clock.is_some()
    }

    /// Checks that the clock may be moved to a time: that of a test site, and never to an earlier one.
    ///
    /// # Errors
    /// `Invalid`, naming `test_clock`.
    pub fn check_clock_move(&self, to: Timestamp) -> Result<(), Refusal> {
        match self.test_clock {
            None => Err(Refusal::invalid("test_clock", "the site is live: its clock is the real one")),
            Some(at) if to < at => {
                Err(Refusal::invalid("test_clock", format!("a test clock only moves forward; it stands at {at}")))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Returns the SHA-256 of a key's text in lower-case hexadecimal: all that is ever stored of a key.
pub fn key_sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Record and delete usage.
    #[serde(rename = "usage:write")]
    UsageWrite,
    /// Read everything of the site.
    #[serde(rename = "read")]
    Read,
    /// Everything: the catalogue, subscriptions, invoices, and what the other scopes allow.
    #[serde(rename = "admin")]
    Admin,
}

/// An API key as it is kept: its text is known to its holder alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The one site that the key opens.
    pub site_id: SiteId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
    /// When it stops working; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted; what remains of it keeps its text from opening anything again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key may do `scope` at `now`, in real time.
    pub fn allows(&self, scope: Scope, now: Timestamp) -> bool {
        self.is_valid(now) && (self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin))
    }

    /// Whether the key has not expired at `now`, in real time; the expiry itself is exclusive.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    #[test]
    fn a_grace_lasts_50_days_at_most() {
        let seconds: i64 = LONGEST_GRACE_SECONDS.into();
        assert_eq!(at("2026-01-01T00:00:00Z").plus_millis(seconds * 1_000), at("2026-02-20T00:00:00Z"));
    }

    fn live() -> Site {
        serde_json::from_str(
            r#"{"id":"main","time_zone":"UTC","rounding":"half_even","grace_seconds":0,"created_at":"2026-01-01T00:00:00Z"}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_test_clock_stands_or_moves_forward() {
        let test = Site { test_clock: Some(at("2015-09-01T00:00:00Z")), ..live() };
        for (to, accepted) in
            [("2015-08-31T23:59:59.999Z", false), ("2015-09-01T00:00:00Z", true), ("2015-10-01T01:00:00Z", true)]
        {
            assert_eq!(test.check_clock_move(at(to)).is_ok(), accepted, "{to}");
        }
    }

    #[test]
    fn a_live_site_has_no_clock_to_move() {
        assert!(live().check_clock_move(Timestamp::MAX).is_err());
    }

    #[test]
    fn a_test_site_lives_by_its_own_clock_and_a_live_one_by_the_real_one() {
        let (real, set) = (at("2026-01-01T00:00:00Z"), at("2030-05-01T00:00:00Z"));
        let live = live();
        let test = Site { test_clock: Some(set), ..live.clone() };

        assert_eq!((live.now(real), live.is_test()), (real, false));
        assert_eq!((test.now(real), test.is_test()), (set, true));
    }

    #[test]
    fn the_digest_of_a_key_is_64_hexadecimal_digits() {
        assert_eq!(key_sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_key_allows_what_it_was_made_for_until_it_expires() {
        use Scope::{Admin, Read, UsageWrite};
        let expiry = at("2026-01-31T00:00:00Z");
        let key = |scopes: &[Scope], expires_at| ApiKey {
            site_id: "main".parse().unwrap(),
            scopes: scopes.to_vec(),
            expires_at,
            created_at: at("2026-01-01T00:00:00Z"),
            deleted_at: None,
        };
        for (scopes, allowed) in [
            (&[][..], [false, false, false]),
            (&[UsageWrite], [true, false, false]),
            (&[UsageWrite, Read], [true, true, false]),
            (&[Admin], [true, true, true]),
        ] {
            let allows = |key: &ApiKey, now| [UsageWrite, Read, Admin].map(|scope| key.allows(scope, now));
            assert_eq!(allows(&key(scopes, None), Timestamp::MAX), allowed, "{scopes:?}");
            assert_eq!(allows(&key(scopes, Some(expiry)), expiry.plus_millis(-1)), allowed, "{scopes:?}");
            assert_eq!(allows(&key(scopes, Some(expiry)), expiry), [false; 3], "{scopes:?}");
            assert_eq!(allows(&key(scopes, Some(expiry)), expiry.plus_millis(1)), [false; 3], "{scopes:?}");
        }
    }
}
