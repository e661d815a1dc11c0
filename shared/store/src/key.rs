//! Every key string of the table.

use billing::id::{InvoiceId, ItemPriceId, SiteId, SubscriptionId};
use billing::usage::RecordKey;

use crate::page::Bound;

/// Partition and sort key of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub pk: String,
    pub sk: String,
}

/// How many partitions the due index spreads live subscriptions over.
const DUE_SHARDS: u32 = 4;

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

pub(crate) fn site_partition(site: &SiteId) -> String {
    format!("SITE#{site}")
}

pub(crate) fn site(site: &SiteId) -> Key {
    key(site_partition(site), "SITE")
}

pub(crate) fn api_key(sha256: &str) -> Key {
    key(format!("KEY#{sha256}"), "KEY")
}

/// Reads the SHA-256 out of an API key's partition key.
pub(crate) fn parse_api_key(pk: &str) -> Option<&str> {
    pk.strip_prefix("KEY#")
}

/// The list index's partition of a site's API keys.
pub(crate) fn api_keys_list(site: &SiteId) -> String {
    format!("API_KEY#{site}")
}

/// Where an API key stands in its site's list: by the time it was made.
pub(crate) fn api_key_list_key(created_at_millis: i64, sha256: &str) -> String {
    format!("{}#{sha256}", crate::page::base36::fixed(created_at_millis))
}

/// The partition that lists the test sites, whose clocks `close-periods` has to look at.
pub(crate) const TEST_SITES: &str = "TEST_SITES";

pub(crate) fn test_site(site: &SiteId) -> Key {
    key(TEST_SITES.into(), site.as_str())
}

/// A catalogue document: `kind` is CUSTOMER, FEATURE, ITEM or ITEM_PRICE.
pub(crate) fn document(site: &SiteId, kind: &str, id: &str) -> Key {
    key(site_partition(site), format!("{kind}#{id}"))
}

pub(crate) fn price_version(site: &SiteId, price: &ItemPriceId, version: u32) -> Key {
    key(site_partition(site), format!("PRICE_VERSION#{price}#{version:08}"))
}

/// Claims what a customer's invoice numbers begin with.
pub(crate) fn invoice_prefix(site: &SiteId, prefix: &str) -> Key {
    key(site_partition(site), format!("INVOICE_PREFIX#{prefix}"))
}

/// Claims the id of a subscription item, unique in the site.
pub(crate) fn subscription_item(site: &SiteId, id: &str) -> Key {
    key(site_partition(site), format!("SUBSCRIPTION_ITEM#{id}"))
}

/// The last number given to an invoice with that prefix.
pub(crate) fn invoice_count(site: &SiteId, prefix: &str) -> Key {
    key(site_partition(site), format!("INVOICE_COUNT#{prefix}"))
}

pub(crate) fn idempotency(site: &SiteId, key_text: &str) -> Key {
    key(site_partition(site), format!("IDEMPOTENCY#{key_text}"))
}

pub(crate) fn stuck(site: &SiteId, subscription: &SubscriptionId) -> Key {
    key(site_partition(site), format!("STUCK#{subscription}"))
}

pub(crate) fn subscription_partition(site: &SiteId, subscription: &SubscriptionId) -> String {
    format!("SUB#{site}#{subscription}")
}

pub(crate) fn head(site: &SiteId, subscription: &SubscriptionId) -> Key {
    key(subscription_partition(site, subscription), "HEAD")
}

pub(crate) const INVOICE: &str = "INVOICE#";

pub(crate) fn invoice(site: &SiteId, subscription: &SubscriptionId, boundary: u32) -> Key {
    key(subscription_partition(site, subscription), format!("{INVOICE}{boundary:08}"))
}

/// What the sort keys of a price's pages begin with.
pub(crate) fn pages(price: &ItemPriceId) -> String {
    format!("USAGE#{price}#")
}

pub(crate) fn page(partition: &str, price: &ItemPriceId, start: &Bound) -> Key {
    key(partition.to_owned(), format!("{}{start}", pages(price)))
}

/// What the sort keys of a price's late usage begin with.
pub(crate) fn late_usages(price: &ItemPriceId) -> String {
    format!("LATE#{price}#")
}

pub(crate) fn late(partition: &str, price: &ItemPriceId, record: &RecordKey) -> Key {
    key(partition.to_owned(), format!("{}{}", late_usages(price), Bound::of(record)))
}

/// How many more usages there may be, where the subscription has a limit.
pub(crate) fn usage_limit(partition: &str) -> Key {
    key(partition.to_owned(), "LIMIT")
}

/// The due index's partition for a live subscription.
pub(crate) fn due_shard(site: &SiteId, subscription: &SubscriptionId) -> String {
    let sum = site.as_str().bytes().chain(subscription.as_str().bytes());
    let hash = sum.fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    live_shard(hash % DUE_SHARDS)
}

fn live_shard(shard: u32) -> String {
    format!("LIVE#{shard}")
}

/// Every partition of the due index that holds live subscriptions.
pub(crate) fn live_shards() -> impl Iterator<Item = String> {
    (0..DUE_SHARDS).map(live_shard)
}

/// The due index's partition of a test site, whose clock is its own.
pub(crate) fn test_shard(site: &SiteId) -> String {
    format!("TEST#{site}")
}

/// The list index's partition of a site's subscriptions.
pub(crate) fn subscriptions_list(site: &SiteId) -> String {
    format!("SUBSCRIPTION#{site}")
}

/// The list index's partition of a site's invoices.
pub(crate) fn invoices_list(site: &SiteId) -> String {
    format!("INVOICE#{site}")
}

/// Where an invoice stands in its site's list: by customer, then by the time it was generated.
pub(crate) fn invoice_list_key(customer: &str, generated_at_millis: i64, id: &InvoiceId) -> String {
    format!("{customer}#{}#{id}", crate::page::base36::fixed(generated_at_millis))
}

/// Reads site and subscription out of a subscription's partition key.
pub(crate) fn parse_subscription_partition(pk: &str) -> Option<(SiteId, SubscriptionId)> {
    let (site, subscription) = pk.strip_prefix("SUB#")?.split_once('#')?;
    Some((site.parse().ok()?, subscription.parse().ok()?))
}
