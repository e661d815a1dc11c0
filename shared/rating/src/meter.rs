//! Usage rated as it comes, for periods that are too large to be kept.

use crate::aggregation::{Measurement, Total};
use crate::charge::Charge;
use crate::error::RatingError;
use crate::inputs::ChargeInputs;
use crate::price::PerRecord;
use crate::rate::{is_charged_without_usage, rate_total};

/// Takes the usage of one period, a record at a time, and returns what `rate_usage` returns for all of them.
///
/// It keeps a few numbers, however many records there are; only `unique_count` keeps each value that it has met, once. The
/// records come by date, and at one date by id: what is out of that order, or comes twice, makes an error of the charge.
///
/// # Examples
/// ```
/// use rating::{ChargeInputs, Measurement, Meter, rate_usage};
///
/// let price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
/// let inputs = ChargeInputs::new(&price, "USD".parse()?);
/// let minutes = ["361", "12.5"].map(|quantity| quantity.parse().unwrap());
/// let minutes = [0, 60_000].map(|date_ms| Measurement::new(date_ms, None, minutes[usize::from(date_ms > 0)]));
///
/// let mut meter = Meter::new(inputs.clone());
/// minutes.into_iter().for_each(|record| meter.add(record));
/// assert_eq!(meter.charge(), rate_usage(&inputs, &minutes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Meter<'a> {
    inputs: ChargeInputs<'a>,
    records: u64,
    total: Total,
    seen: PerRecord,
    last: Option<(i64, Option<Box<str>>)>,
    out_of_order: Option<i64>,
}

impl<'a> Meter<'a> {
    /// Returns the meter of a period without a record.
    pub fn new(inputs: ChargeInputs<'a>) -> Meter<'a> {
        Meter {
            records: 0,
            total: Total::new(inputs.aggregation, inputs.window.as_ref()),
            seen: inputs.price.per_record(),
            last: None,
            out_of_order: None,
            inputs,
        }
    }

    /// Takes the next record.
    pub fn add(&mut self, record: Measurement) {
        let comes_next = match &self.last {
            Some((date_ms, id)) => (*date_ms, id.as_deref()) < (record.date_ms, record.id),
            None => true,
        };
        if !comes_next && self.out_of_order.is_none() {
            self.out_of_order = Some(record.date_ms);
        }
        self.last = Some((record.date_ms, record.id.map(Box::from)));
        self.records = self.records.saturating_add(1);
        self.total.add(record);
        self.seen.add(&record);
    }

    /// Returns how many records it has taken.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Returns what the charge is computed from, beside the records.
    pub fn into_inputs(self) -> ChargeInputs<'a> {
        self.inputs
    }

    /// Returns the charge of the records so far; absent where `rate_usage` makes none.
    ///
    /// # Errors
    /// As `rate_usage`; `OutOfOrder`.
    pub fn charge(&self) -> Result<Option<Charge>, RatingError> {
        if let Some(date_ms) = self.out_of_order {
            return Err(RatingError::OutOfOrder { date_ms });
        }
        self.inputs.check()?;
        if self.records == 0 && !is_charged_without_usage(&self.inputs) {
            return Ok(None);
        }
        rate_total(&self.inputs, self.total.quantity()?, &self.seen).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;

    fn charged(price: &str, dates: &[(i64, Option<&str>)]) -> Result<Option<Charge>, RatingError> {
        let price: Price = serde_json::from_str(price).unwrap();
        let mut meter = Meter::new(ChargeInputs::new(&price, "USD".parse().unwrap()));
        for &(date_ms, id) in dates {
            meter.add(Measurement::new(date_ms, id, "10".parse().unwrap()));
        }
        meter.charge()
    }

    #[test]
    fn each_record_counts_once() {
        let price: Price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"1"}"#).unwrap();
        let mut meter = Meter::new(ChargeInputs::new(&price, "USD".parse().unwrap()));
        for records in 0..3 {
            assert_eq!(meter.records(), records);
            meter.add(Measurement::new(i64::try_from(records).unwrap(), None, "10".parse().unwrap()));
        }
    }

    #[test]
    fn what_does_not_come_by_date_and_id_or_comes_twice_is_an_error() {
        for price in [r#"{"model":"per_unit","unit_amount":"1"}"#, r#"{"model":"percentage","percent":"1"}"#] {
            assert_eq!(charged(price, &[]), Ok(None));
            assert!(charged(price, &[(1, None), (1, Some("a")), (1, Some("b")), (2, None)]).is_ok());
            for dates in [
                [(1, None), (2, None), (1, Some("a"))],
                [(0, None), (1, None), (1, None)],
                [(0, None), (1, Some("b")), (1, Some("b"))],
                [(0, None), (1, Some("b")), (1, Some("a"))],
                [(0, None), (1, Some("b")), (1, None)],
            ] {
                assert_eq!(charged(price, &dates), Err(RatingError::OutOfOrder { date_ms: 1 }), "{dates:?}");
            }
        }
    }
}
