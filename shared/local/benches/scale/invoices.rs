//! Whether each subscription has its one invoice.

use std::collections::BTreeSet;

use local::System;

use crate::setup::get;

/// Reads every invoice of the site and counts how many are missing, doubled, not closed, or not as they should be.
pub async fn faults(system: &System, subscriptions: u32, usages: u32) -> u64 {
    let (mut seen, mut wrong, mut cursor) = (BTreeSet::new(), 0, String::new());
    loop {
        let page = get(system, &format!("/v1/invoices?limit=100{cursor}")).await;
        for invoice in page["list"].as_array().unwrap() {
            let subscription = invoice["subscription_id"].as_str().unwrap().to_owned();
            let number = subscription.replacen('s', "c", 1) + "-1";
            let total = u64::from(usages) * 15 * 5;
            let total = format!("{}.{:02}", total / 1_000, (total % 1_000 + 5) / 10);
            let right = invoice["status"] == "payment_due"
                && invoice["number"] == number
                && invoice["total"] == total
                && invoice["lines"][0]["usage_count"] == usages;
            wrong += u64::from(!right || !seen.insert(subscription));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    println!("{} invoices, each once, with its number and total; {wrong} are not as they should be", seen.len());
    wrong + u64::from(subscriptions).abs_diff(seen.len() as u64)
}
