//! GET usage charges: one for each item price that takes usage and was on the subscription in the period.

use api::{Call, Kind, Problem, fault, list_response};
use billing::error::BillingError;
use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use billing::invoice::{LineItem, billable};
use billing::site::Site;
use billing::subscription::{Subscription, SubscriptionItem};
use billing::timestamp::Timestamp;
use billing::usage::UsageRecord;
use billing::usage_charge::rate_records;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lambda_http::{Body, Response};
use rating::{Charge, Currency, Money, Number, Quantity, Step, aggregate};
use serde::Serialize;
use store::StoreError;

use crate::period::{self, Basis};
use crate::{Deps, Route, subscription};

/// How many item prices are read at a time.
const AT_A_TIME: usize = 8;

/// A usage charge on the wire; every number is a string. One without a metered price has no amounts.
#[derive(Serialize)]
struct UsageCharge<'a> {
    subscription_id: &'a SubscriptionId,
    item_price_id: &'a ItemPriceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<&'a FeatureId>,
    included_usage: Number,
    total_usage: Number,
    on_demand_usage: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    metered_item_price_id: Option<&'a ItemPriceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<Currency>,
    usage_from: Timestamp,
    usage_to: Timestamp,
    period: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrounded_amount: Option<Number>,
    usage_count: usize,
}

/// Answers for the subscription that the path names.
pub async fn of_subscription(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&["feature_id", "item_price_id", "period"])?;
    charges(deps, call, &call.param("subscription_id")?).await
}

/// Answers for the subscription that the query names.
pub async fn of_site(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&["subscription_id", "feature_id", "item_price_id", "period"])?;
    let id = call.query().parse("subscription_id")?;
    let missing = || Problem::new(Kind::Unreadable, "say which subscription").field("subscription_id");
    charges(deps, call, &id.ok_or_else(missing)?).await
}

async fn charges(deps: &Deps, call: &Call<Route>, id: &SubscriptionId) -> Result<Response<Body>, Problem> {
    let (site, query) = (call.site()?, call.query());
    let feature: Option<FeatureId> = query.parse("feature_id")?;
    let price: Option<ItemPriceId> = query.parse("item_price_id")?;
    let number = query.get("period").map(period_number).transpose()?;
    let subscription = subscription(deps, site, id).await?;
    let Some(basis) = period::find(deps, site, &subscription, number, call.now).await? else {
        return Ok(list_response::<UsageCharge>(&[], None));
    };
    let lines = match &basis {
        Basis::Running(_) => None,
        Basis::Invoiced(invoice, _) => Some(deps.store.rated(site, invoice).await.map_err(unrated)?.lines),
    };
    let asked =
        Asked { deps, site, subscription: &subscription, basis: &basis, lines: lines.as_deref(), now: call.now };
    let subjects = asked.subjects().into_iter().filter(|subject| {
        feature.as_ref().is_none_or(|id| subject.item.feature_id.as_ref() == Some(id))
            && price.as_ref().is_none_or(|id| subject.item.item_price_id == *id)
    });
    let answers: Vec<_> = subjects.map(|subject| asked.charge(subject)).collect();
    let list: Vec<UsageCharge> = stream::iter(answers).buffered(AT_A_TIME).try_collect().await?;
    Ok(list_response(&list, None))
}

fn period_number(text: &str) -> Result<u32, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Problem::new(Kind::Unreadable, "a period is a number: 0, 1, 2 ...").field("period"))
}

/// One item price of the period, at the version and with the included usage that the period has.
struct Subject<'a> {
    item: &'a SubscriptionItem,
    version: u32,
    included: Option<Quantity>,
}

/// The period that is asked about; `lines` are its invoice's, where it has one.
#[derive(Clone, Copy)]
struct Asked<'a> {
    deps: &'a Deps,
    site: &'a Site,
    subscription: &'a Subscription,
    basis: &'a Basis,
    lines: Option<&'a [LineItem]>,
    now: Timestamp,
}

impl<'a> Asked<'a> {
    fn subjects(self) -> Vec<Subject<'a>> {
        let period = self.basis.period().period;
        match self.basis {
            Basis::Running(_) => {
                let items = self.subscription.items.iter().filter(|item| item.takes_usage() && item.was_on(period));
                items.map(|item| Subject { item, version: item.version, included: item.included_usage }).collect()
            }
            Basis::Invoiced(invoice, _) => {
                let subject = |billed: &billing::invoice::InvoiceItem| {
                    let item = self.subscription.item(&billed.item_price_id)?;
                    // The invoice may also list a price that begins where this period ends.
                    item.was_on(period).then_some(Subject {
                        item,
                        version: billed.version,
                        included: billed.included_usage,
                    })
                };
                invoice.sealed_prices().filter_map(subject).collect()
            }
        }
    }

    async fn charge(self, subject: Subject<'a>) -> Result<UsageCharge<'a>, Problem> {
        let price = &subject.item.item_price_id;
        if let Some(lines) = self.lines.filter(|_| subject.item.metered) {
            let line = lines.iter().find(|line| line.item_price_id == *price && line.usage_count.is_some());
            if let Some(line) = line {
                return Ok(self.rated(&subject, line.charge.clone(), line.usage_count.unwrap_or_default()));
            }
        }
        let period = self.basis.period().period;
        let version = self.deps.store.price_version(&self.site.id, price, subject.version).await.map_err(fault)?;
        let included = subject.included.unwrap_or(version.included_usage);
        // A metered price without a line on its invoice had no usage.
        let records = if self.lines.is_some() && subject.item.metered {
            Vec::new()
        } else {
            let (site, id) = (&self.site.id, &self.subscription.id);
            let all = self.deps.store.usages(site, id, price, period.start, period.end).await.map_err(fault)?;
            all.into_iter().filter(|standing| !standing.late).map(|standing| standing.record).collect()
        };
        let records = billable(self.subscription, Some(subject.item), period, &records);
        if subject.item.metered {
            let rated = rate_records(&version, included, self.site.rounding, &records).map_err(unrateable)?;
            let charge = rated.charge.unwrap_or_else(|| nothing(included, version.currency_code));
            return Ok(self.rated(&subject, charge, rated.usage_count));
        }
        let measured = records.iter().copied().map(UsageRecord::measurement);
        let total = aggregate(version.aggregation, measured)
            .map_err(|source| unrateable(BillingError::Rating { item_price_id: price.clone(), source }))?;
        let included = Number::from(included);
        let beyond = total.subtract(&included).max(Number::ZERO);
        Ok(self.counted(&subject, [included, total, beyond], records.len()))
    }

    fn rated(self, subject: &Subject<'a>, charge: Charge, usage_count: usize) -> UsageCharge<'a> {
        let counted = self.counted(subject, [charge.included, charge.total, charge.billable], usage_count);
        UsageCharge {
            metered_item_price_id: Some(&subject.item.item_price_id),
            amount: Some(charge.amount.to_string()),
            currency_code: Some(charge.amount.currency()),
            steps: Some(charge.steps),
            unrounded_amount: Some(charge.unrounded),
            ..counted
        }
    }

    fn counted(self, subject: &Subject<'a>, usage: [Number; 3], usage_count: usize) -> UsageCharge<'a> {
        let [included_usage, total_usage, on_demand_usage] = usage;
        let current = self.basis.period();
        UsageCharge {
            subscription_id: &self.subscription.id,
            item_price_id: &subject.item.item_price_id,
            feature_id: subject.item.feature_id.as_ref(),
            included_usage,
            total_usage,
            on_demand_usage,
            metered_item_price_id: None,
            amount: None,
            currency_code: None,
            usage_from: current.period.start,
            usage_to: current.period.end,
            period: current.number,
            status: self.basis.status(self.now),
            steps: None,
            unrounded_amount: None,
            usage_count,
        }
    }
}

/// What no usage costs where it is not billed.
fn nothing(included: Quantity, currency: Currency) -> Charge {
    Charge {
        total: Number::ZERO,
        included: included.into(),
        billable: Number::ZERO,
        steps: Vec::new(),
        unrounded: Number::ZERO,
        amount: Money::zero(currency),
    }
}

fn unrated(error: StoreError) -> Problem {
    match error {
        StoreError::Billing(error) => unrateable(error),
        error => fault(error),
    }
}

/// A tariff that has no amount for what was used, such as a quantity beyond a closed last tier.
fn unrateable(error: BillingError) -> Problem {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
    Problem::new(Kind::Invalid, format!("{error}{cause}"))
}
