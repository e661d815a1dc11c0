//! Lists: parts of a partition, or of the list index, with a cursor between them.

use crate::Store;
use crate::document::Page;
use crate::error::StoreError;
use crate::key;
use crate::table::{Ask, Item, get_text};

impl Store {
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
            to: format!("{prefix}~"),
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

    /// Whole items in the order of the list index.
    pub(crate) async fn list_index(
        &self,
        partition: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Item>, StoreError> {
        let after = cursor.map(decode_cursor).transpose()?;
        if after.as_ref().is_some_and(|last| !last.starts_with(prefix)) {
            return Err(StoreError::Cursor);
        }
        let ask = Ask {
            index: Some("list"),
            partition: partition.to_owned(),
            from: after.map_or_else(|| prefix.to_owned(), |last| format!("{last}\u{0}")),
            to: format!("{prefix}\u{7f}"),
            limit: Some(limit.saturating_add(1)),
            ..Ask::default()
        };
        // An empty text is no key; every list key begins behind a space.
        let ask = Ask { from: if ask.from.is_empty() { " ".into() } else { ask.from }, ..ask };
        let mut listed = self.table.query(&ask).await?;
        let more = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().and_then(|item| get_text(item, "list_key")).filter(|_| more).map(encode_cursor);
        let mut items = Vec::new();
        for entry in &listed {
            let (Some(pk), Some(sk)) = (get_text(entry, "PK"), get_text(entry, "SK")) else { continue };
            let key = key::Key { pk: pk.to_owned(), sk: sk.to_owned() };
            // The index lags: an entry whose item has left the list since is passed over.
            items.extend(self.table.get(&key, true).await?.filter(|item| item.contains_key("list_of")));
        }
        Ok(Page { items, next })
    }
}

/// Makes a cursor of the last key that was given.
fn encode_cursor(last: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(last)
}

/// Reads a cursor back.
fn decode_cursor(cursor: &str) -> Result<String, StoreError> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::Cursor)?;
    let text = String::from_utf8(bytes).map_err(|_| StoreError::Cursor)?;
    let sane = !text.is_empty() && text.len() <= 500 && text.bytes().all(|b| b.is_ascii_graphic());
    if sane { Ok(text) } else { Err(StoreError::Cursor) }
}
