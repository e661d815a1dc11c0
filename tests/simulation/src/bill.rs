//! What is billed: held against what was told of every usage, and rated from scratch.

use std::collections::BTreeSet;
use std::sync::Arc;

use billing::invoice::{Invoice, LineItem};
use billing::subscription::Subscription;
use billing::time::BillingPeriod;
use billing::usage::UsageRecord;
use rating::{Charge, ChargeInputs, Measurement, Money, Number, Price, Rounding, digest_lines, rate_usage};
use serde_json::{Value, json};

use crate::audit::sealed_at;
use crate::book::{Deed, Told, UsageKey, Wish};
use crate::client::Client;
use crate::history::Shared;
use crate::world::{PRICES, SITES, SUBSCRIPTIONS, api_key};

/// One price of one period of one subscription.
#[derive(Clone, Copy, Debug)]
pub struct Billed {
    /// The site's number.
    pub site: usize,
    /// The subscription's number.
    pub subscription: usize,
    /// The price's number.
    pub price: usize,
    /// The period.
    pub period: BillingPeriod,
    /// Its number.
    pub number: u32,
}

/// What a period's usage of a price has to cost, and how many usages that are.
pub type Expected = (Billed, Option<Charge>, usize);

/// A closed period: its invoice says what was in time, and what that costs.
pub async fn check_closed(
    client: &mut Client,
    head: &Subscription,
    invoice: &Invoice,
    billed: Billed,
) -> Option<Expected> {
    let shared = Arc::clone(&client.shared);
    let records = in_time(client, billed).await?;
    check_records(&shared, billed, &records);
    let records = billable(head, billed.period, &records);
    let lines = invoice.closing.as_ref().map_or(&[][..], |closing| &closing.lines);
    let line =
        lines.iter().find(|line| line.item_price_id.as_ref().is_some_and(|id| id.as_str() == PRICES[billed.price]));
    let rated = rate(&shared, billed.price, &records);
    let amounts = |charge: Option<&Charge>| charge.map(|charge| json!(charge));
    shared.check(
        "I5 rating again gives the same",
        amounts(line.map(|line| &line.charge)) == amounts(rated.as_ref()),
        || format!("{billed:?}\n{line:?}\n{rated:?}\n{records:?}"),
    );
    if let Some(line) = line {
        check_line(&shared, line, &records);
    }
    if let Some(closing) = &invoice.closing {
        let currency = invoice.currency_code;
        let sum = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.checked_add(line.charge.amount));
        let adds_up = sum.as_ref().is_ok_and(|sum| sum.to_string() == closing.total);
        shared.check("I4 the total is the sum of the lines", adds_up, || format!("{sum:?} {closing:?}"));
    }
    Some((billed, rated, records.len()))
}

/// The period that runs: what is asked for is what the records cost.
pub async fn check_running(client: &mut Client, head: &Subscription, billed: Billed) -> Option<Expected> {
    let shared = Arc::clone(&client.shared);
    let records = in_time(client, billed).await?;
    check_records(&shared, billed, &records);
    let records = billable(head, billed.period, &records);
    let rated = rate(&shared, billed.price, &records);
    Some((billed, rated, records.len()))
}

async fn in_time(client: &mut Client, billed: Billed) -> Option<Vec<UsageRecord>> {
    let shared = Arc::clone(&client.shared);
    let (site, subscription) = (SITES[billed.site].parse().ok()?, SUBSCRIPTIONS[billed.subscription].parse().ok()?);
    let price = PRICES[billed.price].parse().ok()?;
    let store = &shared.environments[0].store;
    let mut records = Vec::new();
    let keep = |record: &UsageRecord| records.push(record.clone());
    let read = store.each_usage(&site, &subscription, &price, billed.period, store::Reading::default(), keep).await;
    shared.check("answers are understood", read.is_ok(), || format!("{read:?}"));
    read.ok().map(|()| records)
}

/// I2, I3, I7: what was told to be recorded in time is there, once and with that content; what was told to be deleted in
/// time, or to be late, is not.
fn check_records(shared: &Arc<Shared>, billed: Billed, records: &[UsageRecord]) {
    let book = shared.book().clone();
    let of_price = |key: &&UsageKey| {
        (key.site, key.subscription, key.price) == (billed.site, billed.subscription, billed.price)
            && (billed.period.start.millis()..billed.period.end.millis()).contains(&key.date)
    };
    for key in book.keys().filter(of_price) {
        let sealed = sealed_at(shared, key).unwrap_or(usize::MAX);
        let found: Vec<i64> = records
            .iter()
            .filter(|record| {
                record.key.date.millis() == key.date
                    && record.key.id.as_ref().map(ToString::to_string).as_deref() == key.id
            })
            .map(|record| record.updated_at.millis())
            .collect();
        let deeds = book.deeds(key);
        let deleted = |version: i64, when: fn(&Deed) -> usize, by: usize| {
            deeds.iter().any(|deed| {
                deed.wish == Wish::Delete(version)
                    && when(deed) < by
                    && deed.told != Told::Refused
                    && deed.told != Told::NotFound
            })
        };
        let told = || format!("{billed:?} {key:?} sealed at {sealed}, billed {found:?}:\n{deeds:#?}");
        for deed in deeds {
            match (&deed.told, deed.late) {
                (Told::Recorded(version), false) if !deleted(*version, |deed| deed.begun, sealed) => {
                    shared.check("I2 I7 what was recorded in time is billed", found == [*version], told);
                }
                (Told::Recorded(version), true) => {
                    shared.check("I2 what came late is not billed", !found.contains(version), told);
                }
                (Told::Deleted, _) if deed.ended < sealed => {
                    let Wish::Delete(version) = deed.wish else { continue };
                    shared.check("I3 what was deleted in time is not billed", !found.contains(&version), told);
                }
                _ => {}
            }
        }
        shared.check("I3 a usage is billed once at most", found.len() <= 1, told);
    }
}

/// Those dated while the subscription was active.
fn billable(head: &Subscription, period: BillingPeriod, records: &[UsageRecord]) -> Vec<UsageRecord> {
    let active = |record: &&UsageRecord| head.cancelled_at().is_none_or(|end| record.key.date < end);
    records.iter().filter(|record| period.contains(record.key.date)).filter(active).cloned().collect()
}

/// The charge, from scratch; order and number of calls change nothing.
fn rate(shared: &Arc<Shared>, price: usize, records: &[UsageRecord]) -> Option<Charge> {
    let (aggregation, terms, included) = shared.world.kind.tariff(price);
    let price: Price = serde_json::from_str(terms).ok()?;
    let inputs = ChargeInputs {
        aggregation: serde_json::from_value(json!(aggregation)).ok()?,
        included: included.parse().ok()?,
        ..ChargeInputs::new(&price, "USD".parse().ok()?)
    };
    let measured: Vec<Measurement> = records.iter().map(UsageRecord::measurement).collect();
    let charge = rate_usage(&inputs, &measured);
    let backward: Vec<Measurement> = records.iter().rev().map(UsageRecord::measurement).collect();
    let backward = rate_usage(&inputs, &backward);
    shared.check("I11 order changes nothing", format!("{charge:?}") == format!("{backward:?}"), || {
        format!("{charge:?} {backward:?}")
    });
    if aggregation == "sum" && matches!(price, Price::PerUnit(_) | Price::Tiered(_)) && !measured.is_empty() {
        let less = rate_usage(&inputs, &measured[1..]).ok().flatten();
        let amount = |charge: &Option<Charge>| charge.as_ref().map_or(0, |charge| charge.amount.minor_units());
        let all = charge.clone().ok().flatten();
        shared.check("I12 more usage costs no less", amount(&less) <= amount(&all), || format!("{less:?} {all:?}"));
    }
    charge.ok().flatten()
}

/// I4, I5: a line is the sum of its steps, rounded once, and names the records that it was computed from.
fn check_line(shared: &Arc<Shared>, line: &LineItem, records: &[UsageRecord]) {
    let steps = json!(line.charge.steps);
    let amounts = steps.as_array().into_iter().flatten().filter_map(|step| step["amount"].as_str());
    let sum = amounts.fold(Number::ZERO, |sum, amount| sum.add(&amount.parse().unwrap_or(Number::ZERO)));
    shared.check("I4 a line is the sum of its steps", sum == line.charge.unrounded, || format!("{sum:?} {line:?}"));
    let rounded = Money::round(&line.charge.unrounded, line.charge.amount.currency(), Rounding::default());
    shared
        .check("I4 a line is rounded once", rounded.as_ref().ok() == Some(&line.charge.amount), || format!("{line:?}"));
    let digest = digest_lines(records.iter().map(UsageRecord::digest_line));
    let named = line.usage_digest.as_ref() == Some(&digest) && line.usage_count == Some(records.len());
    shared.check("I5 a line names its records", named, || format!("{digest} {records:?} {line:?}"));
}

/// I10: what is asked for, one request a period, is what is billed.
pub async fn check_charges(client: &mut Client, expected: &[Expected]) {
    let shared = Arc::clone(&client.shared);
    let periods: BTreeSet<u32> = expected.iter().map(|(billed, ..)| billed.number).collect();
    for number in periods {
        let of_period = || expected.iter().filter(|(billed, ..)| billed.number == number);
        let Some((first, ..)) = of_period().next() else { continue };
        let path = format!("/v1/subscriptions/{}/usage-charges?period={number}", SUBSCRIPTIONS[first.subscription]);
        let answer = client.send("GET", &path, None, &api_key(SITES[first.site]), &[]).await;
        let (status, body) = answer.unwrap_or((500, Value::Null));
        for (billed, rated, count) in of_period() {
            let list = body["list"].as_array().into_iter().flatten();
            let shown = list.into_iter().find(|charge| charge["item_price_id"] == PRICES[billed.price]);
            let Ok(currency) = "USD".parse() else { return };
            let amount = rated.as_ref().map_or(Money::zero(currency), |charge| charge.amount).to_string();
            let fits = shown.is_some_and(|shown| shown["amount"] == amount.as_str() && shown["usage_count"] == *count);
            shared.check("I10 the usage charge is the invoice", status == 200 && fits, || {
                format!("{billed:?} {amount} {count}: {status} {body}")
            });
        }
    }
}
