//! Documents: JSON with a revision, created once under a name and changed on condition that nobody else did.

use aws_sdk_dynamodb::types::TransactWriteItem;
use billing::catalog::{Customer, Feature, Item as CatalogItem, ItemPrice};
use billing::id::{ItemPriceId, SiteId};
use billing::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Store;
use crate::claim::Claim;
use crate::error::{StoreError, is_temporary};
use crate::key::{self, Key};
use crate::recent::Recent;
use crate::retry::Attempts;
use crate::table::{Ask, DOCUMENT, Item, REVISION, Transacted, get_number, get_text, keyed, number, text};

/// The versions of item prices by site, price and version.
pub(crate) type PriceVersions = Recent<(SiteId, ItemPriceId, u32), ItemPrice>;

/// How long an idempotency key is remembered, in seconds: 30 days.
const IDEMPOTENCY_SECONDS: i64 = 30 * 86_400;

/// A document as it was read; the revision tells whether somebody changed it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The document.
    pub value: T,
    /// How often it was written.
    pub revision: u64,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next part begins; absent at the end.
    pub next: Option<String>,
}

/// What a creation is judged by.
#[derive(Clone, Debug)]
pub struct Creation<'a> {
    /// SHA-256 of the request's canonical content: the same again is a replay.
    pub digest: String,
    /// The caller's key where the system made the id: it gives the first answer again.
    pub idempotency_key: Option<&'a str>,
    /// Real time, also for a test site: what has expired is removed by the table's clock.
    pub now: Timestamp,
}

/// What became of a creation.
#[derive(Clone, Debug)]
pub enum Created<T> {
    /// It stands, and did not before.
    New,
    /// The same was created before: what stands, or the first answer.
    Same(T),
    /// Another content was created under that name.
    Different(T),
    /// A name in it belongs to something else: which one.
    Taken(&'static str),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Updated {
    /// It is written.
    Done,
    /// Somebody else changed it meanwhile: read it again.
    Lost,
    /// A name in it belongs to something else: which one.
    Taken(&'static str),
}

/// An item that is to be created, with everything that is written together with it.
pub(crate) struct NewItem<'a, T> {
    pub key: Key,
    pub item: Item,
    /// What the item holds.
    pub value: &'a T,
    pub others: Vec<TransactWriteItem>,
    pub claims: Vec<Claim>,
}

/// A kind of catalogue document.
pub trait Document: Serialize + DeserializeOwned + Send + Sync {
    /// What its sort keys begin with.
    const KIND: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// The name that it holds for itself in the site, if it has one.
    #[doc(hidden)]
    fn unique_name(&self) -> Option<String> {
        None
    }

    /// The version that is kept for ever, if it has any.
    #[doc(hidden)]
    fn kept_version(&self) -> Option<(&ItemPriceId, u32)> {
        None
    }
}

impl Document for Customer {
    const KIND: &'static str = "CUSTOMER";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn unique_name(&self) -> Option<String> {
        Some(self.invoice_prefix().to_owned())
    }
}

impl Document for Feature {
    const KIND: &'static str = "FEATURE";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Document for CatalogItem {
    const KIND: &'static str = "ITEM";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Document for ItemPrice {
    const KIND: &'static str = "ITEM_PRICE";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn kept_version(&self) -> Option<(&ItemPriceId, u32)> {
        Some((&self.id, self.version))
    }
}

/// The JSON text of a document.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what: "document" })
}

/// Reads a stored document.
pub(crate) fn stored<T: DeserializeOwned>(item: &Item, what: &'static str) -> Result<Stored<T>, StoreError> {
    let value = get_text(item, DOCUMENT).and_then(|json| serde_json::from_str(json).ok());
    let revision = get_number(item, REVISION);
    match (value, revision) {
        (Some(value), Some(revision)) => Ok(Stored { value, revision }),
        _ => Err(StoreError::Corrupt { what }),
    }
}

/// The item of a document that is created.
pub(crate) fn first_item<T: Serialize>(key: &Key, value: &T, creation: &Creation) -> Result<Item, StoreError> {
    let mut item = keyed(key);
    item.insert(DOCUMENT.into(), text(to_json(value)?));
    item.insert(REVISION.into(), number(1));
    item.insert("C".into(), text(&creation.digest));
    Ok(item)
}

impl Store {
    /// Creates a catalogue document under its id.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn create<D: Document>(
        &self,
        site: &SiteId,
        document: &D,
        creation: &Creation<'_>,
    ) -> Result<Created<D>, StoreError> {
        let key = key::document(site, D::KIND, document.id());
        let new = NewItem {
            item: first_item(&key, document, creation)?,
            key,
            value: document,
            others: self.versions(site, document)?,
            claims: claims(site, document),
        };
        self.create_item(site, new, creation).await
    }

    /// Reads a catalogue document, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn get<D: Document>(&self, site: &SiteId, id: &str) -> Result<Option<Stored<D>>, StoreError> {
        let item = self.table.get(&key::document(site, D::KIND, id), true).await?;
        item.map(|item| stored(&item, "document")).transpose()
    }

    /// Changes a catalogue document, on condition that it has the revision that was read.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn update<D: Document>(&self, site: &SiteId, document: &Stored<D>) -> Result<Updated, StoreError> {
        let key = key::document(site, D::KIND, document.value.id());
        let main = self.revise(&key, &document.value, document.revision)?;
        self.update_item(main, self.versions(site, &document.value)?, &claims(site, &document.value)).await
    }

    /// A part of the site's documents of a kind, by id.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn list<D: Document>(
        &self,
        site: &SiteId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<D>, StoreError> {
        let prefix = format!("{}#", D::KIND);
        let page = self.list_partition(&key::site_partition(site), &prefix, cursor, limit).await?;
        let items = page.items.iter().map(|item| Ok(stored(item, "document")?.value));
        Ok(Page { items: items.collect::<Result<_, StoreError>>()?, next: page.next })
    }

    /// One version of an item price, which never changes and is remembered.
    ///
    /// # Errors
    /// `Missing` where there is none.
    pub async fn price_version(
        &self,
        site: &SiteId,
        price: &ItemPriceId,
        version: u32,
    ) -> Result<ItemPrice, StoreError> {
        let known = (site.clone(), price.clone(), version);
        if let Some(price) = self.price_versions.get(&known) {
            return Ok(price);
        }
        let item = self.table.get(&key::price_version(site, price, version), false).await?;
        let item = match item {
            Some(item) => item,
            // A version made a moment ago may not have reached every replica.
            None => self
                .table
                .get(&key::price_version(site, price, version), true)
                .await?
                .ok_or(StoreError::Missing { what: "item price version" })?,
        };
        let price: ItemPrice = stored(&item, "item price version")?.value;
        self.price_versions.remember(known, price.clone());
        Ok(price)
    }

    /// Items of a partition whose sort keys begin with the prefix, a part at a time.
    pub(crate) async fn list_partition(
        &self,
        partition: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Item>, StoreError> {
        let after = cursor.map(decode_cursor).transpose()?;
        let ask = Ask {
            partition: partition.to_owned(),
            // Right behind the last one that was given.
            from: after.map_or_else(|| prefix.to_owned(), |last| format!("{prefix}{last}\u{0}")),
            to: format!("{prefix}\u{7f}"),
            consistent: true,
            limit: Some(limit.saturating_add(1)),
            ..Ask::default()
        };
        let mut items = self.table.query(&ask).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().and_then(|item| get_text(item, "SK")).and_then(|sk| sk.strip_prefix(prefix));
        let next = last.filter(|_| more).map(encode_cursor);
        Ok(Page { items, next })
    }

    fn versions<D: Document>(&self, site: &SiteId, document: &D) -> Result<Vec<TransactWriteItem>, StoreError> {
        let Some((price, version)) = document.kept_version() else { return Ok(Vec::new()) };
        let mut item = keyed(&key::price_version(site, price, version));
        item.insert(DOCUMENT.into(), text(to_json(document)?));
        item.insert(REVISION.into(), number(1));
        Ok(vec![self.table.put_new(item)?])
    }

    /// Creates an item together with what belongs to it; the claims are names that must be free or its own.
    pub(crate) async fn create_item<T: Serialize + DeserializeOwned>(
        &self,
        site: &SiteId,
        new: NewItem<'_, T>,
        creation: &Creation<'_>,
    ) -> Result<Created<T>, StoreError> {
        let NewItem { key, item, value, others, claims } = new;
        let mut writes = vec![self.table.put_new(item)?];
        writes.extend(others);
        let first_claim = writes.len();
        for claim in &claims {
            writes.push(claim.write(&self.table)?);
        }
        let remembered = creation.idempotency_key.map(|text| key::idempotency(site, text));
        if let Some(remembered) = &remembered {
            writes.push(self.remember(remembered, value, creation)?);
        }
        let Transacted::Refused(refused) = self.transact_patiently(writes).await? else { return Ok(Created::New) };
        // The idempotency key first: its answer stands whatever else is taken.
        let first = match &remembered {
            Some(remembered) if refused.last() == Some(&true) => self.table.get(remembered, true).await?,
            _ => None,
        };
        let stands = match first {
            Some(item) => Some(item),
            None if refused.first() == Some(&true) => self.table.get(&key, true).await?,
            None => None,
        };
        if let Some(item) = stands {
            let same = get_text(&item, "C") == Some(&creation.digest);
            let value = stored(&item, "document")?.value;
            return Ok(if same { Created::Same(value) } else { Created::Different(value) });
        }
        match claims.iter().zip(refused.iter().skip(first_claim)).find(|(_, refused)| **refused) {
            Some((claim, _)) => Ok(Created::Taken(claim.what)),
            None => Err(StoreError::Contended),
        }
    }

    fn remember<T: Serialize>(
        &self,
        key: &Key,
        value: &T,
        creation: &Creation<'_>,
    ) -> Result<TransactWriteItem, StoreError> {
        let seconds = creation.now.millis() / 1_000;
        let mut item = first_item(key, value, creation)?;
        item.insert("expires_at".into(), number(seconds + IDEMPOTENCY_SECONDS));
        // DynamoDB may take days to remove what has expired.
        let values = Item::from([(":now".to_owned(), number(seconds))]);
        self.table.put(item, "attribute_not_exists(PK) OR expires_at <= :now", values)
    }

    /// The write that changes a document, on condition that it has the revision that was read.
    pub(crate) fn revise<T: Serialize>(
        &self,
        key: &Key,
        value: &T,
        revision: u64,
    ) -> Result<TransactWriteItem, StoreError> {
        self.table.update(key, "SET D = :document, R = :next", "R = :revision", revision_values(value, revision)?)
    }

    /// Writes again what another transaction or a throttle was in the way of: then nothing was written. Whoever got no
    /// answer has waited long enough.
    async fn transact_patiently(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let mut attempts = Attempts::default();
        loop {
            match self.table.transact(writes.clone()).await {
                Err(StoreError::Busy { code }) if is_temporary(&code) => attempts.again().await?,
                done => return done,
            }
        }
    }

    pub(crate) async fn update_item(
        &self,
        main: TransactWriteItem,
        others: Vec<TransactWriteItem>,
        claims: &[Claim],
    ) -> Result<Updated, StoreError> {
        let mut writes = vec![main];
        writes.extend(others);
        let first_claim = writes.len();
        for claim in claims {
            writes.push(claim.write(&self.table)?);
        }
        let Transacted::Refused(refused) = self.transact_patiently(writes).await? else { return Ok(Updated::Done) };
        if refused.iter().take(first_claim).any(|refused| *refused) {
            return Ok(Updated::Lost);
        }
        let taken = claims.iter().zip(refused.iter().skip(first_claim)).find(|(_, refused)| **refused);
        Ok(taken.map_or(Updated::Lost, |(claim, _)| Updated::Taken(claim.what)))
    }
}

/// The values of an update that changes a document.
pub(crate) fn revision_values<T: Serialize>(value: &T, revision: u64) -> Result<Item, StoreError> {
    Ok(Item::from([
        (":document".to_owned(), text(to_json(value)?)),
        (":next".to_owned(), number(revision.saturating_add(1))),
        (":revision".to_owned(), number(revision)),
    ]))
}

fn claims<D: Document>(site: &SiteId, document: &D) -> Vec<Claim> {
    let name = document.unique_name();
    name.map(|name| Claim::new(key::invoice_prefix(site, &name), document.id(), "number")).into_iter().collect()
}

/// Makes a cursor of the last key that was given.
pub(crate) fn encode_cursor(last: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(last)
}

/// Reads a cursor back.
pub(crate) fn decode_cursor(cursor: &str) -> Result<String, StoreError> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::Cursor)?;
    let text = String::from_utf8(bytes).map_err(|_| StoreError::Cursor)?;
    let sane = !text.is_empty() && text.len() <= 500 && text.bytes().all(|b| b.is_ascii_graphic());
    if sane { Ok(text) } else { Err(StoreError::Cursor) }
}
