use billing::catalog::ItemPrice;
use billing::invoice::{Invoice, InvoiceStatus};
use billing::site::Site;
use billing::subscription::Subscription;
use serde_json::json;

use super::*;
use crate::document::{Stored, revised_item, stored};
use crate::golden::{INVOICE_CLOSED, ITEM_PRICE, SUBSCRIPTION, item};
use crate::table::{get_text, number, text};

/// The document with more members, each where a pointer says.
fn with(json: &str, more: &[&str]) -> Value {
    let mut value: Value = serde_json::from_str(json).unwrap();
    for pointer in more {
        let (object, name) = pointer.rsplit_once('/').unwrap();
        let object = value.pointer_mut(object).unwrap_or_else(|| panic!("{pointer}")).as_object_mut().unwrap();
        object.insert(name.to_owned(), json!({ "said": [pointer] }));
    }
    value
}

/// What is written when a stored document is changed.
fn changed<T: Serialize + DeserializeOwned>(document: &Value, change: impl FnOnce(&mut T)) -> Value {
    let before: Stored<T> = stored(&item(&document.to_string()), "document").unwrap();
    let mut after: T = serde_json::from_value(serde_json::to_value(&before.value).unwrap()).unwrap();
    change(&mut after);
    let values = revised_item(&before, &after).unwrap();
    serde_json::from_str(get_text(&values, ":document").unwrap()).unwrap()
}

/// Checks that members which are not known outlive a change of what is known, in their places, alone and all together.
fn check<T: Serialize + DeserializeOwned>(json: &str, more: &[&str], known: (&str, Value), change: impl Fn(&mut T)) {
    for more in more.iter().map(std::slice::from_ref).chain([more]) {
        let document = with(json, more);
        let mut expected = document.clone();
        *expected.pointer_mut(known.0).unwrap() = known.1.clone();

        assert_eq!(changed(&document, &change), expected, "{more:?}");
    }
}

#[test]
fn a_field_that_is_not_known_outlives_a_change_wherever_it_stands() {
    let more = [
        "/later",
        "/period_length/later",
        "/current/later",
        "/cadence/later",
        "/cadence/moved/0/later",
        "/statuses/1/later",
        "/items/0/later",
        "/items/0/discounts/1/later",
        "/items/0/record_rules/later",
        "/items/1/on/0/later",
    ];
    check(SUBSCRIPTION.1, &more, ("/grace_seconds", json!(60)), |subscription: &mut Subscription| {
        subscription.grace_seconds = Some(60);
    });
}

#[test]
fn a_type_that_refuses_unknown_fields_on_the_wire_is_read_with_them_where_it_is_stored() {
    let more = [
        "/period/later",
        "/price/later",
        "/price/tiers/0/later",
        "/price/tiers/1/later",
        "/unit_rounding/later",
        "/tax/later",
        "/tax/rates/0/later",
    ];
    check(ITEM_PRICE.1, &more, ("/name", json!("Minutes")), |price: &mut ItemPrice| price.name = "Minutes".into());
}

#[test]
fn a_field_within_a_line_of_a_closed_invoice_outlives_its_payment() {
    let line = "/closing/lines/0";
    let more = [
        "/items/1/later",
        "/closing/later",
        "/closing/tax/later",
        "/closing/tax/taxed/taxes/0/later",
        &format!("{line}/later"),
        &format!("{line}/inputs/later"),
        &format!("{line}/inputs/price/tiers/1/later"),
        &format!("{line}/inputs/discounts/0/later"),
        &format!("{line}/charge/later"),
        &format!("{line}/charge/tax/later"),
        &format!("{line}/charge/steps/0/later"),
        &format!("{line}/charge/steps/3/later"),
        &format!("{line}/charge/steps/4/later"),
        // A member of one step is none of another.
        &format!("{line}/charge/steps/0/percent"),
        // The step is read in one piece, and what it is rounded to refuses what the step itself has.
        &format!("{line}/charge/steps/2/rounding/later"),
        &format!("{line}/charge/steps/2/rounding/quantity"),
        "/closing/lines/1/charge/steps/0/later",
    ];
    check(INVOICE_CLOSED.1, &more, ("/status", json!("paid")), |invoice: &mut Invoice| {
        invoice.status = InvoiceStatus::Paid;
    });
}

#[test]
fn a_field_of_more_steps_than_there_are_attempts_is_read() {
    let mut document = with(INVOICE_CLOSED.1, &["/closing/lines/0/charge/steps/0/later"]);
    let steps = document.pointer_mut("/closing/lines/0/charge/steps").unwrap().as_array_mut().unwrap();
    let step = steps.first().unwrap().clone();
    steps.extend(std::iter::repeat_n(step, 2 * MOST_FIELDS));

    assert_eq!(changed(&document, |_: &mut Invoice| {}), document);
}

#[test]
fn what_an_element_says_beyond_goes_where_its_id_goes() {
    let document = with(SUBSCRIPTION.1, &["/items/0/later", "/items/1/later"]);
    let (minutes, seats) = (&document["items"][0], &document["items"][1]);

    let reversed = changed(&document, |subscription: &mut Subscription| subscription.items.reverse());
    assert_eq!(reversed["items"], json!([seats, minutes]));

    let removed = changed(&document, |subscription: &mut Subscription| drop(subscription.items.remove(0)));
    assert_eq!(removed["items"], json!([seats]));

    let replaced = changed(&document, |subscription: &mut Subscription| {
        subscription.items[0].id = "si-other".parse().unwrap();
    });
    assert_eq!((&replaced["items"][0]["later"], &replaced["items"][1]), (&Value::Null, seats));
}

#[test]
fn what_an_item_of_an_invoice_says_beyond_goes_where_its_subscription_item_goes() {
    let document = with(INVOICE_CLOSED.1, &["/items/0/later", "/items/2/later"]);

    let changed = changed(&document, |invoice: &mut Invoice| drop(invoice.items.remove(0)));

    assert_eq!(changed["items"], json!([document["items"][1], document["items"][2]]));
}

#[test]
fn elements_of_one_id_are_told_apart_by_their_order() {
    let mut document = with(INVOICE_CLOSED.1, &[]);
    let items = document["items"].as_array_mut().unwrap();
    items.push(items.first().unwrap().clone());
    let document = with(&document.to_string(), &["/items/3/later"]);

    assert_eq!(changed(&document, |_: &mut Invoice| {}), document);
}

#[test]
fn what_is_taken_away_takes_its_unknown_fields_along() {
    let document = with(SUBSCRIPTION.1, &["/current/later", "/cadence/later"]);

    let changed = changed(&document, |subscription: &mut Subscription| {
        (subscription.current, subscription.cadence) = (None, None);
    });

    assert_eq!((changed.get("current"), changed.get("cadence")), (None, None));
}

#[test]
fn a_document_without_unknown_fields_is_written_as_its_type_writes_it() {
    let site = r#"{"id":"demo","time_zone":"UTC","rounding":"half_even","grace_seconds":0,"created_at":"2026-01-01T00:00:00Z"}"#;
    let before: Stored<Site> = stored(&item(site), "site").unwrap();
    assert_eq!(before.later, Later(None));
    assert_eq!(before.later.written_with(&before.value).unwrap(), serde_json::to_string(&before.value).unwrap());

    let (subscription, later): (Subscription, Later) = read(SUBSCRIPTION.1).unwrap();
    assert_eq!(later, Later(None));
    assert_eq!(later.written_with(&subscription).unwrap(), SUBSCRIPTION.1);
}

#[test]
fn the_members_of_a_document_are_read_in_any_order() {
    let document = with(SUBSCRIPTION.1, &[]).to_string();
    let spaced = serde_json::to_string_pretty(&with(SUBSCRIPTION.1, &[])).unwrap();
    for json in [document, spaced] {
        let (subscription, later): (Subscription, Later) = read(&json).unwrap();
        assert_eq!(later.written_with(&subscription).unwrap(), SUBSCRIPTION.1);
    }
}

#[test]
fn what_is_no_such_document_is_corrupt() {
    let cut = &SUBSCRIPTION.1[..SUBSCRIPTION.1.len() - 1];
    let twice = format!("{}{}", SUBSCRIPTION.1, SUBSCRIPTION.1);
    let lacking = with(ITEM_PRICE.1, &["/later"]).to_string();
    let wrong = SUBSCRIPTION.1.replace("\"active\"", "\"paused\"");
    for json in ["", "null", "{}", "[]", "text", cut, &twice, &lacking, &wrong] {
        let read = stored::<Subscription>(&item(json), "subscription");
        assert!(matches!(read, Err(StoreError::Corrupt { what: "subscription" })), "{json}");
    }
}

#[test]
fn a_later_form_is_refused_by_its_noun_and_number() {
    let formed = |form: Option<_>| {
        let mut item = item(SUBSCRIPTION.1);
        item.extend(form.map(|form| (FORM.to_owned(), form)));
        stored::<Subscription>(&item, "subscription").map(|stored| stored.revision)
    };
    assert!(matches!(formed(Some(number(2))), Err(StoreError::TooNew { what: "subscription", form: 2 })));
    for known in [None, Some(number(1))] {
        assert!(matches!(formed(known), Ok(3)));
    }
    for corrupt in [text("1"), text("2"), number("-1"), number("1.5"), number("one")] {
        assert!(matches!(formed(Some(corrupt)), Err(StoreError::Corrupt { what: "subscription" })));
    }
}
