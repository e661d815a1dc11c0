//! What a charge depends on, beside what was used.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::aggregation::{Aggregation, Window};
use crate::amount::Amount;
use crate::currency::Currency;
use crate::error::RatingError;
use crate::money::{Money, Rounding};
use crate::not_negative::not_negative;
use crate::price::Price;
use crate::price_error::PriceError;
use crate::proration::Proration;
use crate::quantity::Quantity;
use crate::stage::{AlreadyBilled, Discounts, Tax};
use crate::step::Step;
use crate::unit_rounding::UnitRounding;

/// What a charge depends on, beside what was used; in JSON a field that is not known is refused.
///
/// What is not said is not done: `ChargeInputs::new` and the JSON of a price and a currency alone give the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(description = "What a charge depends on, beside what was used; what is not said is not done.")]
pub struct ChargeInputs<'a> {
    /// The pricing model with its numbers.
    #[schema(value_type = Price)]
    pub price: Cow<'a, Price>,
    /// How records become one quantity.
    #[serde(default)]
    pub aggregation: Aggregation,
    /// What costs nothing; not negative.
    #[serde(rename = "included_usage", default)]
    pub included: Quantity,
    /// Whether nothing used still costs the flat fee or the first tier's flat amount.
    #[serde(default)]
    pub bill_zero_usage: bool,
    /// The currency of the price.
    #[serde(rename = "currency_code")]
    pub currency: Currency,
    /// What becomes of half a minor unit.
    #[serde(default)]
    pub rounding: Rounding,
    /// The period over which quantities are held; only `weighted_sum` looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What earlier charges of the same line were for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already_billed: Option<AlreadyBilled>,
    /// How the quantity is rounded before it is priced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_rounding: Option<UnitRounding>,
    /// The part of the period that flat amounts are charged for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proration: Option<Proration>,
    /// What is taken off.
    #[serde(default, skip_serializing_if = "Discounts::is_empty")]
    #[schema(value_type = Discounts)]
    pub discounts: Cow<'a, Discounts>,
    /// The least that is charged; not negative. Above 0 it is charged without usage, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<Amount>,
    /// The most that is charged; not negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_amount: Option<Amount>,
    /// What is left of a capped amount; not negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_remaining: Option<Amount>,
    /// The taxes of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Tax>)]
    pub tax: Option<Cow<'a, Tax>>,
}

impl<'a> ChargeInputs<'a> {
    /// Returns the inputs of a price alone: the sum of the records, and nothing else but rounding half away from zero.
    ///
    /// # Examples
    /// ```
    /// use rating::{ChargeInputs, Price};
    ///
    /// let price: Price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
    /// let inputs = ChargeInputs { minimum_amount: Some("5".parse()?), ..ChargeInputs::new(&price, "USD".parse()?) };
    /// assert!(inputs.check().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(price: &'a Price, currency: Currency) -> ChargeInputs<'a> {
        ChargeInputs {
            price: Cow::Borrowed(price),
            aggregation: Aggregation::default(),
            included: Quantity::ZERO,
            bill_zero_usage: false,
            currency,
            rounding: Rounding::default(),
            window: None,
            already_billed: None,
            unit_rounding: None,
            proration: None,
            discounts: Cow::Owned(Discounts::default()),
            minimum_amount: None,
            maximum_amount: None,
            balance_remaining: None,
            tax: None,
        }
    }

    /// Returns the same inputs, dependent on nothing else.
    pub fn into_owned(self) -> ChargeInputs<'static> {
        ChargeInputs {
            price: Cow::Owned(self.price.into_owned()),
            discounts: Cow::Owned(self.discounts.into_owned()),
            tax: self.tax.map(|tax| Cow::Owned(tax.into_owned())),
            aggregation: self.aggregation,
            included: self.included,
            bill_zero_usage: self.bill_zero_usage,
            currency: self.currency,
            rounding: self.rounding,
            window: self.window,
            already_billed: self.already_billed,
            unit_rounding: self.unit_rounding,
            proration: self.proration,
            minimum_amount: self.minimum_amount,
            maximum_amount: self.maximum_amount,
            balance_remaining: self.balance_remaining,
        }
    }

    /// Checks that no input contradicts the price or another one; what would have to be ignored is refused.
    ///
    /// # Errors
    /// `NegativeIncluded`, `NegativeUsage` for what was billed already, `NotInParts`, and as `Inputs`: `NotInModel`,
    /// `NegativeAmount`, and what `Window::check` refuses.
    pub fn check(&self) -> Result<(), RatingError> {
        if self.included.is_negative() {
            return Err(RatingError::NegativeIncluded { included: self.included.into() });
        }
        for (field, amount) in [
            ("minimum_amount", self.minimum_amount),
            ("maximum_amount", self.maximum_amount),
            ("balance_remaining", self.balance_remaining),
        ] {
            if let Some(amount) = amount {
                not_negative(amount, field)?;
            }
        }
        if let Some(window) = &self.window {
            window.check()?;
        }
        if let Some(billed) = &self.already_billed {
            self.check_parts(billed)?;
        }
        if self.price.is_per_record() {
            self.check_per_record()?;
        }
        Ok(())
    }

    fn check_parts(&self, billed: &AlreadyBilled) -> Result<(), RatingError> {
        if billed.quantity.is_negative() {
            return Err(RatingError::NegativeUsage { quantity: billed.quantity.clone() });
        }
        if billed.amount.is_negative() {
            return Err(RatingError::NegativeAmount { amount: billed.amount.clone() });
        }
        match *self.price {
            Price::Volume(_) | Price::Stairstep(_) | Price::Percentage(_) | Price::Dynamic(_) => {
                Err(RatingError::NotInParts { model: self.price.model() })
            }
            _ => Ok(()),
        }
    }

    /// Each record has a price of its own, which nothing that is done to their sum reaches.
    fn check_per_record(&self) -> Result<(), PriceError> {
        let is_sum = self.aggregation == Aggregation::Sum || matches!(*self.price, Price::Dynamic(_));
        let unheard = [
            ("included_usage", !self.included.is_zero()),
            ("unit_rounding", self.unit_rounding.is_some()),
            ("discounts[0].quantity", self.discounts.has_free_units()),
            ("aggregation", !is_sum),
        ];
        match unheard.into_iter().find(|(_, is_said)| *is_said) {
            Some((field, _)) => Err(PriceError::NotInModel { field: field.to_owned(), model: self.price.model() }),
            None => Ok(()),
        }
    }

    /// Checks that every quantity that a single record may have has an amount, as far as that is known beforehand.
    ///
    /// # Errors
    /// As `check`, `Overflow` where the greatest quantity of the door costs more than money holds, and `BeyondLastTier`
    /// where units are rounded up beyond a last tier that is closed.
    pub fn check_range(&self) -> Result<(), RatingError> {
        self.check()?;
        if matches!(*self.price, Price::Dynamic(_)) {
            return Ok(());
        }
        let greatest = match (self.price.greatest_quantity(), &self.unit_rounding) {
            (None, _) => Quantity::MOST.into(),
            (Some(last), None) => last.into(),
            (Some(last), Some(rounding)) => rounding.apply(&last.into())?,
        };
        let amount = Step::sum(&self.price.price(&greatest)?);
        Money::round(&amount, self.currency, self.rounding).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ChargeInputs<'static>, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_price_and_a_currency_are_enough() {
        let inputs = read(r#"{"price":{"model":"flat_fee","amount":"1"},"currency_code":"USD"}"#).unwrap();
        assert_eq!(inputs, ChargeInputs::new(&inputs.price, inputs.currency));
        assert_eq!(
            serde_json::to_string(&inputs).unwrap(),
            concat!(
                r#"{"price":{"model":"flat_fee","amount":"1"},"aggregation":"sum","included_usage":"0","#,
                r#""bill_zero_usage":false,"currency_code":"USD","rounding":"half_away_from_zero"}"#,
            )
        );
    }

    #[test]
    fn the_stored_form_of_all_inputs_stays() {
        let golden = concat!(
            r#"{"price":{"model":"per_unit","unit_amount":"0.050"},"aggregation":"weighted_sum","included_usage":"5","#,
            r#""bill_zero_usage":true,"currency_code":"EUR","rounding":"half_even","#,
            r#""window":{"start_ms":0,"end_ms":1000,"carried_over":"1/3"},"#,
            r#""already_billed":{"quantity":"12","amount":"160"},"unit_rounding":{"round":"up","multiple_of":"1"},"#,
            r#""proration":{"basis":"calendar_days","used":22,"period":31},"#,
            r#""discounts":[{"discount":"percent","percent":"10"}],"minimum_amount":"1","maximum_amount":"100","#,
            r#""balance_remaining":"20","tax":{"rates":[{"name":"VAT","percent":"19"}],"inclusive":false}}"#,
        );
        let inputs = read(golden).unwrap();
        assert_eq!(serde_json::to_string(&inputs).unwrap(), golden);
        assert_eq!(inputs.clone().into_owned(), inputs);
        let cut_short = golden.replace("\"1/3\"}", "\"1/3\",\"over_ms\":2000,\"let_go_ms\":[0,500]}");
        assert_eq!(serde_json::to_string(&read(&cut_short).unwrap()).unwrap(), cut_short);
        assert!(read(&golden.replace("\"rounding\"", "\"round\"")).unwrap_err().starts_with("unknown field `round`"));
    }

    #[test]
    fn what_would_have_to_be_ignored_is_refused() {
        for (price, field, told) in [
            (r#"{"model":"dynamic"}"#, r#""included_usage":"1""#, "`included_usage` has no meaning in a dynamic price"),
            (
                r#"{"model":"percentage","percent":"1"}"#,
                r#""unit_rounding":{"round":"up"}"#,
                "`unit_rounding` has no meaning in a percentage price",
            ),
            (
                r#"{"model":"percentage","percent":"1"}"#,
                r#""discounts":[{"discount":"free_units","quantity":"1"}]"#,
                "`discounts[0].quantity` has no meaning in a percentage price",
            ),
            (
                r#"{"model":"percentage","percent":"1"}"#,
                r#""aggregation":"max""#,
                "`aggregation` has no meaning in a percentage price",
            ),
            (
                r#"{"model":"volume","tiers":[{"unit_amount":"1"}]}"#,
                r#""already_billed":{"quantity":"1"}"#,
                "what is charged by a volume price cannot be charged in parts",
            ),
            (r#"{"model":"flat_fee","amount":"1"}"#, r#""minimum_amount":"-1""#, "`minimum_amount` is not negative"),
            (r#"{"model":"flat_fee","amount":"1"}"#, r#""window":{"start_ms":1,"end_ms":1}"#, "a window ends after it"),
            (r#"{"model":"flat_fee","amount":"1"}"#, r#""included_usage":"-1""#, "an included quantity of -1 is"),
        ] {
            let inputs = read(&format!(r#"{{"price":{price},"currency_code":"USD",{field}}}"#)).unwrap();
            let error = inputs.check().unwrap_err().to_string();
            assert!(error.starts_with(told), "{price} {field}: {error}");
        }
    }

    #[test]
    fn a_price_that_can_overflow_is_known_beforehand() {
        let most = "999999999999999.999999999999";
        for (price, fits) in [
            (format!(r#"{{"model":"per_unit","unit_amount":"{most}"}}"#), true),
            (format!(r#"{{"model":"package","package_size":"0.000000000001","package_amount":"{most}"}}"#), false),
            (format!(r#"{{"model":"tiered","tiers":[{{"up_to":"1","unit_amount":"{most}"}}]}}"#), true),
            (r#"{"model":"dynamic"}"#.to_owned(), true),
        ] {
            let inputs = read(&format!(r#"{{"price":{price},"currency_code":"CLF"}}"#)).unwrap();
            let outcome = inputs.check_range();
            assert_eq!(outcome.is_ok(), fits, "{price}");
            assert!(outcome.err().is_none_or(|error| matches!(error, RatingError::Overflow { .. })), "{price}");
        }
    }
}
