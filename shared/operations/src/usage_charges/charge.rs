//! One usage charge: the usage of one item price over the period, and what it costs.

use billing::error::BillingError;
use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use billing::invoice::UsageMeter;
use billing::refusal::Refusal;
use billing::subscription::CurrentPeriod;
use billing::time::Timestamp;
use billing::usage::UsageRecord;
use rating::{Charge, Currency, HeldAtEnd, Money, Number, Quantity, Total, Window};

use super::asked::{Asked, Subject};
use super::period::PeriodStatus;
use crate::error::unrated;

/// The usage of one item price over one period, and what it costs.
#[derive(Clone, Debug)]
pub struct UsageCharge {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The price.
    pub item_price_id: ItemPriceId,
    /// The feature that its usage is counted against.
    pub feature_id: Option<FeatureId>,
    /// The included usage that was used up; what is included, where the price is not metered.
    pub included_usage: Number,
    /// All usage of the period.
    pub total_usage: Number,
    /// Usage beyond what is included; never below 0.
    pub on_demand_usage: Number,
    /// What was held when the period began; absent where quantities are not held.
    pub carried_over: Option<Number>,
    /// What is held when the period ends, as far as it is known; absent where quantities are not held.
    pub held_at_end: Option<Number>,
    /// What it costs; absent where the price is not metered.
    pub charge: Option<Charge>,
    /// The period.
    pub period: CurrentPeriod,
    /// Where the period stands.
    pub status: PeriodStatus,
    /// How many usages count.
    pub usage_count: usize,
}

impl<'a> Asked<'a> {
    /// The charge of one of the item prices.
    pub(super) async fn charge(self, subject: Subject<'a>, now: Timestamp) -> Result<UsageCharge, Refusal> {
        if !subject.item.metered {
            return self.unmetered(&subject, now).await;
        }
        if let Some(line) = self.line(&subject) {
            let charge = self.rated(&subject, now, line.charge.clone(), line.usage_count.unwrap_or_default());
            let window = line.inputs.as_ref().and_then(|inputs| inputs.window.as_ref());
            return Ok(charge.held(window, line.held_at_end.clone()));
        }
        let version = self.version(&subject).await?;
        let included = subject.own.included_usage.unwrap_or(version.included_usage);
        if self.lines.is_some() {
            // A metered price without a line on its invoice had no usage.
            return Ok(self.rated(&subject, now, nothing(included, version.currency_code), 0));
        }
        let mut meter = UsageMeter::new(&subject.item.item_price_id, self.inputs(&subject, &version).await?);
        self.each_billable(&subject, |record| meter.add(record)).await?;
        let (rated, inputs) = meter.rated().map_err(|error| unrated(error.into()))?;
        let charge = rated.charge.unwrap_or_else(|| nothing(included, version.currency_code));
        let charge = self.rated(&subject, now, charge, rated.usage_count);
        Ok(charge.held(inputs.window.as_ref(), rated.held_at_end))
    }

    /// How much was used under a price that is not metered: its usage is counted and costs nothing.
    async fn unmetered(self, subject: &Subject<'a>, now: Timestamp) -> Result<UsageCharge, Refusal> {
        let version = self.version(subject).await?;
        let included = subject.own.included_usage.unwrap_or(version.included_usage);
        let window = self.window(subject.item).await?;
        let (mut total, mut usage_count) = (Total::new(version.aggregation, window.as_ref()), 0);
        let mut held = window.as_ref().map(HeldAtEnd::new);
        let count = |record: &UsageRecord| {
            usage_count += 1;
            total.add(record.measurement());
            held.iter_mut().for_each(|held| held.add(record.measurement()));
        };
        self.each_billable(subject, count).await?;
        let item_price_id = subject.item.item_price_id.clone();
        let total =
            total.quantity().map_err(|source| unrated(BillingError::Rating { item_price_id, source }.into()))?;
        let (included, total) = (Number::from(included), total.max(Number::ZERO));
        let beyond = total.subtract(&included).max(Number::ZERO);
        let held_at_end = held.map(|held| held.quantity);
        Ok(self.counted(subject, now, [included, total, beyond], usage_count).held(window.as_ref(), held_at_end))
    }

    fn rated(self, subject: &Subject<'a>, now: Timestamp, charge: Charge, usage_count: usize) -> UsageCharge {
        let usage = [charge.included.clone(), charge.total.clone(), charge.billable.clone()];
        UsageCharge { charge: Some(charge), ..self.counted(subject, now, usage, usage_count) }
    }

    fn counted(self, subject: &Subject<'a>, now: Timestamp, usage: [Number; 3], usage_count: usize) -> UsageCharge {
        let [included_usage, total_usage, on_demand_usage] = usage;
        UsageCharge {
            subscription_id: self.subscription.id.clone(),
            item_price_id: subject.item.item_price_id.clone(),
            feature_id: subject.item.feature_id.clone(),
            included_usage,
            total_usage,
            on_demand_usage,
            carried_over: None,
            held_at_end: None,
            charge: None,
            period: self.basis.period(),
            status: self.basis.status(now),
            usage_count,
        }
    }
}

impl UsageCharge {
    /// With what is held at either end of the period.
    fn held(self, window: Option<&Window>, held_at_end: Option<Number>) -> UsageCharge {
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
