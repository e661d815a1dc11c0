//! What must hold once everybody is done: everything due gets done, and then every invariant that one can look at.

use std::collections::BTreeSet;
use std::sync::Arc;

use billing::invoice::Invoice;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use serde_json::Value;

use crate::bill::{self, Billed};
use crate::book::{Told, UsageKey, Wish};
use crate::call::Key;
use crate::client::Client;
use crate::deeds::shows;
use crate::history::Shared;
use crate::reads::{check_reads, check_refusals};
use crate::world::{PRICES, SITES, SUBSCRIPTIONS};

const HOUR: i64 = 3_600_000;

/// How often schedule and worker run at most; the distance of retries grows to a day.
const ROUNDS: usize = 40;

/// Lets everything due be done, without faults, and checks what there is then.
pub async fn settle_and_check(mut client: Client) {
    settle(&mut client).await;
    let kind = client.shared.world.kind.clone();
    for site in 0..kind.sites {
        for subscription in 0..kind.subscriptions {
            check_subscription(&mut client, site, subscription).await;
        }
        check_numbers(&client.shared, site);
    }
    client.read_invoices().await;
    check_book(&client.shared);
    check_reads(&client.shared);
    check_refusals(&client.shared);
}

/// Runs schedule and worker until nothing is due.
async fn settle(client: &mut Client) {
    let second_end = client.shared.world.ends.get(1).copied().unwrap_or(Timestamp::MIN);
    client.shared.move_clock(second_end.plus_millis(2 * HOUR));
    for _ in 0..ROUNDS {
        while client.work(3, 0).await {}
        let due = client.tick().await;
        let idle = client.shared.cloud().queue.is_empty();
        let stuck = items(&client.shared, |(pk, sk)| pk.starts_with("SITE#") && sk.starts_with("STUCK#"));
        if due && idle && stuck.is_empty() {
            client.shared.check("I8 what is due gets done", true, String::new);
            return;
        }
        if idle {
            let later = client.shared.now().plus_millis(6 * HOUR);
            client.shared.move_clock(later);
        }
    }
    let stuck = items(&client.shared, |(_, sk)| sk.starts_with("STUCK#"));
    client.shared.check("I8 what is due gets done", false, || format!("{stuck:?}"));
}

async fn check_subscription(client: &mut Client, site: usize, subscription: usize) {
    let shared = Arc::clone(&client.shared);
    let shown = client.list_usages_of(site, subscription, 100).await;
    shared.check("answers are understood", shown.is_some(), || "nothing was listed without a fault".to_owned());
    let shown = shown.unwrap_or_default();
    if shown.len() > 2 && client.seed.chance(400) {
        let limit = shown.len() / 2;
        let split = client.list_usages_of(site, subscription, limit).await.unwrap_or_default();
        shared.check("I1 a list is the same in pages", shown == split, || format!("{shown:?}\n{split:?}"));
    }
    for usage in &shown {
        let wanted =
            shared.book().keys().any(|key| (key.site, key.subscription) == (site, subscription) && shows(usage, key));
        shared.check("I3 nothing stands that nobody recorded", wanted, || usage.to_string());
    }
    let partition = format!("SUB#{}#{}", SITES[site], SUBSCRIPTIONS[subscription]);
    let Some(head) = document::<Subscription>(&shared, &(partition.clone(), "HEAD".to_owned())) else {
        shared.check("the head is readable", false, || partition);
        return;
    };
    check_limit(&shared, &partition, &head, shown.len());
    let mut invoices: Vec<(Key, Invoice)> = items(&shared, |(pk, sk)| *pk == partition && sk.starts_with("INVOICE#"))
        .into_iter()
        .filter_map(|(key, item)| Some((key, serde_json::from_str(item["D"]["S"].as_str()?).ok()?)))
        .collect();
    invoices.sort_by_key(|(_, invoice)| invoice.boundary());
    check_periods(&shared, &head, &invoices);
    let mut expected = Vec::new();
    for price in 0..shared.world.kind.prices {
        check_pages(&shared, &partition, price, &invoices);
        for (_, invoice) in invoices.iter().filter(|(_, invoice)| !invoice.status.is_pending()) {
            let Some(period) = invoice.ended else { continue };
            let billed = Billed { site, subscription, price, period, number: invoice.ended_number().unwrap_or(0) };
            expected.extend(bill::check_closed(client, &head, invoice, billed).await);
        }
        if let Some(current) = head.current {
            let billed = Billed { site, subscription, price, period: current.period, number: current.number };
            expected.extend(bill::check_running(client, &head, billed).await);
        }
    }
    bill::check_charges(client, &expected).await;
}

/// I6: what is free is the limit less what stands, whatever raced.
fn check_limit(shared: &Arc<Shared>, partition: &str, head: &Subscription, standing: usize) {
    let Some(limit) = head.usage_limit else { return };
    let item = shared.cloud().past().get(&(partition.to_owned(), "LIMIT".to_owned()), usize::MAX);
    let free = item.and_then(|item| item["F"]["N"].as_str().and_then(|free| free.parse::<i64>().ok()));
    let standing = i64::try_from(standing).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
    let counted = free.map_or(standing == 0, |free| free == limit - standing);
    shared.check("I6 usages within the limit", counted, || {
        format!("{partition}: {standing} usages stand, the limit is {limit}, free are {free:?}")
    });
    let most = i64::try_from(shared.highest_limit()).unwrap_or(i64::MAX);
    shared.check("I6 usages within the limit", standing <= most, || format!("{standing} usages stand of {most}"));
}

/// I9: periods follow each other without gap or overlap, and each ended one is closed once.
fn check_periods(shared: &Arc<Shared>, head: &Subscription, invoices: &[(Key, Invoice)]) {
    let mut at = head.started_at();
    for (_, invoice) in invoices {
        let Some(period) = invoice.ended else { continue };
        shared.check("I9 periods are contiguous", Some(period.start) == at && period.start < period.end, || {
            format!("{at:?} is followed by {invoice:?}")
        });
        at = Some(period.end);
        // The clock may have gone beyond a third period, whose grace still runs.
        let closed = !invoice.status.is_pending() || shared.now() < invoice.closes_at;
        shared.check("I2 every ended period is closed", closed, || format!("{invoice:?}"));
    }
    let next = head.current.map(|current| current.period.start).or(head.cancelled_at());
    shared.check("I9 periods are contiguous", next == at, || {
        format!("the head goes on at {next:?} after {at:?}: {head:?}")
    });
}

/// I1: the pages of a price are a chain without gap or overlap, and those of closed periods are sealed.
fn check_pages(shared: &Arc<Shared>, partition: &str, price: usize, invoices: &[(Key, Invoice)]) {
    let prefix = format!("USAGE#{}#", PRICES[price]);
    let pages = items(shared, |(pk, sk)| pk == partition && sk.starts_with(&prefix));
    let mut at = "000000000".to_owned();
    let closed = invoices.iter().filter(|(_, invoice)| !invoice.status.is_pending());
    let closed = closed.filter_map(|(_, invoice)| invoice.ended).map(|period| bound(period.end.millis(), None)).max();
    for ((_, sk), page) in &pages {
        let (start, end) = (sk.trim_start_matches(&prefix), page["E"]["S"].as_str().unwrap_or_default());
        shared.check("I1 pages tile", start == at && start < end, || format!("{sk} to {end} follows {at}"));
        let strangers = strangers(start, end, page);
        shared.check("I1 a page holds what lies in it", strangers.is_empty(), || {
            format!("{sk}: {strangers:?} in {page}")
        });
        end.clone_into(&mut at);
        let sealed = page["S"].is_object();
        let closed = closed.as_ref().is_some_and(|closed| start < closed.as_str());
        shared.check("I7 pages of closed periods are sealed", sealed == closed, || format!("{sk}: {page}"));
    }
}

/// The names of records that do not lie between the bounds of their page.
fn strangers(start: &str, end: &str, page: &Value) -> Vec<String> {
    let millis = |text: &str| i64::from_str_radix(text, 36).unwrap_or(i64::MAX);
    let bounds = [start, end].map(|bound| millis(bound.get(..9).unwrap_or_default()));
    let inside = |name: &str| {
        let date = bounds[0].saturating_add(millis(name.split(['.', '~']).next().unwrap_or_default()));
        date < bounds[1] || (date == bounds[1] && end.len() > 9)
    };
    let names = page.as_object().into_iter().flat_map(|page| page.keys());
    names.filter(|name| !matches!(name.as_str(), "PK" | "SK" | "E" | "B" | "S") && !inside(name)).cloned().collect()
}

/// I14: invoice numbers of a customer are 1, 2, 3 ...
fn check_numbers(shared: &Arc<Shared>, site: usize) {
    let prefix = format!("SUB#{}#", SITES[site]);
    let invoices = items(shared, |(pk, sk)| pk.starts_with(&prefix) && sk.starts_with("INVOICE#"));
    let numbers: Vec<u64> = invoices
        .iter()
        .filter_map(|(_, item)| serde_json::from_str::<Invoice>(item["D"]["S"].as_str()?).ok()?.closing?.number)
        .filter_map(|number| number.strip_prefix("1234-")?.parse().ok())
        .collect();
    let unique: BTreeSet<u64> = numbers.iter().copied().collect();
    let last = unique.last().copied().unwrap_or(0);
    let count = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
    let gapless = count == last && unique.len() == numbers.len();
    shared.check("I14 numbers without gaps", gapless, || format!("{numbers:?}"));
}

/// Every usage by itself: some order of what was done to it gives every answer, and what came late was really late.
fn check_book(shared: &Arc<Shared>) {
    let book = shared.book().clone();
    for key in book.keys() {
        let fits = book.check(key);
        shared.check("I1 I3 answers are the reference's", fits.is_ok(), || fits.err().unwrap_or_default());
        let sealed = sealed_at(shared, key);
        let mut recorded = BTreeSet::new();
        for deed in book.deeds(key) {
            let (Wish::Record(content), Told::Recorded(version)) = (&deed.wish, &deed.told) else { continue };
            let fits = match sealed {
                Some(sealed) if deed.late => sealed <= deed.ended,
                Some(sealed) => deed.begun <= sealed,
                None => !deed.late,
            };
            shared.check("I7 late is what came after the seal", fits, || {
                format!("{key:?} sealed at {sealed:?}: {deed:?}")
            });
            let first = recorded.insert((content.clone(), *version))
                && !recorded.iter().any(|(other, at)| other == content && at != version);
            shared.check("I3 a content is recorded once", first, || format!("{key:?} {deed:?}"));
        }
    }
}

/// The step in which the page that holds the usage was sealed.
pub fn sealed_at(shared: &Arc<Shared>, key: &UsageKey) -> Option<usize> {
    let partition = format!("SUB#{}#{}", SITES[key.site], SUBSCRIPTIONS[key.subscription]);
    let prefix = format!("USAGE#{}#", PRICES[key.price]);
    let place = bound(key.date, key.id);
    let cloud = shared.cloud();
    let pages = cloud.past().present().filter(|((pk, sk), page)| {
        *pk == partition
            && sk.strip_prefix(&prefix).is_some_and(|start| start <= place.as_str())
            && page["E"]["S"].as_str().is_some_and(|end| place.as_str() < end)
    });
    let page = pages.map(|(page, _)| page).next()?;
    let sealed = cloud.past().images(page).find(|(_, image)| image.as_ref().is_some_and(|page| page["S"].is_object()));
    sealed.map(|(write, _)| cloud.step_of(write))
}

/// A bound of a page, as it is stored.
fn bound(mut millis: i64, id: Option<&str>) -> String {
    let mut digits = Vec::new();
    for _ in 0..9 {
        digits.extend(char::from_digit(u32::try_from(millis % 36).unwrap_or_default(), 36));
        millis /= 36;
    }
    let digits: String = digits.iter().rev().collect();
    id.map_or_else(|| digits.clone(), |id| format!("{digits}.{id}"))
}

/// The items whose keys fit.
fn items(shared: &Arc<Shared>, fits: impl Fn(&Key) -> bool) -> Vec<(Key, Arc<Value>)> {
    let cloud = shared.cloud();
    cloud.past().present().filter(|(key, _)| fits(key)).map(|(key, item)| (key.clone(), Arc::clone(item))).collect()
}

fn document<T: serde::de::DeserializeOwned>(shared: &Arc<Shared>, key: &Key) -> Option<T> {
    let item = shared.cloud().past().get(key, usize::MAX)?;
    serde_json::from_str(item["D"]["S"].as_str()?).ok()
}
