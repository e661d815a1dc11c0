//! What people do in a history, one thing after another, each as the seed says.

use billing::time::Timestamp;
use serde_json::{Value, json};

use crate::book::{Content, Told, UsageKey, Wish};
use crate::client::{Client, is_late, told, usage_json, usages_path, version};
use crate::world::{PRICES, SITES, SUBSCRIPTIONS, api_key};

const HOUR: i64 = 3_600_000;

/// Distances of usage dates from the end of a period: far from it, on it, right before and after it.
const AROUND_AN_END: [i64; 8] = [-240 * HOUR, -30 * HOUR, -2 * HOUR, -HOUR, -1, 0, 1, HOUR / 2];

/// Where the clock goes, from the end of a period.
const CLOCKS: [i64; 7] = [-HOUR, -1, 0, HOUR / 2, HOUR - 1, HOUR, 2 * HOUR];

const QUANTITIES: [&str; 4] = ["1", "2", "0.5", "7"];

/// How often a caller sends the same again where nothing came back.
const RETRIES: usize = 3;

impl Client {
    /// Does so many things.
    pub async fn live(mut self, deeds: usize) {
        for _ in 0..deeds {
            let die = match self.races {
                // Records, deletes and corrections against closes, a moved end or a cancellation now and then, and nothing
                // else.
                true => *self.seed.one_of(&[0, 1, 2, 28, 41, 53, 53, 79, 84, 84, 92, 92, 92, 97, 98]),
                false => self.seed.below(100),
            };
            match die {
                0..28 => self.record_one().await,
                28..37 => self.record_several().await,
                37..41 => self.record_table().await,
                41..53 => self.delete().await,
                53..59 => self.correct().await,
                59..63 => self.list_usages().await,
                63..68 => self.read_charges().await,
                68..71 => self.read_invoices().await,
                71..79 => self.move_clock(),
                79..84 => {
                    self.tick().await;
                }
                84..92 => {
                    let most = 1 + self.seed.below(3);
                    self.work(most, 300).await;
                }
                92..97 => self.close().await,
                97..98 => self.cancel().await,
                98..99 => self.move_period_end().await,
                _ => self.change_limit().await,
            }
        }
    }

    /// A site and one of its subscriptions.
    pub fn subject(&mut self) -> (usize, usize) {
        let (sites, subscriptions) = (self.shared.world.kind.sites, self.shared.world.kind.subscriptions);
        (self.seed.below(sites), self.seed.below(subscriptions))
    }

    /// A usage that may be recorded now.
    fn key(&mut self) -> UsageKey {
        let (site, subscription) = self.subject();
        self.key_of(site, subscription)
    }

    fn key_of(&mut self, site: usize, subscription: usize) -> UsageKey {
        let price = self.seed.below(self.shared.world.kind.prices);
        let now = self.shared.now().millis();
        let start = self.shared.world.kind.start().millis();
        let dates: Vec<i64> = self
            .shared
            .world
            .ends
            .iter()
            .flat_map(|end| AROUND_AN_END.iter().map(|distance| end.millis() + distance))
            .filter(|date| start <= *date && *date <= now + 5 * 60_000)
            .collect();
        // The newest ones are the ones that people race for.
        let newest = dates.len().saturating_sub(5);
        let date = dates[newest + self.seed.below(dates.len() - newest)];
        let id = *self.seed.one_of(&[None, None, None, Some("a"), Some("b")]);
        UsageKey { site, subscription, price, date, id }
    }

    /// A content; some are so long that two of them fill a page.
    fn content(&mut self) -> Content {
        let quantity = (*self.seed.one_of(&QUANTITIES)).to_owned();
        let note = match self.seed.below(if self.races { 2 } else { 3 }) {
            0 => None,
            1 => Some("n".repeat(380)),
            _ => Some("short".to_owned()),
        };
        (quantity, note)
    }

    /// Records a usage.
    pub async fn record_one(&mut self) {
        let (key, content) = (self.key(), self.content());
        let attempts = 1 + self.seed.below(RETRIES + 1);
        self.record(&key, &content, attempts).await;
    }

    /// Records one usage, and the same again where nothing came back.
    pub async fn record(&mut self, key: &UsageKey, content: &Content, attempts: usize) {
        for _ in 0..attempts {
            let (begun, now) = (self.shared.next_step(), self.shared.now());
            let body = usage_json(key, content);
            let answer = self.send("POST", &usages_path(key), Some(body), &api_key(SITES[key.site]), &[]).await;
            let (status, body) = answer.unwrap_or((500, Value::Null));
            let told = self.note_recorded(key, content, begun, now, status, &body);
            if told != Told::Nothing {
                return;
            }
        }
    }

    fn note_recorded(
        &mut self,
        key: &UsageKey,
        content: &Content,
        begun: usize,
        now: Timestamp,
        status: u16,
        body: &Value,
    ) -> Told {
        let told = told(status, body);
        self.shared.check("answers are understood", told.is_some(), || format!("{status} {body}"));
        let told = told.unwrap_or(Told::Nothing);
        if let Told::Recorded(version) | Told::Replayed(version) = told {
            self.known.push((key.clone(), version));
        }
        if let Told::Conflicting((_, version)) = told {
            self.known.push((key.clone(), version));
        }
        self.enter(key, begun, now, Wish::Record(content.clone()), told.clone(), is_late(body));
        told
    }

    /// A batch of usages of one subscription, which may name one twice.
    async fn record_several(&mut self) {
        let (site, subscription) = self.subject();
        let many = if self.seed.chance(150) { 12 } else { 2 + self.seed.below(4) };
        let usages: Vec<(UsageKey, Content)> =
            (0..many).map(|_| (self.key_of(site, subscription), self.content())).collect();
        let attempts = 1 + self.seed.below(RETRIES);
        self.record_batch(&usages, attempts).await;
    }

    /// Records several usages of one subscription, and the same again where nothing came back for one of them.
    pub async fn record_batch(&mut self, usages: &[(UsageKey, Content)], attempts: usize) {
        let site = usages[0].0.site;
        for _ in 0..attempts {
            let (begun, now) = (self.shared.next_step(), self.shared.now());
            let list: Vec<Value> = usages.iter().map(|(key, content)| usage_json(key, content)).collect();
            let path = usages_path(&usages[0].0);
            let answer = self.send("POST", &path, Some(json!({ "usages": list })), &api_key(SITES[site]), &[]).await;
            let (status, body) = answer.unwrap_or((500, Value::Null));
            let mut all_told = true;
            for (n, (key, content)) in usages.iter().enumerate() {
                let line = &body["outcomes"][n];
                let (status, body) = match line["status"].as_u64() {
                    Some(status) => {
                        let shown = if line["usage"].is_object() { &line["usage"] } else { &line["problem"] };
                        (u16::try_from(status).unwrap_or_default(), shown)
                    }
                    None => (status, &body),
                };
                all_told &= self.note_recorded(key, content, begun, now, status, body) != Told::Nothing;
            }
            if all_told {
                return;
            }
        }
    }

    /// A table of usages, the answer to which is read line by line where there is one.
    async fn record_table(&mut self) {
        let (site, subscription) = self.subject();
        let usages: Vec<(UsageKey, Content)> =
            (0..3).map(|_| (self.key_of(site, subscription), self.content())).collect();
        let mut table = "item_price_id,usage_date,quantity,id,note\n".to_owned();
        for (key, content) in &usages {
            let usage = usage_json(key, content);
            let cells = ["item_price_id", "usage_date", "quantity", "id", "note"];
            let cells: Vec<&str> = cells.iter().map(|cell| usage[*cell].as_str().unwrap_or_default()).collect();
            table.push_str(&cells.join(","));
            table.push('\n');
        }
        let (begun, now) = (self.shared.next_step(), self.shared.now());
        let path = usages_path(&usages[0].0);
        let answer = self.send_text("POST", &path, table, Some("text/csv"), &api_key(SITES[site]), &[]).await;
        // What a table's answer does not show of each row, the book leaves open.
        drop(answer);
        for (key, content) in &usages {
            self.enter(key, begun, now, Wish::Record(content.clone()), Told::Nothing, false);
        }
    }

    /// Deletes a version that this caller knows of.
    async fn delete(&mut self) {
        if self.known.is_empty() {
            return self.record_one().await;
        }
        let pick = self.seed.below(self.known.len());
        let (key, version) = self.known[pick].clone();
        let attempts = 1 + self.seed.below(RETRIES);
        self.delete_version(&key, version, attempts).await;
    }

    /// Deletes a version, and again where nothing came back.
    pub async fn delete_version(&mut self, key: &UsageKey, version: i64, attempts: usize) {
        let site = api_key(SITES[key.site]);
        let price = PRICES[key.price];
        let (name, headers) = match key.id {
            Some(id) => {
                let date = crate::client::instant(key.date);
                let path = format!("{}/{id}?item_price_id={price}&usage_date={date}", usages_path(key));
                (path, vec![("if-match", format!("\"{version}\""))])
            }
            None => {
                let name = format!("usg_{price}.{}.{}", base36(key.date), base36(version));
                (format!("{}/{name}", usages_path(key)), Vec::new())
            }
        };
        for _ in 0..attempts {
            let (begun, now) = (self.shared.next_step(), self.shared.now());
            let answer = self.send("DELETE", &name, None, &site, &headers).await;
            let (status, body) = answer.unwrap_or((500, Value::Null));
            let told = match status {
                204 => Told::Deleted,
                404 | 412 => Told::NotFound,
                409 => Told::Refused,
                500.. => Told::Nothing,
                _ => {
                    self.shared.check("answers are understood", false, || format!("{status} {body}"));
                    Told::Nothing
                }
            };
            self.enter(key, begun, now, Wish::Delete(version), told.clone(), false);
            if told != Told::Nothing {
                return;
            }
        }
    }

    /// Deletes a usage and records it anew with another content, or the same.
    async fn correct(&mut self) {
        if self.known.is_empty() {
            return self.record_one().await;
        }
        let pick = self.seed.below(self.known.len());
        let (key, version) = self.known[pick].clone();
        self.delete_version(&key, version, RETRIES).await;
        let content = self.content();
        self.record(&key, &content, RETRIES).await;
    }

    /// Reads all usages of a subscription, page by page.
    pub async fn list_usages(&mut self) {
        let (site, subscription) = self.subject();
        let limit = *self.seed.one_of(&[3, 100]);
        self.list_usages_of(site, subscription, limit).await;
    }

    /// Reads all usages of a subscription, and holds them against the book.
    pub async fn list_usages_of(&mut self, site: usize, subscription: usize, limit: usize) -> Option<Vec<Value>> {
        let (begun, now) = (self.shared.next_step(), self.shared.now());
        let asked: Vec<UsageKey> = {
            let book = self.shared.book();
            book.keys().filter(|key| (key.site, key.subscription) == (site, subscription)).cloned().collect()
        };
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/subscriptions/{}/usages?limit={limit}{cursor}", SUBSCRIPTIONS[subscription]);
            let (status, mut page) = self.send("GET", &path, None, &api_key(SITES[site]), &[]).await?;
            self.shared.check("answers are understood", status == 200 || status >= 500, || format!("{status} {page}"));
            if status != 200 {
                return None;
            }
            all.extend(page["list"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        for key in asked {
            let found: Vec<&Value> = all.iter().filter(|usage| shows(usage, &key)).collect();
            self.shared.check("I1 a usage is shown once", found.len() <= 1, || format!("{key:?}: {found:?}"));
            let stands = found.first().and_then(|usage| version(usage));
            if let Some((_, version)) = &stands {
                self.known.push((key.clone(), *version));
            }
            self.enter(&key, begun, now, Wish::Read, Told::Stands(stands), false);
        }
        Some(all)
    }

    fn move_clock(&mut self) {
        let now = self.shared.now();
        let end = self.shared.world.ends.iter().copied().find(|end| now.millis() < end.millis() + 2 * HOUR);
        let Some(end) = end.filter(|end| self.shared.world.ends.last() != Some(end)) else { return };
        let to = end.plus_millis(*self.seed.one_of(&CLOCKS));
        self.shared.move_clock(to);
        self.shared.tell(|| format!("          the clock is moved to {}", self.shared.now()));
    }

    async fn close(&mut self) {
        let (site, subscription) = self.subject();
        let boundary = 1 + self.seed.below(2);
        self.close_boundary(site, subscription, boundary).await;
    }

    /// Closes the invoice of a boundary.
    pub async fn close_boundary(&mut self, site: usize, subscription: usize, boundary: usize) {
        let path = format!("/v1/invoices/inv_{}_{boundary}/close", SUBSCRIPTIONS[subscription]);
        let answer = self.send("POST", &path, Some(json!({})), &api_key(SITES[site]), &[]).await;
        if let Some((status, body)) = answer {
            let fine = matches!(status, 200 | 404 | 409 | 422 | 500..);
            self.shared.check("answers are understood", fine, || format!("{status} {body}"));
        }
    }

    async fn cancel(&mut self) {
        let (site, subscription) = self.subject();
        self.cancel_subscription(site, subscription).await;
    }

    /// Ends a subscription at once.
    pub async fn cancel_subscription(&mut self, site: usize, subscription: usize) {
        let path = format!("/v1/subscriptions/{}/cancel", SUBSCRIPTIONS[subscription]);
        self.send("POST", &path, Some(json!({})), &api_key(SITES[site]), &[]).await;
    }

    /// Moves the end of the period that runs around one that it may have, or lets a period end now.
    async fn move_period_end(&mut self) {
        let (site, subscription) = self.subject();
        let end = self.shared.world.ends[self.seed.below(2)].plus_millis(*self.seed.one_of(&AROUND_AN_END));
        let body = match self.seed.below(3) {
            0 => json!({ "period": self.seed.below(3) }),
            _ => json!({ "end": end }),
        };
        let path = format!("/v1/subscriptions/{}/move-period-end", SUBSCRIPTIONS[subscription]);
        let answer = self.send("POST", &path, Some(body.clone()), &api_key(SITES[site]), &[]).await;
        let Some((status, shown)) = answer else { return };
        let fine = matches!(status, 200 | 409 | 422 | 500..);
        self.shared.check("answers are understood", fine, || format!("{status} {shown}"));
        let at = |name: &str| shown["current_period"][name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let stands = match body["period"].as_u64() {
            Some(period) => {
                let later = shown["current_period"]["number"].as_u64().is_none_or(|number| period < number);
                later || at("end") <= Some(self.shared.now())
            }
            None => at("end").is_none_or(|ends| ends == end) || at("start") >= Some(end),
        };
        self.shared.check("I9 an end that was moved stands", status != 200 || stands, || format!("{body} {shown}"));
    }

    async fn change_limit(&mut self) {
        let (site, subscription) = self.subject();
        if self.shared.world.kind.limit.is_none() {
            return self.record_one().await;
        }
        let limit = 1 + self.seed.below(8);
        let path = format!("/v1/subscriptions/{}", SUBSCRIPTIONS[subscription]);
        self.shared.note_limit(limit);
        self.send("PATCH", &path, Some(json!({ "usage_limit": limit })), &api_key(SITES[site]), &[]).await;
    }
}

/// Whether an answer shows the usage of that key.
pub fn shows(usage: &Value, key: &UsageKey) -> bool {
    let date = usage["usage_date"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let id = usage["id"].as_str().filter(|id| !id.starts_with("usg_"));
    usage["item_price_id"] == PRICES[key.price] && date.is_some_and(|date| date.millis() == key.date) && id == key.id
}

/// Milliseconds as the system's own ids spell them.
fn base36(mut millis: i64) -> String {
    let mut digits = Vec::new();
    while millis > 0 {
        let digit = u32::try_from(millis % 36).unwrap_or_default();
        digits.extend(char::from_digit(digit, 36));
        millis /= 36;
    }
    digits.iter().rev().collect()
}
