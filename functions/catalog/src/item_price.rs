//! Item prices: what an item costs in one currency for one period length, version by version.

use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use api::{Call, Problem, fault, list_response, request_digest};
use billing::cadence::BillingCadence;
use billing::catalog::{Billed, Feature, Item, ItemPrice, PeriodLength};
use billing::id::{FeatureId, ItemId, ItemPriceId};
use billing::record_rules::RecordRules;
use billing::timestamp::Timestamp;
use billing::zone::Zone;
use rating::{
    Aggregation, Amount, Currency, Discounts, Price, ProrationBasis, Quantity, Tax, TaxRate, UnitRounding, Warning,
};

use crate::document::{Draft, Resource, id_or_new, list_fault};
use crate::openapi::{AmountOrNone, ProrationBasisOrNone, TaxOrNone, UnitRoundingOrNone};
use crate::text::invalid;
use crate::{Deps, Route, price_options, text};

/// How many pages a filtered list looks through for one answer; what is left is reached by the cursor.
const MOST_PAGES: usize = 20;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItemPrice {
    id: Option<ItemPriceId>,
    item_id: ItemId,
    /// The name on invoice lines; the item's, where it is left out.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    currency_code: Currency,
    /// How long a billing period is.
    period: PeriodLength,
    /// Whether it is billed by recorded usage; false, where it is left out.
    metered: Option<bool>,
    /// What its usage is counted against.
    feature_id: Option<FeatureId>,
    /// When it is billed: in_arrears where it is metered, otherwise in_advance unless said.
    billed: Option<Billed>,
    /// How the usages of a period become one quantity: sum, where it is left out.
    aggregation: Option<Aggregation>,
    /// Usage that costs nothing, in each period.
    included_usage: Option<Quantity>,
    /// Whether a period without usage is billed the first flat amount.
    bill_zero_usage: Option<bool>,
    price: Price,
    /// How the quantity is rounded before it is priced.
    unit_rounding: Option<UnitRounding>,
    /// The least that a period is charged; above 0, also one without usage.
    minimum_amount: Option<Amount>,
    /// The most that a period is charged.
    maximum_amount: Option<Amount>,
    /// What is counted where it is on a subscription for a part of a period only: amounts that stand for a period are then
    /// charged for that part. Whole, where it is left out. Only what is billed in_arrears can be prorated.
    proration: Option<ProrationBasis>,
    /// The taxes on its amounts, or in them where they are inclusive.
    tax: Option<Tax>,
}

/// What a version may change; the rest is what subscriptions rely on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemPriceChange {
    #[serde(default, deserialize_with = "api::optional::present")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// It asks the same of each usage as before: to or from unique_count or weighted_sum is another item price.
    #[serde(default, deserialize_with = "api::optional::present")]
    aggregation: Option<Aggregation>,
    #[serde(default, deserialize_with = "api::optional::present")]
    included_usage: Option<Quantity>,
    #[serde(default, deserialize_with = "api::optional::present")]
    bill_zero_usage: Option<bool>,
    /// It asks the same of each usage as before: to or from dynamic is another item price.
    #[serde(default, deserialize_with = "api::optional::present")]
    price: Option<Price>,
    /// Null for none, as with all options below.
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<UnitRoundingOrNone>)]
    unit_rounding: Option<Option<UnitRounding>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<AmountOrNone>)]
    minimum_amount: Option<Option<Amount>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<AmountOrNone>)]
    maximum_amount: Option<Option<Amount>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<ProrationBasisOrNone>)]
    proration: Option<Option<ProrationBasis>>,
    #[serde(default, deserialize_with = "api::optional::nullable")]
    #[schema(value_type = Option<TaxOrNone>)]
    tax: Option<Option<Tax>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ItemPrice)]
pub struct ItemPriceBody<'a> {
    id: &'a ItemPriceId,
    item_id: &'a ItemId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_name: Option<&'a str>,
    /// 1 at first, one more with each change.
    version: u32,
    currency_code: Currency,
    period: PeriodLength,
    metered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<&'a FeatureId>,
    billed: Billed,
    aggregation: Aggregation,
    included_usage: Quantity,
    bill_zero_usage: bool,
    price: &'a Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_rounding: Option<UnitRounding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proration: Option<ProrationBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<&'a Tax>,
    /// What is legal in the price, but odd enough to be asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<WarningBody>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// One oddity of a price, in words and as data.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceWarning)]
pub struct WarningBody {
    /// What it is.
    detail: String,
    /// The same as data.
    data: Warning,
}

impl Resource for ItemPrice {
    type Id = ItemPriceId;

    const NOUN: &'static str = "item price";

    fn body(&self) -> impl Serialize {
        ItemPriceBody {
            id: &self.id,
            item_id: &self.item_id,
            name: &self.name,
            unit_name: self.unit_name.as_deref(),
            version: self.version,
            currency_code: self.currency_code,
            period: self.period,
            metered: self.metered,
            feature_id: self.feature_id.as_ref(),
            billed: self.billed,
            aggregation: self.aggregation,
            included_usage: self.included_usage,
            bill_zero_usage: self.bill_zero_usage,
            price: &self.price,
            unit_rounding: self.unit_rounding,
            minimum_amount: self.minimum_amount,
            maximum_amount: self.maximum_amount,
            proration: self.proration,
            tax: self.tax.as_ref(),
            warnings: price_options::inputs(self, &Discounts::default())
                .warnings()
                .into_iter()
                .map(warning_body)
                .collect(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn changed(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
    }
}

fn warning_body(warning: Warning) -> WarningBody {
    WarningBody { detail: warning.to_string(), data: warning }
}

/// Reads the item price that a call asks for, of an item and a feature that there must be.
///
/// # Errors
/// A problem that names what is wrong.
pub async fn draft(deps: &Deps, call: &Call<Route>) -> Result<Draft<ItemPrice>, Problem> {
    let new: NewItemPrice = call.json()?;
    let metered = new.metered.unwrap_or(false);
    let billed = new.billed.unwrap_or(if metered { Billed::InArrears } else { Billed::InAdvance });
    // The name is left as it was asked for: the item's may be another one by the time the request is repeated.
    let mut request = json!({
        "id": new.id,
        "item_id": new.item_id,
        "name": new.name,
        "currency_code": new.currency_code,
        "period": new.period,
        "metered": metered,
        "feature_id": new.feature_id,
        "billed": billed,
        "aggregation": new.aggregation.unwrap_or_default(),
        "included_usage": new.included_usage.unwrap_or(Quantity::ZERO).canonical(),
        "bill_zero_usage": new.bill_zero_usage.unwrap_or(false),
        "price": canonical_price(&new.price),
    });
    text::add_given(&mut request, "unit_rounding", &new.unit_rounding);
    text::add_given(&mut request, "minimum_amount", &new.minimum_amount);
    text::add_given(&mut request, "maximum_amount", &new.maximum_amount);
    text::add_given(&mut request, "proration", &new.proration);
    if let Some(tax) = &new.tax {
        request["tax"] = canonical_tax(tax);
    }
    let digest = request_digest(&request);
    check_period(new.period)?;
    if metered && billed == Billed::InAdvance {
        return Err(invalid("billed", "a metered price is billed in_arrears: its usage is not known in advance"));
    }
    let site = &call.site()?.id;
    let item = deps.store.get::<Item>(site, new.item_id.as_str()).await.map_err(fault)?;
    let item = item.ok_or_else(|| invalid("item_id", format!("there is no item {}", new.item_id)))?.value;
    if let Some(feature) = &new.feature_id {
        let found = deps.store.get::<Feature>(site, feature.as_str()).await.map_err(fault)?;
        found.ok_or_else(|| invalid("feature_id", format!("there is no feature {feature}")))?;
    }
    let named = new.id.is_some();
    let value = ItemPrice {
        id: id_or_new(new.id, "itp_")?,
        item_id: new.item_id,
        name: new.name.map_or(Ok(item.name), text::name)?,
        unit_name: item.unit_name,
        version: 1,
        currency_code: new.currency_code,
        period: new.period,
        metered,
        feature_id: new.feature_id,
        billed,
        aggregation: new.aggregation.unwrap_or_default(),
        included_usage: new.included_usage.unwrap_or(Quantity::ZERO),
        bill_zero_usage: new.bill_zero_usage.unwrap_or(false),
        price: new.price,
        unit_rounding: new.unit_rounding,
        minimum_amount: new.minimum_amount,
        maximum_amount: new.maximum_amount,
        proration: new.proration,
        tax: new.tax,
        created_at: call.now,
        updated_at: call.now,
    };
    check_usage_fields(&value)?;
    Ok(Draft { value, digest, named })
}

/// Reads a change of an item price.
///
/// # Errors
/// A problem that names what is wrong.
pub fn change(call: &Call<Route>) -> Result<impl Fn(&mut ItemPrice) -> Result<(), Problem>, Problem> {
    let change: ItemPriceChange = call.json()?;
    let name = change.name.map(text::name).transpose()?;
    Ok(move |price: &mut ItemPrice| {
        let before = price.clone();
        price.name = name.clone().unwrap_or_else(|| price.name.clone());
        price.aggregation = change.aggregation.unwrap_or(price.aggregation);
        price.included_usage = change.included_usage.unwrap_or(price.included_usage);
        price.bill_zero_usage = change.bill_zero_usage.unwrap_or(price.bill_zero_usage);
        price.price = change.price.clone().unwrap_or_else(|| price.price.clone());
        price.unit_rounding = change.unit_rounding.unwrap_or(price.unit_rounding);
        price.minimum_amount = change.minimum_amount.unwrap_or(price.minimum_amount);
        price.maximum_amount = change.maximum_amount.unwrap_or(price.maximum_amount);
        price.proration = change.proration.unwrap_or(price.proration);
        price.tax = change.tax.clone().unwrap_or_else(|| price.tax.clone());
        price_options::check_change(&before, price)?;
        check_record_rules(before.record_rules(), price.record_rules())?;
        check_usage_fields(price)
    })
}

/// Lists item prices, of one item where the call says so.
///
/// # Errors
/// A problem with the `limit`, the `cursor` or the filter.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    let item: Option<ItemId> = call.query().parse("item_id")?;
    let (site, limit) = (&call.site()?.id, call.query().limit()?);
    let mut next = call.query().get("cursor").map(str::to_owned);
    let mut prices: Vec<ItemPrice> = Vec::new();
    for _ in 0..MOST_PAGES {
        // Never more than there is room for: a cursor lies behind a whole page.
        let room = limit.saturating_sub(prices.len());
        let page = deps.store.list::<ItemPrice>(site, next.as_deref(), room).await.map_err(list_fault)?;
        prices.extend(page.items.into_iter().filter(|price| item.as_ref().is_none_or(|item| price.item_id == *item)));
        next = page.next;
        if next.is_none() || prices.len() >= limit {
            break;
        }
    }
    let bodies: Vec<_> = prices.iter().map(Resource::body).collect();
    Ok(list_response(&bodies, next.as_deref()))
}

/// Numbers are the same however they are written, names are not.
fn canonical_tax(tax: &Tax) -> Value {
    let rate = |rate: &TaxRate| json!([rate.name, text::canonical_numbers(json!(rate.percent))]);
    json!({ "rates": tax.rates().iter().map(rate).collect::<Vec<_>>(), "inclusive": tax.is_inclusive() })
}

fn canonical_price(price: &Price) -> Value {
    text::canonical_numbers(json!(price))
}

fn check_period(period: PeriodLength) -> Result<(), Problem> {
    let cadence = BillingCadence::new(period.every, period.unit, Timestamp::MIN, Zone::UTC);
    cadence.map(drop).map_err(|error| invalid("period.every", error.to_string()))
}

/// A price asks the same of usage as long as it lives: what was taken by one version is rated by another.
fn check_record_rules(before: RecordRules, after: RecordRules) -> Result<(), Problem> {
    let fixed = "what a price asks of each usage stays: unique_value for unique_count, amount for dynamic, and changes of \
        what is held for weighted_sum; make another item price";
    match (before == after, before.amount == after.amount) {
        (true, _) => Ok(()),
        (false, true) => Err(invalid("aggregation", fixed)),
        (false, false) => Err(invalid("price", fixed)),
    }
}

/// A field that would be ignored is refused.
fn check_usage_fields(price: &ItemPrice) -> Result<(), Problem> {
    text::not_negative(price.included_usage, "included_usage")?;
    let refused = |field| Err(invalid(field, format!("{field} has no meaning in a price that takes no usage")));
    if !price.takes_usage() && price.aggregation != Aggregation::default() {
        return refused("aggregation");
    }
    if !price.takes_usage() && !price.included_usage.is_zero() {
        return refused("included_usage");
    }
    if !price.metered && matches!(price.price, Price::Dynamic(_)) {
        return Err(invalid("price", "a dynamic price is what usages say that they cost, so it is metered"));
    }
    if !price.metered && price.bill_zero_usage {
        return Err(invalid("bill_zero_usage", "bill_zero_usage has no meaning in a price that is not metered"));
    }
    price_options::check(price)
}
