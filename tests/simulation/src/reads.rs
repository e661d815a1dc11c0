//! Charges and invoices that are read while others go on, and what may be in them.

use std::sync::Arc;

use billing::time::Timestamp;
use rating::Money;
use serde_json::Value;

use crate::audit::sealed_at;
use crate::book::{Deed, Told, UsageKey, Wish};
use crate::client::Client;
use crate::history::Shared;
use crate::world::{PRICES, SITES, SUBSCRIPTIONS, api_key};

/// A usage charge as it was read; it is judged once everything is known that was done meanwhile.
#[derive(Clone, Debug)]
pub struct ChargeRead {
    subject: (usize, usize, usize),
    begun: usize,
    ended: usize,
    from: i64,
    to: i64,
    count: usize,
}

impl Client {
    /// Asks what the period costs so far.
    pub async fn read_charges(&mut self) {
        let (site, subscription) = self.subject();
        let begun = self.shared.next_step();
        let period = *self.seed.one_of(&["", "", "?period=0"]);
        let path = format!("/v1/subscriptions/{}/usage-charges{period}", SUBSCRIPTIONS[subscription]);
        let Some((status, body)) = self.send("GET", &path, None, &api_key(SITES[site]), &[]).await else { return };
        let fine = status == 200 || status >= 500;
        self.shared.check("answers are understood", fine, || format!("{status} {body}"));
        let ended = self.shared.next_step();
        for charge in body["list"].as_array().into_iter().flatten() {
            let price = PRICES.iter().position(|price| charge["item_price_id"] == *price).unwrap_or_default();
            let instant = |name: &str| charge[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
            let millis = |name: &str| instant(name).map_or(0, Timestamp::millis);
            let count = charge["usage_count"].as_u64().and_then(|count| usize::try_from(count).ok());
            self.shared.note_read(ChargeRead {
                subject: (site, subscription, price),
                begun,
                ended,
                from: millis("usage_from"),
                to: millis("usage_to"),
                count: count.unwrap_or(usize::MAX),
            });
        }
    }

    /// Reads the invoices of a site: they add up, and a closed one says what it said before.
    pub async fn read_invoices(&mut self) {
        let (site, _) = self.subject();
        let answer = self.send("GET", "/v1/invoices?limit=100", None, &api_key(SITES[site]), &[]).await;
        let Some((status, body)) = answer else { return };
        let fine = status == 200 || status >= 500;
        self.shared.check("answers are understood", fine, || format!("{status} {body}"));
        for invoice in body["list"].as_array().into_iter().flatten() {
            self.shared.check("I4 the total is the sum of the lines", adds_up(invoice), || invoice.to_string());
            if invoice["closed_at"].is_string() {
                let name = format!("{} {}", SITES[site], invoice["id"]);
                let before = self.shared.first_seen(name, invoice);
                self.shared
                    .check("I5 a closed invoice stays as it is", before == *invoice, || format!("{before}\n{invoice}"));
            }
        }
    }
}

fn adds_up(invoice: &Value) -> bool {
    let Ok(currency) = invoice["currency_code"].as_str().unwrap_or_default().parse() else { return false };
    let money = |value: &Value| Money::parse(value.as_str()?, currency).ok();
    let mut amounts = invoice["lines"].as_array().into_iter().flatten().map(|line| money(&line["amount"]));
    let sum = amounts.try_fold(Money::zero(currency), |sum, amount| sum.checked_add(amount?).ok());
    sum.is_some() && sum == money(&invoice["total"])
}

/// I10: what was read counts every usage that stood all the while, and none that cannot have stood.
pub fn check_reads(shared: &Arc<Shared>) {
    let book = shared.book().clone();
    for read in shared.charge_reads() {
        let of_read = |key: &&UsageKey| {
            (key.site, key.subscription, key.price) == read.subject && (read.from..read.to).contains(&key.date)
        };
        let (mut least, mut most) = (0, 0);
        for key in book.keys().filter(of_read) {
            let deeds = book.deeds(key);
            let sealed = sealed_at(shared, key).unwrap_or(usize::MAX);
            let stood = deeds.iter().any(|deed| match deed.told {
                Told::Recorded(version) if !deed.late && deed.ended < read.begun => {
                    !may_be_deleted(deeds, version, read.ended.min(sealed))
                }
                _ => false,
            });
            let may_stand = deeds.iter().filter(|deed| deed.begun < read.ended).any(|deed| match deed.told {
                Told::Nothing => matches!(deed.wish, Wish::Record(_)),
                Told::Recorded(version) => !deed.late && !was_deleted(deeds, version, read.begun.min(sealed)),
                _ => false,
            });
            least += usize::from(stood);
            most += usize::from(may_stand);
        }
        shared.check("I10 a charge counts what stands", (least..=most).contains(&read.count), || {
            format!("{least} to {most} usages stood: {read:?}")
        });
    }
}

/// I6: whoever was refused for the limit met as many usages as the lowest limit that there ever was.
pub fn check_refusals(shared: &Arc<Shared>) {
    let book = shared.book().clone();
    for key in book.keys() {
        for refused in book.deeds(key).iter().filter(|deed| deed.told == Told::Full) {
            let of_subscription = |other: &&UsageKey| (other.site, other.subscription) == (key.site, key.subscription);
            let may_stand = |other: &&UsageKey| {
                let deeds = book.deeds(other);
                deeds.iter().filter(|deed| deed.begun < refused.ended).any(|deed| match deed.told {
                    Told::Nothing => matches!(deed.wish, Wish::Record(_)),
                    Told::Recorded(version) => !was_deleted(deeds, version, refused.begun),
                    _ => false,
                })
            };
            let most = book.keys().filter(of_subscription).filter(may_stand).count();
            shared.check("I6 refused only where the limit is reached", most >= shared.lowest_limit(), || {
                format!("{most} usages may have stood: {key:?} {refused:?}")
            });
        }
    }
}

/// Whether a version may have been deleted in time by then.
fn may_be_deleted(deeds: &[Deed], version: i64, by: usize) -> bool {
    let tried = |deed: &&Deed| deed.wish == Wish::Delete(version) && deed.begun < by;
    deeds.iter().filter(tried).any(|deed| matches!(deed.told, Told::Deleted | Told::Nothing))
}

/// Whether a version was certainly deleted in time by then.
fn was_deleted(deeds: &[Deed], version: i64, by: usize) -> bool {
    deeds.iter().any(|deed| deed.wish == Wish::Delete(version) && deed.told == Told::Deleted && deed.ended < by)
}
