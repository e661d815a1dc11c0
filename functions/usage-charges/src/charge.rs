//! One usage charge: the usage of one item price over the period, and what it costs.

use api::{Kind, Problem, fault};
use billing::catalog::ItemPrice;
use billing::error::BillingError;
use billing::held;
use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use billing::invoice::{InvoiceItem, LineItem};
use billing::site::Site;
use billing::subscription::{Subscription, SubscriptionItem};
use billing::timestamp::Timestamp;
use billing::usage::UsageRecord;
use billing::usage_charge::{OwnTerms, UsageMeter, inputs_in_period, is_billable};
use rating::{Charge, ChargeInputs, Currency, HeldAtEnd, Money, Number, Quantity, Step, Taxed, Total, Window};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Deps;
use crate::period::Basis;

/// A usage charge on the wire; every number is a string. One without a metered price has no amounts.
#[derive(Serialize, ToSchema)]
pub struct UsageCharge<'a> {
    subscription_id: &'a SubscriptionId,
    item_price_id: &'a ItemPriceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<&'a FeatureId>,
    /// The included usage that was used up.
    included_usage: Number,
    /// All usage of the period.
    total_usage: Number,
    /// Usage beyond what is included; never below 0.
    on_demand_usage: Number,
    /// What was held when the period began; only where quantities are held (weighted_sum).
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_over: Option<Number>,
    /// What is held when the period ends, as far as it is known; only where quantities are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_at_end: Option<Number>,
    /// Absent where the price is not metered: then there are no amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    metered_item_price_id: Option<&'a ItemPriceId>,
    /// What it costs, rounded once to the minor unit of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<Currency>,
    /// Where the period begins.
    usage_from: Timestamp,
    /// Where it ends, exclusive.
    usage_to: Timestamp,
    /// Its number, from 0.
    period: u32,
    /// open while it runs, pending until its invoice is closed, then closed.
    #[schema(pattern = "^(open|pending|closed)$")]
    status: &'static str,
    /// How the amount came about; its exact sum is unrounded_amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrounded_amount: Option<Number>,
    /// The amount without and with tax, where its price has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Box<Taxed>>,
    /// How many usages count.
    usage_count: usize,
}

/// One item price of the period, at the version and with the included usage that the period has.
pub struct Subject<'a> {
    pub item: &'a SubscriptionItem,
    version: u32,
    own: OwnTerms<'a>,
}

/// The period that is asked about; `lines` are its invoice's, where it has one.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub deps: &'a Deps,
    pub site: &'a Site,
    pub subscription: &'a Subscription,
    pub basis: &'a Basis,
    pub lines: Option<&'a [LineItem]>,
    pub now: Timestamp,
}

impl<'a> Asked<'a> {
    /// The item prices that take usage and were on the subscription in the period.
    pub fn subjects(self) -> Vec<Subject<'a>> {
        let period = self.basis.period().period;
        match self.basis {
            Basis::Running(_) => {
                let items = self.subscription.items.iter().filter(|item| item.takes_usage() && item.was_on(period));
                items.map(|item| Subject { item, version: item.version, own: item.own_terms() }).collect()
            }
            Basis::Invoiced(invoice, _) => {
                let subject = |billed: &'a InvoiceItem| {
                    let item = self.subscription.item(&billed.item_price_id)?;
                    // The invoice may also list a price that begins where this period ends.
                    item.was_on(period).then_some(Subject { item, version: billed.version, own: billed.own_terms() })
                };
                invoice.sealed_prices().filter_map(subject).collect()
            }
        }
    }

    /// The charge of one of them.
    pub async fn charge(self, subject: Subject<'a>) -> Result<UsageCharge<'a>, Problem> {
        let price = &subject.item.item_price_id;
        if let Some(lines) = self.lines.filter(|_| subject.item.metered) {
            let line = lines.iter().find(|line| line.item_price_id == *price && line.usage_count.is_some());
            if let Some(line) = line {
                let charge = self.rated(&subject, line.charge.clone(), line.usage_count.unwrap_or_default());
                let window = line.inputs.as_ref().and_then(|inputs| inputs.window.as_ref());
                return Ok(charge.held(window, line.held_at_end.clone()));
            }
        }
        let version = self.version(&subject).await?;
        let included = subject.own.included_usage.unwrap_or(version.included_usage);
        if self.lines.is_some() && subject.item.metered {
            // A metered price without a line on its invoice had no usage.
            return Ok(self.rated(&subject, nothing(included, version.currency_code), 0));
        }
        if subject.item.metered {
            let mut meter = UsageMeter::new(price, self.inputs(&subject, &version).await?);
            self.each_billable(&subject, |record| meter.add(record)).await?;
            let (rated, inputs) = meter.rated().map_err(unrateable)?;
            let charge = rated.charge.unwrap_or_else(|| nothing(included, version.currency_code));
            return Ok(self.rated(&subject, charge, rated.usage_count).held(inputs.window.as_ref(), rated.held_at_end));
        }
        let window = self.window(subject.item).await?;
        let (mut total, mut usage_count) = (Total::new(version.aggregation, window.as_ref()), 0);
        let mut held = window.as_ref().map(HeldAtEnd::new);
        let count = |record: &UsageRecord| {
            usage_count += 1;
            total.add(record.measurement());
            held.iter_mut().for_each(|held| held.add(record.measurement()));
        };
        self.each_billable(&subject, count).await?;
        let total = total
            .quantity()
            .map_err(|source| unrateable(BillingError::Rating { item_price_id: price.clone(), source }))?;
        let (included, total) = (Number::from(included), total.max(Number::ZERO));
        let beyond = total.subtract(&included).max(Number::ZERO);
        let held_at_end = held.map(|held| held.quantity);
        Ok(self.counted(&subject, [included, total, beyond], usage_count).held(window.as_ref(), held_at_end))
    }

    /// The price at the version that the period has.
    pub async fn version(self, subject: &Subject<'a>) -> Result<ItemPrice, Problem> {
        let price = &subject.item.item_price_id;
        self.deps.store.price_version(&self.site.id, price, subject.version).await.map_err(fault)
    }

    /// Gives the usage of the period that is charged for and did not come late, by date and id.
    pub async fn each_billable(self, subject: &Subject<'a>, mut give: impl FnMut(&UsageRecord)) -> Result<(), Problem> {
        let (site, id, period) = (&self.site.id, &self.subscription.id, self.basis.period().period);
        let billable = |record: &UsageRecord| {
            if is_billable(self.subscription, subject.item, period, record) {
                give(record);
            }
        };
        let price = &subject.item.item_price_id;
        self.deps.store.each_usage_in_time(site, id, price, period, billable).await.map_err(fault)
    }

    /// What the charge of a metered price is computed from, beside the usage.
    pub async fn inputs<'p>(self, subject: &Subject<'p>, version: &'p ItemPrice) -> Result<ChargeInputs<'p>, Problem> {
        let number = self.basis.period().number;
        let inputs = inputs_in_period(version, subject.own, self.site.rounding, self.subscription, number);
        let window = self.window(subject.item).await?;
        Ok(ChargeInputs { window, ..inputs.map_err(unrateable)? })
    }

    /// The time over which what is held counts, with what was held when the period began; nothing where quantities are
    /// not held.
    async fn window(self, item: &SubscriptionItem) -> Result<Option<Window>, Problem> {
        if !item.record_rules.held {
            return Ok(None);
        }
        let current = self.basis.period();
        let carried_over = self.deps.store.carried_over(self.site, self.subscription, current, [item]).await;
        let carried_over = carried_over.map_err(fault)?.remove(&item.item_price_id).unwrap_or_default();
        let window = held::window(self.subscription, item, current.period, carried_over);
        window.map(Some).map_err(|error| unrateable(error.into()))
    }

    fn rated(self, subject: &Subject<'a>, charge: Charge, usage_count: usize) -> UsageCharge<'a> {
        let counted = self.counted(subject, [charge.included, charge.total, charge.billable], usage_count);
        UsageCharge {
            metered_item_price_id: Some(&subject.item.item_price_id),
            amount: Some(charge.amount.to_string()),
            currency_code: Some(charge.amount.currency()),
            steps: Some(charge.steps),
            unrounded_amount: Some(charge.unrounded),
            tax: charge.tax,
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
            carried_over: None,
            held_at_end: None,
            metered_item_price_id: None,
            amount: None,
            currency_code: None,
            usage_from: current.period.start,
            usage_to: current.period.end,
            period: current.number,
            status: self.basis.status(self.now),
            steps: None,
            unrounded_amount: None,
            tax: None,
            usage_count,
        }
    }
}

impl UsageCharge<'_> {
    /// With what is held at either end of the period.
    fn held(self, window: Option<&Window>, held_at_end: Option<Number>) -> Self {
        UsageCharge { carried_over: window.map(|window| window.carried_over.clone()), held_at_end, ..self }
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
        tax: None,
    }
}

/// A tariff that has no amount for what was used, such as a quantity beyond a closed last tier.
pub fn unrateable(error: BillingError) -> Problem {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
    Problem::new(Kind::Invalid, format!("{error}{cause}"))
}
