//! An invoice that is exported over the socket and verified without any network; whatever is changed is found.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use local::demo::{self, DEMO_KEY};
use local::export::{self, Export, ExportError, INVOICE_FILE, USAGES_FILE};
use local::verify::{self, Outcome, Verified};
use local::{System, server};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{KEY, World};

mod after_close;

/// A served system, and a directory for an export.
struct Served {
    address: SocketAddr,
    server: JoinHandle<()>,
    directory: PathBuf,
}

impl Served {
    async fn new(name: &str, system: System) -> Served {
        let listener = server::bind(0, "--port").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server::serve(listener, Arc::new(system), std::future::pending());
        let server = tokio::spawn(async move { serving.await.unwrap() });
        let directory = std::env::temp_dir().join(format!("countinghouse-verify-{name}-{}", std::process::id()));
        Served { address, server, directory }
    }

    async fn export(&self, invoice: &str, key: &str) -> Result<(u64, Vec<(u64, u64)>), ExportError> {
        let export = Export {
            url: format!("http://{}", self.address),
            key: key.to_owned(),
            invoice: invoice.parse().unwrap(),
            to: self.directory.clone(),
            first_wait: Duration::from_millis(1),
        };
        let mut told = Vec::new();
        let usages = export::run(&export, |written, counted| told.push((written, counted))).await?;
        Ok((usages, told))
    }

    fn verify(&self) -> Verified {
        verify::run(&self.directory).unwrap()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).unwrap()
    }

    /// The ids of the demo's two lines.
    fn lines(&self) -> [String; 2] {
        let invoice: Value = serde_json::from_str(&self.text(INVOICE_FILE)).unwrap();
        [0, 1].map(|index: usize| invoice["lines"][index]["id"].as_str().unwrap().to_owned())
    }

    /// Whether a verification finds fault while a file has another text.
    fn is_found(&self, file: &str, text: &str) -> bool {
        let before = self.text(file);
        fs::write(self.directory.join(file), text).unwrap();
        let found = verify::run(&self.directory).is_ok_and(|verified| verified.outcome() == Outcome::Right);
        fs::write(self.directory.join(file), before).unwrap();
        !found
    }

    /// The fields that differ while the invoice is another one.
    fn differing(&self, change: impl Fn(&mut Value)) -> Vec<String> {
        fields(&self.changed(change))
    }

    /// What is told of the invoice while it is another one.
    fn changed(&self, change: impl Fn(&mut Value)) -> Verified {
        let before = self.text(INVOICE_FILE);
        let mut invoice: Value = serde_json::from_str(&before).unwrap();
        change(&mut invoice);
        fs::write(self.directory.join(INVOICE_FILE), invoice.to_string()).unwrap();
        let verified = self.verify();
        fs::write(self.directory.join(INVOICE_FILE), before).unwrap();
        verified
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn fields(verified: &Verified) -> Vec<String> {
    let of = |part: &verify::Checked| {
        let part_name = part.part.clone();
        part.differences.iter().map(move |difference| format!("{part_name} {}", difference.field)).collect::<Vec<_>>()
    };
    verified.parts.iter().flat_map(of).collect()
}

async fn demo_export(name: &str) -> Served {
    let system = System::for_test().await.unwrap();
    demo::run(&system, |_| {}).await.unwrap();
    let served = Served::new(name, system).await;
    served.export("inv_voip-acme_1", DEMO_KEY).await.unwrap();
    served
}

#[tokio::test]
async fn the_invoice_of_the_demo_is_right() {
    let served = demo_export("demo").await;

    let verified = served.verify();

    assert_eq!(verified.outcome(), Outcome::Right, "{verified:#?}");
    let told: Vec<&str> = verified.parts.iter().map(|part| part.told.as_str()).collect();
    assert_eq!(told, ["VoIP line: 10.00 USD", "VoIP minutes: 18.05 USD, 12 usages", "12 usages", "28.05 USD"]);
    let parts: Vec<&str> = verified.parts.iter().map(|part| part.part.as_str()).collect();
    let [line, minutes] = served.lines();
    assert_eq!(parts, [line.as_str(), minutes.as_str(), "usages", "total"]);
    let readme = include_str!("../../README.md");
    for told in told {
        assert!(readme.lines().any(|line| line.starts_with("OK  ") && line.ends_with(told)), "{told}");
    }
    assert!(verified.parts[1].explanation.contains("361 x 0.05 = 18.05"));
    assert_eq!(served.text(USAGES_FILE).lines().count(), 12);
}

#[tokio::test]
async fn every_digit_of_a_usage_counts() {
    let served = demo_export("usages").await;
    let text = served.text(USAGES_FILE);
    let first = text.lines().next().unwrap();
    let (from, to) = (first.find("\"resource_version\"").unwrap(), first.find(",\"source\"").unwrap());

    for (place, digit) in first.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        // The version of the row is for writers.
        if (from..to).contains(&place) {
            continue;
        }
        let other = if digit == '9' { "8" } else { "9" };
        let mut changed = text.clone();
        changed.replace_range(place..=place, other);
        assert!(served.is_found(USAGES_FILE, &changed), "{} -> {other}", &first[place.saturating_sub(20)..=place]);
    }
}

#[tokio::test]
async fn every_digit_of_what_was_computed_counts() {
    let served = demo_export("invoice").await;
    let text = served.text(INVOICE_FILE);
    let computed = [
        "quantity",
        "unit_amount",
        "included_usage",
        "total_usage",
        "on_demand_usage",
        "unrounded_amount",
        "amount",
        "usage_count",
        "usage_digest",
        "total",
        "amount_due",
    ];
    let mut start = 0;
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        let is_computed = computed.iter().any(|name| line.trim_start().starts_with(&format!("\"{name}\":")));
        for (place, digit) in line.char_indices().filter(|(_, c)| is_computed && c.is_ascii_digit()) {
            let other = if digit == '9' { "8" } else { "9" };
            let mut changed = text.clone();
            changed.replace_range(start + place..=start + place, other);
            assert!(served.is_found(INVOICE_FILE, &changed), "{} -> {other}", line.trim());
            count += 1;
        }
        start += line.len();
    }
    assert!(count > 80, "only {count} digits were changed");
}

#[tokio::test]
async fn a_usage_that_is_missing_doubled_or_of_elsewhere_is_found_and_named() {
    let served = demo_export("records").await;
    let text = served.text(USAGES_FILE);
    let lines: Vec<&str> = text.lines().collect();
    let with = |lines: &[&str]| {
        fs::write(served.directory.join(USAGES_FILE), lines.join("\n")).unwrap();
        fields(&served.verify())
    };

    let missing = with(&lines[1..]);
    let doubled = with(&[&lines[..], &lines[..1]].concat());
    let [_, minutes] = served.lines();
    let foreign = lines[0].replace(&minutes, "li_other.minutes_1").replace("inv_voip-acme_1", "inv_other_1");
    let foreign = with(&[&[foreign.as_str()], &lines[1..]].concat());
    let mut shuffled = lines.clone();
    shuffled.reverse();
    let shuffled = with(&shuffled);

    let of_minutes = |field: &str| format!("{minutes} {field}");
    for found in [&missing, &doubled, &foreign] {
        assert!(found.contains(&of_minutes("usage_count")) && found.contains(&of_minutes("usage_digest")), "{found:?}");
        assert!(found.contains(&of_minutes("amount")), "{found:?}");
    }
    assert!(doubled.contains(&"usages line 13 id".to_owned()), "{doubled:?}");
    assert!(foreign.contains(&"usages line 1 line_item_id".to_owned()), "{foreign:?}");
    assert!(foreign.contains(&"usages line 1 invoice_id".to_owned()), "{foreign:?}");
    assert_eq!(shuffled, [""; 0]);
}

#[tokio::test]
async fn a_changed_price_and_a_changed_line_are_found() {
    let served = demo_export("inputs").await;

    let [line, minutes] = served.lines();
    let price = served.differing(|invoice| invoice["lines"][1]["inputs"]["price"]["unit_amount"] = json!("0.06"));
    let agreed = served.differing(|invoice| invoice["lines"][0]["inputs"]["price"]["amount"] = json!("11.00"));
    let rounding = served.differing(|invoice| invoice["lines"][1]["inputs"]["included_usage"] = json!("1"));
    let gone = served.differing(|invoice| drop(invoice["lines"].as_array_mut().unwrap().pop()));

    assert!(price.contains(&format!("{minutes} steps[1]")), "{price:?}");
    assert!(agreed.contains(&format!("{line} amount")), "{agreed:?}");
    assert!(rounding.contains(&format!("{minutes} included_usage")), "{rounding:?}");
    assert!(
        gone.contains(&"total total".to_owned()) && gone.contains(&"usages line 1 line_item_id".to_owned()),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_line_that_stands_twice_is_found_though_the_total_matches() {
    let served = demo_export("twice").await;
    let twice = |id: Option<&str>| {
        served.differing(|invoice| {
            let lines = invoice["lines"].as_array_mut().unwrap();
            lines.push(lines[0].clone());
            if let Some(id) = id {
                lines[2]["id"] = json!(id);
            }
            invoice["total"] = json!("38.05");
            invoice["amount_due"] = json!("38.05");
        })
    };

    let [line, _] = served.lines();
    assert_eq!(twice(None), [format!("{line} id"), format!("{line} item_price_id")]);
    assert_eq!(twice(Some("li_other_1")), ["li_other_1 item_price_id"]);
}

#[tokio::test]
async fn only_an_invoice_of_nothing_is_paid() {
    let served = demo_export("paid").await;

    let paid = served.differing(|invoice| {
        invoice["status"] = json!("paid");
        invoice["amount_due"] = json!("0.00");
    });
    let pending = served.differing(|invoice| invoice["status"] = json!("pending"));
    let owed = served.differing(|invoice| invoice["amount_due"] = json!("0.00"));

    assert_eq!(paid, ["total status", "total amount_due"]);
    assert_eq!(pending, ["total status"]);
    assert_eq!(owed, ["total amount_due"]);
}

#[tokio::test]
async fn a_line_without_inputs_is_neither_right_nor_wrong() {
    let served = demo_export("not-kept").await;
    let outcomes = |verified: &Verified| verified.parts.iter().map(verify::Checked::outcome).collect::<Vec<_>>();
    let without_inputs = |invoice: &mut Value| {
        drop(invoice["lines"][1].as_object_mut().unwrap().remove("inputs"));
    };

    let old = served.changed(without_inputs);
    let miscounted = served.changed(|invoice| {
        without_inputs(invoice);
        invoice["lines"][1]["usage_count"] = json!(11);
    });

    let [right, not_kept] = [Outcome::Right, Outcome::NotKept];
    assert_eq!(outcomes(&old), [right, not_kept, right, right]);
    assert_eq!((old.outcome(), old.outcome().exit_status()), (not_kept, 2));
    assert_eq!((miscounted.outcome(), miscounted.outcome().exit_status()), (Outcome::Differs, 1));
    assert_eq!(fields(&miscounted), [format!("{} usage_count", served.lines()[1])]);
    assert_eq!(served.verify().outcome().exit_status(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_by_file_line_and_field() {
    let served = demo_export("unreadable").await;
    let told = |file: &str, text: &str| {
        let before = served.text(file);
        fs::write(served.directory.join(file), text).unwrap();
        let error = verify::run(&served.directory).unwrap_err();
        fs::write(served.directory.join(file), before).unwrap();
        (error.to_string(), error.line, error.field)
    };
    let usages = served.text(USAGES_FILE);
    let second = usages.lines().nth(1).unwrap();
    let broken = usages.replace(second, &second.replace("\"quantity\":\"", "\"quantity\":\"x"));
    let (text, line, field) = told(USAGES_FILE, &broken);
    assert_eq!((line, field.as_str()), (Some(2), "quantity"));
    assert!(text.contains(&format!("{USAGES_FILE}:2: quantity: a quantity is a plain decimal number")), "{text}");
    assert!(!text.contains("line 1"), "{text}");

    let mut invoice: Value = serde_json::from_str(&served.text(INVOICE_FILE)).unwrap();
    invoice["lines"][1]["amount"] = json!("18.5");
    assert_eq!(told(INVOICE_FILE, &invoice.to_string()).2, "lines[1].amount");
    invoice["lines"][1]["steps"] = json!([{"step": "guess"}]);
    assert_eq!(told(INVOICE_FILE, &invoice.to_string()).2, "lines[1].steps[0].step");
    assert_eq!(told(INVOICE_FILE, "{").1, Some(1));
    fs::remove_file(served.directory.join(USAGES_FILE)).unwrap();
    assert!(verify::run(&served.directory).unwrap_err().to_string().contains(USAGES_FILE));
}

/// 250 usages in three pages, taxes, a discount, a carried-over quantity and one that was there for a part of the period.
#[tokio::test]
async fn an_invoice_with_everything_on_it_is_right() {
    let start = "2027-03-01T00:00:00Z";
    let world = World::with(start, json!({"tax_rounding": "per_invoice"})).await;
    world.catalogue().await;
    let tax = json!({"rates": [{"name": "VAT", "percent": "19"}, {"name": "levy", "percent": "0.5"}]});
    let per_unit = json!({"model": "per_unit", "unit_amount": "0.333"});
    let seats = json!({"metered": true, "aggregation": "weighted_sum", "price": per_unit, "tax": tax});
    world.item_price("seats", seats).await;
    let users = json!({"metered": true, "aggregation": "unique_count", "price": per_unit, "minimum_amount": "2"});
    world.item_price("users", users).await;
    let fee = json!({"billed": "in_arrears", "price": per_unit, "proration": "calendar_seconds", "tax": tax});
    world.item_price("fee", fee).await;
    let discounts = json!([{"discount": "percent", "percent": "12.5"}]);
    let items = json!([
        {"item_price_id": "minutes-usd", "discounts": discounts},
        {"item_price_id": "seats"}, {"item_price_id": "users"}, {"item_price_id": "fee", "quantity": "70"},
    ]);
    let body = json!({"id": "sub", "customer_id": "acme", "items": items, "start_date": start});
    world.post("/v1/subscriptions", body).await.expect(201);
    let held = json!({"item_price_id": "seats", "usage_date": start, "quantity": "-0.5", "note": "x"});
    world.post("/v1/subscriptions/sub/usages", held).await.expect(201);
    let held = json!({"item_price_id": "seats", "usage_date": "2027-03-01T00:00:01Z", "quantity": "7.5"});
    world.post("/v1/subscriptions/sub/usages", held).await.expect(201);
    world.live_until("2027-04-20T00:00:00Z").await;
    let minutes = (0..240).map(|n| {
        json!({"item_price_id": "minutes-usd", "id": format!("m-{n}"), "quantity": "1.25",
        "usage_date": 1_806_600_000 + 3_600 * n})
    });
    let users = (0..10).map(|n| {
        json!({"item_price_id": "users", "unique_value": format!("u;{}%", n % 3),
        "quantity": 1, "usage_date": 1_806_600_000 + 60 * n, "from": "2027-04-01T00:00:00Z"})
    });
    let usages: Vec<Value> = minutes.chain(users).collect();
    let answer = world.post("/v1/subscriptions/sub/usages", json!({"usages": usages})).await.expect(207);
    assert!(answer["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["status"] == 201));
    world.post("/v1/subscriptions/sub/cancel", json!({})).await.expect(200);
    world.live_until("2027-04-20T02:00:00Z").await;
    let served = Served::new("everything", world.system).await;

    let (usages, told) = served.export("inv_sub_2", KEY).await.unwrap();
    let verified = served.verify();

    assert_eq!((usages, told), (250, vec![(100, 250), (200, 250), (250, 250)]));
    assert_eq!(verified.outcome(), Outcome::Right, "{verified:#?}");
    assert_eq!(verified.parts.len(), 6);
    let rounded = served.differing(|invoice| invoice["tax_rounding"] = json!("per_line"));
    let taxed = served.differing(|invoice| invoice["tax_lines"][1]["amount"] = json!("9.99"));
    assert!(rounded.is_empty() || rounded.iter().all(|field| field.starts_with("total ")), "{rounded:?}");
    assert_eq!(taxed, ["total tax_lines[1]"]);
    for end in ["start_ms", "end_ms"] {
        let moved = served.differing(|invoice| {
            let instant = &mut invoice["lines"][1]["inputs"]["window"][end];
            *instant = json!(instant.as_i64().unwrap() - 1);
        });
        assert!(moved.iter().any(|field| field.ends_with(&format!(" inputs.window.{end}"))), "{moved:?}");
    }
}

#[tokio::test]
async fn what_is_not_closed_or_not_there_is_not_exported() {
    let world = World::at("2027-03-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-03-01T00:00:00Z", &["line-usd"]).await;
    world.live_until("2027-04-01T00:00:00Z").await;
    let served = Served::new("refused", world.system).await;

    let pending = served.export("inv_sub_1", KEY).await.unwrap_err();
    let nothing = served.export("inv_sub_7", KEY).await.unwrap_err();
    let nobody = served.export("inv_sub_1", "no-key-at-all-0123456789").await.unwrap_err();

    assert!(matches!(pending, ExportError::NotClosed { .. }), "{pending}");
    assert!(matches!(nothing, ExportError::Refused { status: 404, .. }), "{nothing}");
    assert!(matches!(nobody, ExportError::Refused { status: 401, .. }), "{nobody}");
    assert!(!served.directory.exists());
}
