//! A charge that can be checked by whoever has the records.

mod text;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::aggregation::Measurement;
use crate::charge::Charge;
use crate::error::RatingError;
use crate::inputs::ChargeInputs;
use crate::rate::rate_usage;
use crate::step::Step;

/// A charge with all that it was computed from; its records it names by their count and digest.
///
/// Its text is for people; in JSON it is what `verify` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The price and what else was said.
    pub inputs: ChargeInputs<'static>,
    /// How many records were rated.
    pub usage_count: u64,
    /// The digest over them, as whoever keeps the records computes it.
    pub usage_digest: String,
    /// The result with its steps.
    pub charge: Charge,
}

/// Where an explanation is not what rating says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The field, such as `charge.steps[2]`.
    pub field: String,
    /// What the explanation says.
    pub explained: String,
    /// What rating says.
    pub recomputed: String,
}

impl Explanation {
    /// Rates usage and keeps what it was rated by; absent where there is no charge.
    ///
    /// # Errors
    /// As `rate_usage`.
    ///
    /// # Examples
    /// ```
    /// use rating::{ChargeInputs, Explanation, Measurement, digest_lines, verify};
    ///
    /// let price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
    /// let records = [Measurement::new(0, None, "361".parse()?)];
    /// let digest = digest_lines(["0||361".to_owned()].into_iter());
    /// let inputs = ChargeInputs::new(&price, "USD".parse()?);
    /// let explanation = Explanation::of(inputs, &records, digest.clone())?.ok_or("no charge")?;
    /// assert!(explanation.to_string().contains("361 x 0.05 = 18.05"));
    /// assert_eq!(verify(&explanation, &records, &digest), []);
    ///
    /// let other = [Measurement::new(0, None, "362".parse()?)];
    /// assert_eq!(verify(&explanation, &other, &digest)[0].field, "charge.total_usage");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(
        inputs: ChargeInputs,
        records: &[Measurement],
        usage_digest: String,
    ) -> Result<Option<Explanation>, RatingError> {
        let Some(charge) = rate_usage(&inputs, records)? else { return Ok(None) };
        let usage_count = count(records);
        Ok(Some(Explanation { inputs: inputs.into_owned(), usage_count, usage_digest, charge }))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "price: {}", self.inputs.price.model())?;
        writeln!(f, "usage: {} records, SHA-256 {}", self.usage_count, self.usage_digest)?;
        self.charge.fmt(f)
    }
}

/// Rates the records again by what an explanation says, and returns every difference, in the order of its fields.
///
/// `usage_digest` is the digest over the records, computed as it was for the explanation. No difference means that the
/// charge follows from the records to the last digit.
pub fn verify(explanation: &Explanation, records: &[Measurement], usage_digest: &str) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    found.compare("usage_count", explanation.usage_count, count(records));
    found.compare("usage_digest", &explanation.usage_digest, usage_digest);
    let explained = &explanation.charge;
    match rate_usage(&explanation.inputs, records) {
        Ok(Some(recomputed)) => found.compare_charges(explained, &recomputed),
        Ok(None) => found.compare("charge", explained.amount, "none, since there is no usage"),
        Err(error) => found.compare("charge", explained.amount, error),
    }
    found.0
}

fn count(records: &[Measurement]) -> u64 {
    records.len().try_into().unwrap_or(u64::MAX)
}

struct Differences(Vec<Difference>);

impl Differences {
    fn compare(&mut self, field: &str, explained: impl ToString, recomputed: impl ToString) {
        let (explained, recomputed) = (explained.to_string(), recomputed.to_string());
        if explained != recomputed {
            self.0.push(Difference { field: field.to_owned(), explained, recomputed });
        }
    }

    fn compare_charges(&mut self, explained: &Charge, recomputed: &Charge) {
        self.compare("charge.total_usage", &explained.total, &recomputed.total);
        self.compare("charge.included_usage", &explained.included, &recomputed.included);
        self.compare("charge.on_demand_usage", &explained.billable, &recomputed.billable);
        for index in 0..explained.steps.len().max(recomputed.steps.len()) {
            let [left, right] = [explained, recomputed].map(|charge| charge.steps.get(index));
            if left != right {
                let told = |step: Option<&Step>| step.map_or("none".to_owned(), ToString::to_string);
                self.compare(&format!("charge.steps[{index}]"), told(left), told(right));
            }
        }
        self.compare("charge.unrounded_amount", &explained.unrounded, &recomputed.unrounded);
        self.compare("charge.amount", text::money(explained.amount), text::money(recomputed.amount));
        if explained.tax != recomputed.tax {
            self.compare("charge.tax", text::tax(explained.tax.as_deref()), text::tax(recomputed.tax.as_deref()));
        }
    }
}

#[cfg(test)]
mod tests;
