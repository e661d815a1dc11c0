//! Every key string of the table.

use billing::id::{CustomerId, InvoiceId, ItemPriceId, SiteId, SubscriptionId};
use billing::invoice::InvoiceOwner;
use billing::usage::RecordKey;

use crate::page::Bound;

/// Partition and sort key of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
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

/// Behind every invoice of a partition: what begins with it is work that is open, and no invoice.
pub(crate) const BEHIND_INVOICES: &str = "INVOICE#~";

/// Where an invoice is kept; a boundary's current revision stands in the same place as its first.
pub(crate) fn invoice(site: &SiteId, owner: &InvoiceOwner) -> Key {
    match owner {
        InvoiceOwner::Boundary { subscription_id, boundary, .. } => boundary_invoice(site, subscription_id, *boundary),
        InvoiceOwner::Interim { subscription_id, boundary, number } => {
            key(subscription_partition(site, subscription_id), format!("INTERIM#{boundary:08}#{number:04}"))
        }
        InvoiceOwner::OnDemand { customer_id, token } => {
            key(account_partition(site, customer_id), format!("{INVOICE}{token}"))
        }
        InvoiceOwner::Combined { customer_id, number } => {
            key(account_partition(site, customer_id), format!("COMBINED#{number:08}"))
        }
    }
}

/// Where the current revision of a boundary's invoice is kept.
pub(crate) fn boundary_invoice(site: &SiteId, subscription: &SubscriptionId, boundary: u32) -> Key {
    key(subscription_partition(site, subscription), format!("{INVOICE}{boundary:08}"))
}

/// Where a revision of a boundary's invoice is kept once another one has taken its place.
pub(crate) fn earlier_revision(site: &SiteId, owner: &InvoiceOwner) -> Key {
    let Key { pk, sk } = invoice(site, owner);
    match owner {
        InvoiceOwner::Boundary { revision, .. } => key(pk, format!("{sk}#{revision:04}")),
        _ => Key { pk, sk },
    }
}

/// Says whether a sort key is that of a revision whose place another one has taken.
pub(crate) fn is_earlier_revision(sk: &str) -> bool {
    sk.strip_prefix(INVOICE).is_some_and(|rest| rest.contains('#'))
}

/// The partition of what belongs to a customer and to no subscription.
fn account_partition(site: &SiteId, customer: &CustomerId) -> String {
    format!("ACCOUNT#{site}#{customer}")
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
