//! Stored documents as each version of the system wrote them: the present form, which is written again to the same bytes,
//! and earlier ones, which are read with what they meant.

use billing::catalog::{Customer, Feature, Item as CatalogItem, ItemPrice, RecordRules};
use billing::invoice::{Invoice, InvoiceStatus, LineSource};
use billing::site::{ApiKey, Site};
use billing::subscription::Subscription;
use billing::usage::LateUsage;
use rating::TaxRounding;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::document::{Stored, stored};
use crate::later::Later;
use crate::stuck::Stuck;
use crate::table::{DOCUMENT, Item, REVISION, number, text};

macro_rules! golden {
    ($form:literal) => {
        ($form, include_str!(concat!("golden/", $form, ".json")).trim_ascii_end())
    };
}

/// A form's name, and a document as it was written in it.
type Golden = (&'static str, &'static str);

/// A subscription as this version writes it.
pub(crate) const SUBSCRIPTION: Golden = golden!("subscription");
/// An item price as this version writes it.
pub(crate) const ITEM_PRICE: Golden = golden!("item_price");
/// A closed invoice as this version writes it.
pub(crate) const INVOICE_CLOSED: Golden = golden!("invoice_closed");

/// An item with the document, changed twice so far.
pub(crate) fn item(json: &str) -> Item {
    Item::from([(DOCUMENT.to_owned(), text(json)), (REVISION.to_owned(), number(3))])
}

fn read<T: Serialize + DeserializeOwned>((form, json): Golden) -> T {
    let read: Stored<T> = stored(&item(json), "document").unwrap_or_else(|error| panic!("{form}: {error}"));
    assert_eq!((read.revision, &read.later), (3, &Later::default()), "{form}");
    read.value
}

/// Reads a document whose form says all that this version writes, and nothing else.
fn same<T: Serialize + DeserializeOwned>(golden: Golden) -> T {
    let value = read(golden);
    assert_eq!(serde_json::to_string(&value).unwrap(), golden.1, "{}", golden.0);
    value
}

#[test]
fn a_site_of_every_form_is_read() {
    let site: Site = same(golden!("site"));
    assert_eq!((site.tax_rounding, site.late_usage), (TaxRounding::PerInvoice, LateUsage::Reject));
    assert_eq!(site.usage_limit.map(|limit| limit.get()), Some(1_000_000));
    assert!(site.is_test());

    let before_taxes: Site = read(golden!("site_before_taxes"));
    assert_eq!(before_taxes, Site { tax_rounding: TaxRounding::PerLine, ..site.clone() });

    let before_usage_rules: Site = read(golden!("site_before_usage_rules"));
    let rules = Site { late_usage: LateUsage::Hold, usage_limit: None, test_clock: None, ..before_taxes };
    assert_eq!(before_usage_rules, rules);
}

#[test]
fn an_api_key_of_every_form_is_read() {
    let key: ApiKey = same(golden!("api_key"));
    assert!(key.deleted_at.is_some());

    let before_deletion: ApiKey = same(golden!("api_key_before_deletion"));
    assert_eq!(before_deletion, ApiKey { deleted_at: None, ..key });
}

#[test]
fn a_customer_a_feature_and_an_item_are_read() {
    let customer: Customer = same(golden!("customer"));
    let feature: Feature = same(golden!("feature"));
    let item: CatalogItem = same(golden!("item"));

    assert_eq!(customer.invoice_prefix(), "1234");
    assert_eq!((feature.name.as_str(), item.unit_name.as_deref()), ("Calls", Some("minute")));
}

#[test]
fn an_item_price_and_its_version_are_read_in_every_form() {
    let price: ItemPrice = same(ITEM_PRICE);
    assert_eq!(price.minimum_amount.map(|amount| amount.to_string()).as_deref(), Some("5"));
    assert_eq!(price.tax.as_ref().map(|tax| tax.rates().len()), Some(1));

    let before_options: ItemPrice = same(golden!("item_price_before_options"));
    let plain = ItemPrice {
        unit_rounding: None,
        minimum_amount: None,
        maximum_amount: None,
        proration: None,
        tax: None,
        ..price
    };
    assert_eq!(before_options, plain);
}

#[test]
fn a_subscription_of_every_form_is_read() {
    let mut expected: Subscription = same(SUBSCRIPTION);
    let moves = |subscription: &Subscription| subscription.cadence.as_ref().map(|cadence| cadence.moves());
    assert_eq!(moves(&expected), Some(1));
    assert_eq!(expected.items.iter().map(|item| item.discounts.as_slice().len()).collect::<Vec<_>>(), [2, 0]);
    assert!(expected.items.iter().any(|item| item.record_rules.unique_value));

    let before_moves: Subscription = same(golden!("subscription_before_moves"));
    assert_eq!(moves(&before_moves), Some(0));
    expected.cadence.clone_from(&before_moves.cadence);
    assert_eq!(before_moves, expected);

    expected.items.iter_mut().for_each(|item| item.discounts = Default::default());
    assert_eq!(same::<Subscription>(golden!("subscription_before_discounts")), expected);

    expected.items.iter_mut().for_each(|item| item.record_rules = RecordRules::default());
    assert_eq!(same::<Subscription>(golden!("subscription_before_record_rules")), expected);

    (expected.late_usage, expected.usage_limit) = (None, None);
    assert_eq!(same::<Subscription>(golden!("subscription_before_usage_rules")), expected);

    expected.last_close = None;
    assert_eq!(same::<Subscription>(golden!("subscription_before_last_close")), expected);
}

#[test]
fn a_pending_invoice_of_every_form_is_read() {
    let mut expected: Invoice = same(golden!("invoice_pending"));
    assert_eq!((expected.id().as_str(), expected.status), ("inv_voip-acme_1", InvoiceStatus::Pending));
    assert_eq!(expected.items.iter().map(|item| item.only_sealed).collect::<Vec<_>>(), [false, true, false]);

    expected.items.iter_mut().for_each(|item| item.discounts = Default::default());
    assert_eq!(same::<Invoice>(golden!("invoice_pending_before_discounts")), expected);

    expected.items.retain(|item| !item.only_sealed);
    assert_eq!(same::<Invoice>(golden!("invoice_pending_before_only_sealed")), expected);
}

#[test]
fn a_closed_invoice_of_every_form_is_read() {
    let invoice: Invoice = same(INVOICE_CLOSED);
    assert_eq!(invoice.status, InvoiceStatus::PaymentDue);
    let closing = invoice.closing.unwrap();
    assert_eq!((closing.total.as_str(), closing.number.as_deref()), ("86.18", Some("1234-7")));
    assert!(closing.tax.is_some());

    let mut expected: Invoice = same(golden!("invoice_closed_before_taxes"));
    let closing = expected.closing.as_mut().unwrap();
    assert_eq!((closing.total.as_str(), &closing.tax), ("79.00", &None));
    let sources: Vec<_> = closing.lines.iter().map(|line| line.source()).collect();
    assert_eq!(sources, [LineSource::Usage, LineSource::Agreed]);

    closing.lines.iter_mut().for_each(|line| line.held_at_end = None);
    assert_eq!(same::<Invoice>(golden!("invoice_closed_before_held")), expected);

    expected.closing.iter_mut().flat_map(|closing| &mut closing.lines).for_each(|line| line.inputs = None);
    assert_eq!(same::<Invoice>(golden!("invoice_closed_before_inputs")), expected);

    expected.items.retain(|item| !item.only_sealed);
    assert_eq!(same::<Invoice>(golden!("invoice_closed_before_only_sealed")), expected);
}

#[test]
fn an_empty_invoice_of_every_form_is_read() {
    let mut expected: Invoice = same(golden!("invoice_empty"));
    assert_eq!((expected.status, expected.begun), (InvoiceStatus::Empty, None));
    assert_eq!(expected.closing.as_ref().map(|closing| (closing.lines.len(), closing.number.clone())), Some((0, None)));

    expected.items.iter_mut().for_each(|item| item.discounts = Default::default());
    assert_eq!(same::<Invoice>(golden!("invoice_empty_before_discounts")), expected);
}

#[test]
fn a_paid_invoice_of_every_form_is_read() {
    let mut expected: Invoice = same(golden!("invoice_paid"));
    assert_eq!((expected.status, expected.boundary()), (InvoiceStatus::Paid, Some(0)));

    expected.closing.iter_mut().flat_map(|closing| &mut closing.lines).for_each(|line| line.inputs = None);
    assert_eq!(same::<Invoice>(golden!("invoice_paid_before_inputs")), expected);
}

#[test]
fn an_invoice_on_demand_is_read() {
    let invoice: Invoice = same(golden!("invoice_on_demand"));

    assert_eq!(invoice.id().as_str(), "ivd_acme_0k9");
    assert_eq!(invoice.closing.unwrap().lines.first().unwrap().source(), LineSource::Posted);
}

#[test]
fn a_stuck_entry_is_read() {
    let stuck: Stuck = same(golden!("stuck"));

    assert_eq!((stuck.failures, stuck.subscription_id.as_str()), (3, "voip-acme"));
}

/// The texts of usage records in pages and late rows, which are no JSON.
mod usage {
    use billing::time::Timestamp;
    use billing::usage::{Content, RecordKey, Source};

    use crate::Store;
    use crate::page::cell::Cell;
    use crate::table::{Item, number, text};

    const DATE: i64 = 1_442_275_200_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(DATE + millis).unwrap()
    }

    fn key(millis: i64, id: Option<&str>) -> RecordKey {
        RecordKey { date: at(millis), id: id.map(|id| id.parse().unwrap()) }
    }

    /// The forms of a record: as each is written, and what it holds.
    fn records() -> Vec<(&'static str, &'static str, Option<Content>)> {
        let plain = Content::new("12.50".parse().unwrap());
        let noted = Content { note: Some("late; but in time".into()), ..plain.clone() };
        let span = Content { from: Some(at(0)), to: Some(at(1)), source: Source::BulkOperation, ..noted.clone() };
        let said =
            Content { amount: Some("0.70".parse().unwrap()), unique_value: Some("user; 100%".into()), ..plain.clone() };
        vec![
            ("plain", "12.50;6y", Some(plain.clone())),
            ("with a note", "12.50;6y;nlate; but in time", Some(noted)),
            ("with from, to and source", "12.50;6y;fiekleyo0;tiekleyo1;sb;nlate; but in time", Some(span)),
            ("deleted", ";;diekleyuy.dGhpcyBpcyBhIHRl", None),
            ("corrected", "12.50;6y;diekleyux.dGhpcyBpcyBhIHRl", Some(plain)),
            ("with amount and unique value", "12.50;6y;a0.70;uuser%3B 100%25", Some(said)),
        ]
    }

    fn is(form: &str, cell: &Cell, content: Option<&Content>) {
        let current = cell.current.as_ref();
        let canonical = |content: &Content| content.canonical();
        assert_eq!(current.map(|version| canonical(&version.content)), content.map(canonical), "{form}");
        assert_eq!(current.map(|version| version.content.source), content.map(|content| content.source), "{form}");
        assert!(current.is_none_or(|version| version.updated_at == at(250)), "{form}");
    }

    #[test]
    fn a_late_row_of_every_form_is_read() {
        for (form, stored, content) in records() {
            let cell = Cell::decode(stored, at(0)).unwrap();

            is(form, &cell, content.as_ref());
            assert_eq!(cell.encode(at(0)), stored, "{form}");
        }
    }

    #[test]
    fn a_usage_page_of_every_form_is_read() {
        let store = Store::new(crate::client::connect(None), "table".to_owned());
        let (site, subscription) = ("demo".parse().unwrap(), "voip-acme".parse().unwrap());
        let minutes = "minutes".parse().unwrap();
        let pages = store.pages(&site, &subscription, &minutes);
        for (form, stored, content) in records() {
            for (name, id) in [("0", None), ("0.call-7", Some("call-7"))] {
                for sealed in [None, Some(3)] {
                    let mut item = Item::from([
                        ("PK".to_owned(), text("SUB#demo#voip-acme")),
                        ("SK".to_owned(), text("USAGE#minutes#0iekleyo0")),
                        ("E".to_owned(), text("0ieknk4g0")),
                        ("B".to_owned(), number(87)),
                        (name.to_owned(), text(stored)),
                    ]);
                    item.extend(sealed.map(|period| ("S".to_owned(), number(period))));

                    let page = pages.parse(&item).unwrap();

                    assert_eq!((page.sealed, page.bytes), (sealed, 87), "{form}");
                    is(form, page.cells.get(&key(0, id)).unwrap(), content.as_ref());
                    assert_eq!(page.cells.values().map(|cell| cell.encode(at(0))).collect::<Vec<_>>(), [stored]);
                }
            }
        }
    }
}
