//! A share of the money of each record, and an amount for each.
//!
//! With 1.2 % and 0.10 a record, a record of 50 is 0.60 + 0.10 = 0.70. A free allowance of records, of money, or of both
//! ends with whichever ends first; the record in which the free money ends pays for what lies beyond it. What one record
//! is charged is lifted to a minimum, then lowered to a maximum. Records are taken by date, so that the same ones are
//! free whatever the order in which they came. Elsewhere: transaction fee, take rate, ad valorem.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::amount::Amount;
use crate::not_negative::{not_negative, not_negative_percent};
use crate::number::Number;
use crate::percent::Percent;
use crate::price_error::PriceError;
use crate::step::Step;

/// A share of the money of each record; the records' quantities are the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "PercentageTerms")]
pub struct Percentage(PercentageTerms);

impl PartialSchema for Percentage {
    fn schema() -> RefOr<Schema> {
        PercentageTerms::schema()
    }
}

impl ToSchema for Percentage {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        PercentageTerms::schemas(schemas);
    }
}

/// The numbers of a percentage price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentageTerms {
    /// The share.
    pub percent: Percent,
    /// What each record costs beside the share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_per_record: Option<Amount>,
    /// How many records are free, the first ones by date; absent where that is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_records: Option<u64>,
    /// How much money is free; absent where that is not limited. Nothing is free where both are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_amount: Option<Amount>,
    /// The least that a record costs which is not free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_per_record: Option<Amount>,
    /// The most that a record costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_per_record: Option<Amount>,
}

/// What the records so far amount to, by the step that it belongs to, and what is left of the free allowance.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    terms: PercentageTerms,
    records_left: Option<u64>,
    money_left: Option<Number>,
    allowance: bool,
    free_records: u64,
    free: Number,
    charged_records: u64,
    charged: Number,
    lifted: Bounded,
    lowered: Bounded,
}

#[derive(Clone, Debug, Default)]
struct Bounded {
    records: u64,
    amount: Number,
}

impl Percentage {
    /// Returns a percentage price.
    ///
    /// # Errors
    /// `NegativeAmount`.
    pub fn new(terms: PercentageTerms) -> Result<Percentage, PriceError> {
        not_negative_percent(terms.percent, "percent")?;
        for (field, amount) in [
            ("amount_per_record", terms.amount_per_record),
            ("free_amount", terms.free_amount),
            ("minimum_per_record", terms.minimum_per_record),
            ("maximum_per_record", terms.maximum_per_record),
        ] {
            not_negative(amount.unwrap_or_default(), field)?;
        }
        Ok(Percentage(terms))
    }

    /// The tally of no record.
    pub(super) fn tally(&self) -> Tally {
        let terms = self.0.clone();
        Tally {
            records_left: terms.free_records,
            money_left: terms.free_amount.map(Number::from),
            allowance: self.has_allowance(),
            terms,
            free_records: 0,
            free: Number::ZERO,
            charged_records: 0,
            charged: Number::ZERO,
            lifted: Bounded::default(),
            lowered: Bounded::default(),
        }
    }

    /// Whether something is free, so that it matters which record comes first.
    pub(super) fn has_allowance(&self) -> bool {
        self.0.free_records.is_some() || self.0.free_amount.is_some()
    }

    pub(super) fn price(&self, quantity: &Number, tally: Option<&Tally>, steps: &mut Vec<Step>) {
        match tally {
            Some(tally) => tally.add_steps(steps),
            None if quantity.is_zero() => {}
            None => {
                let mut tally = self.tally();
                tally.take(quantity);
                tally.add_steps(steps);
            }
        }
    }
}

impl Tally {
    /// Takes the money of a record; they come by date and id.
    pub(super) fn take(&mut self, money: &Number) {
        self.allowance = self.allowance && self.records_left != Some(0);
        if !self.allowance {
            return self.charge(money);
        }
        let free = self.money_left.clone().map_or_else(|| money.clone(), |left| left.min(money.clone()));
        self.free = self.free.add(&free);
        self.money_left = self.money_left.take().map(|left| left.subtract(&free));
        self.records_left = self.records_left.map(|left| left.saturating_sub(1));
        let beyond = money.subtract(&free);
        if beyond.is_zero() {
            self.free_records = self.free_records.saturating_add(1);
        } else {
            self.allowance = false;
            self.charge(&beyond);
        }
    }

    fn charge(&mut self, money: &Number) {
        self.charged_records = self.charged_records.saturating_add(1);
        self.charged = self.charged.add(money);
        let terms = &self.terms;
        if terms.minimum_per_record.is_none() && terms.maximum_per_record.is_none() {
            return;
        }
        let amount = terms.percent.of(money).add(&terms.amount_per_record.unwrap_or_default().into());
        let minimum = terms.minimum_per_record.map(Number::from);
        let lifted = minimum.map_or_else(|| amount.clone(), |minimum| minimum.max(amount.clone()));
        let maximum = terms.maximum_per_record.map(Number::from);
        let lowered = maximum.map_or_else(|| lifted.clone(), |maximum| maximum.min(lifted.clone()));
        self.lifted.note(lifted.subtract(&amount));
        self.lowered.note(lowered.subtract(&lifted));
    }

    fn add_steps(&self, steps: &mut Vec<Step>) {
        if self.free_records > 0 || !self.free.is_zero() {
            steps.push(Step::FreeAllowance { records: self.free_records, quantity: self.free.clone() });
        }
        if self.charged_records == 0 {
            return;
        }
        let percent = self.terms.percent;
        let amount = percent.of(&self.charged);
        steps.push(Step::Percentage { quantity: self.charged.clone(), percent, amount });
        if let Some(amount_per_record) = self.terms.amount_per_record {
            let records = self.charged_records;
            let amount = Number::from(records).multiply(&amount_per_record.into());
            steps.push(Step::PerRecord { records, amount_per_record, amount });
        }
        if let Some(minimum_per_record) = self.terms.minimum_per_record.filter(|_| self.lifted.records > 0) {
            let Bounded { records, amount } = self.lifted.clone();
            steps.push(Step::RecordMinimum { records, minimum_per_record, amount });
        }
        if let Some(maximum_per_record) = self.terms.maximum_per_record.filter(|_| self.lowered.records > 0) {
            let Bounded { records, amount } = self.lowered.clone();
            steps.push(Step::RecordMaximum { records, maximum_per_record, amount });
        }
    }
}

impl Bounded {
    fn note(&mut self, change: Number) {
        if !change.is_zero() {
            self.records = self.records.saturating_add(1);
            self.amount = self.amount.add(&change);
        }
    }
}

impl From<Percentage> for PercentageTerms {
    fn from(price: Percentage) -> PercentageTerms {
        price.0
    }
}

impl Percentage {
    /// Whether its bounds contradict each other; the maximum wins.
    pub(crate) fn maximum_below_minimum(&self) -> Option<(Amount, Amount)> {
        self.0.minimum_per_record.zip(self.0.maximum_per_record).filter(|(minimum, maximum)| maximum < minimum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::amounts;
    use crate::quantity::Quantity;

    impl Percentage {
        fn check(&self, records: &[&str], expected: &[&str], total: &str) {
            let mut tally = self.tally();
            records.iter().for_each(|money| tally.take(&money.parse().unwrap()));
            let mut steps = Vec::new();
            self.price(&Number::ZERO, Some(&tally), &mut steps);
            assert_eq!(amounts(&steps), expected, "{records:?}");
            assert_eq!(Step::sum(&steps).to_text(), total, "{records:?}");
        }
    }

    fn price(json: &str) -> Percentage {
        Percentage::new(serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn a_share_of_each_record_and_an_amount_for_each() {
        let plain = price(r#"{"percent":"2.99"}"#);
        plain.check(&[], &[], "0");
        plain.check(&["0"], &["0"], "0");
        plain.check(&["10", "80", "10000"], &["301.691"], "301.691");
        plain.check(&["0.000000000001"], &["0.0000000000000299"], "0.0000000000000299");
        plain.check(
            &["999999999999999.999999999999"],
            &["29899999999999.9999999999999701"],
            "29899999999999.9999999999999701",
        );
        price(r#"{"percent":"1","amount_per_record":"0.10"}"#).check(&["100", "0"], &["1", "0.2"], "1.2");
    }

    #[test]
    fn the_free_allowance_ends_with_whichever_ends_first() {
        let both = price(r#"{"percent":"1.2","amount_per_record":"0.10","free_records":3,"free_amount":"500"}"#);
        both.check(&["200", "100", "100"], &[], "0");
        both.check(&["200", "100", "100", "50"], &["0.6", "0.1"], "0.7");
        both.check(&["400", "100"], &[], "0");
        both.check(&["400", "100.000000000001"], &["0.000000000000012", "0.1"], "0.100000000000012");
        both.check(&["400", "200", "50"], &["1.8", "0.2"], "2");
        let money = price(r#"{"percent":"10","free_amount":"100"}"#);
        money.check(&["40", "40", "40"], &["2"], "2");
        let records = price(r#"{"percent":"10","free_records":1}"#);
        records.check(&["1000000", "40"], &["4"], "4");
        price(r#"{"percent":"10","free_records":0,"free_amount":"100"}"#).check(&["40"], &["4"], "4");
    }

    #[test]
    fn what_was_free_is_a_step_where_anything_was() {
        for (terms, quantities, free) in [
            (r#"{"percent":"10"}"#, &["40"][..], None),
            (r#"{"percent":"10","free_records":0}"#, &["40"], None),
            (r#"{"percent":"10","free_records":1}"#, &["0", "40"], Some((1, "0"))),
            (r#"{"percent":"10","free_amount":"100"}"#, &["40", "40", "40"], Some((2, "100"))),
            (r#"{"percent":"10","free_amount":"100"}"#, &["400"], Some((0, "100"))),
        ] {
            let price = price(terms);
            let mut tally = price.tally();
            quantities.iter().for_each(|quantity| tally.take(&quantity.parse::<Quantity>().unwrap().into()));
            let mut steps = Vec::new();
            price.price(&Number::ZERO, Some(&tally), &mut steps);
            let found = steps.iter().find_map(|step| match step {
                Step::FreeAllowance { records, quantity } => Some((*records, quantity.to_text())),
                _ => None,
            });
            assert_eq!(found, free.map(|(records, quantity)| (records, quantity.to_owned())), "{terms} {quantities:?}");
        }
    }

    #[test]
    fn what_one_record_costs_has_a_least_and_a_most() {
        let bounded = price(r#"{"percent":"1","minimum_per_record":"1.75","maximum_per_record":"20"}"#);
        bounded.check(&["100"], &["1", "0.75"], "1.75");
        bounded.check(&["175"], &["1.75"], "1.75");
        bounded.check(&["2000"], &["20"], "20");
        bounded.check(&["2000.01"], &["20.0001", "-0.0001"], "20");
        bounded.check(&["100", "10000", "500"], &["106", "0.75", "-80"], "26.75");
        let crossed = price(r#"{"percent":"1","minimum_per_record":"5","maximum_per_record":"2"}"#);
        crossed.check(&["100"], &["1", "4", "-3"], "2");
        assert!(crossed.maximum_below_minimum().is_some());
        let one = price(r#"{"percent":"1","minimum_per_record":"5","maximum_per_record":"5"}"#);
        assert!(one.maximum_below_minimum().is_none());
    }
}
