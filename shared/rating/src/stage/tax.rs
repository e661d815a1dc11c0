//! Tax: the last step, of the rounded amounts that stand on the invoice.
//!
//! 19 % on 10.00 are 1.90, and 11.90 with tax; in 11.90 with tax included they are 1.90 too, and 10.00 is net. Several
//! rates are taken of the same amount, never of each other. Each is rounded once: per line, or per invoice, where a rate
//! is taken of the sum of its lines. 3 lines of 0.33 at 10 % are taxed 0.03 each and 0.09 together, or 0.10 per invoice.
//! Elsewhere: VAT, sales tax, tax-exclusive and tax-inclusive prices, line-level and document-level tax rounding.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::currency::Currency;
use crate::error::RatingError;
use crate::money::{Money, Rounding};
use crate::not_negative::not_negative_percent;
use crate::number::Number;
use crate::percent::Percent;
use crate::price_error::PriceError;

/// The most rates that are taken of one amount.
pub const MOST_TAX_RATES: usize = 10;

/// One tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// What it is called on the invoice.
    pub name: String,
    /// Its share of the amount without any tax.
    pub percent: Percent,
}

/// The taxes of a line; in JSON `{"rates":[{"name":"VAT","percent":"19"}],"inclusive":false}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Fields")]
pub struct Tax {
    #[schema(max_items = 10)]
    rates: Vec<TaxRate>,
    /// Whether the amount contains them; false, where it is left out.
    #[schema(required = false)]
    inclusive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    rates: Vec<TaxRate>,
    #[serde(default)]
    inclusive: bool,
}

/// Where a tax is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxRounding {
    /// On each line.
    #[default]
    PerLine,
    /// Once for all lines of a rate.
    PerInvoice,
}

/// A line that tax is taken of.
#[derive(Clone, Copy, Debug)]
pub struct Taxable<'a> {
    /// What stands on the line.
    pub amount: Money,
    /// Its taxes; absent where there is none.
    pub tax: Option<&'a Tax>,
}

/// One tax of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// What it is called.
    pub name: String,
    /// Its share.
    pub percent: Percent,
    /// Whether the taxed amount contains it.
    pub inclusive: bool,
    /// The sum of the amounts that it was taken of.
    pub taxed_amount: Money,
    /// The exact tax, in major units.
    pub unrounded: Number,
    /// The tax.
    pub amount: Money,
}

/// Amounts without and with their taxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Without tax.
    pub net: Money,
    /// Each tax, in the order of the lines and their rates.
    pub taxes: Vec<TaxLine>,
    /// With tax.
    pub gross: Money,
}

impl Tax {
    /// Returns the taxes of a line; `inclusive` says that its amount contains them.
    ///
    /// # Errors
    /// `TooMany`; `NegativeAmount` for a percentage.
    pub fn new(rates: Vec<TaxRate>, inclusive: bool) -> Result<Tax, PriceError> {
        if rates.len() > MOST_TAX_RATES {
            return Err(PriceError::TooMany { field: "tax.rates", most: MOST_TAX_RATES });
        }
        for (index, rate) in rates.iter().enumerate() {
            not_negative_percent(rate.percent, &format!("tax.rates[{index}].percent"))?;
        }
        Ok(Tax { rates, inclusive })
    }

    /// Returns its rates.
    pub fn rates(&self) -> &[TaxRate] {
        &self.rates
    }

    /// Says whether the amount contains the taxes.
    pub fn is_inclusive(&self) -> bool {
        self.inclusive
    }

    /// The exact tax of one rate in or on an amount.
    fn of(&self, amount: Money, percent: Percent) -> Result<Number, RatingError> {
        let amount = Number::from(amount);
        if !self.inclusive {
            return Ok(percent.of(&amount));
        }
        let hundred_and_rates = self.rates.iter().fold(100.into(), |sum: Number, rate| sum.add(&rate.percent.into()));
        amount.multiply(&percent.into()).divide(&hundred_and_rates)
    }
}

impl TryFrom<Fields> for Tax {
    type Error = PriceError;

    fn try_from(fields: Fields) -> Result<Self, PriceError> {
        Tax::new(fields.rates, fields.inclusive)
    }
}

/// Taxes the lines of an invoice.
///
/// # Errors
/// `CurrencyMismatch` where a line is not in the invoice's currency; `Overflow`.
///
/// # Examples
/// ```
/// use rating::{Money, Rounding, Tax, TaxRounding, Taxable, tax_invoice};
///
/// let eur = "EUR".parse()?;
/// let tax: Tax = serde_json::from_str(r#"{"rates":[{"name":"VAT","percent":"10"}]}"#)?;
/// let line = Taxable { amount: Money::parse("0.33", eur)?, tax: Some(&tax) };
/// let total = |per| tax_invoice(&[line; 3], eur, per, Rounding::default());
/// assert_eq!(total(TaxRounding::PerLine)?.gross.to_string(), "1.08");
/// assert_eq!(total(TaxRounding::PerInvoice)?.gross.to_string(), "1.09");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tax_invoice(
    lines: &[Taxable],
    currency: Currency,
    per: TaxRounding,
    rounding: Rounding,
) -> Result<Taxed, RatingError> {
    let mut sum = Money::zero(currency);
    let mut taxes: Vec<TaxLine> = Vec::new();
    for line in lines {
        sum = sum.checked_add(line.amount)?;
        let Some(tax) = line.tax else { continue };
        for rate in &tax.rates {
            let unrounded = tax.of(line.amount, rate.percent)?;
            let amount = match per {
                TaxRounding::PerLine => Money::round(&unrounded, currency, rounding)?,
                TaxRounding::PerInvoice => Money::zero(currency),
            };
            let same = |known: &&mut TaxLine| {
                known.name == rate.name && known.percent == rate.percent && known.inclusive == tax.inclusive
            };
            match taxes.iter_mut().find(same) {
                Some(known) => {
                    known.taxed_amount = known.taxed_amount.checked_add(line.amount)?;
                    known.unrounded = known.unrounded.add(&unrounded);
                    known.amount = known.amount.checked_add(amount)?;
                }
                None => taxes.push(TaxLine {
                    name: rate.name.clone(),
                    percent: rate.percent,
                    inclusive: tax.inclusive,
                    taxed_amount: line.amount,
                    unrounded,
                    amount,
                }),
            }
        }
    }
    let (mut net, mut gross) = (sum, sum);
    for tax in &mut taxes {
        if per == TaxRounding::PerInvoice {
            tax.amount = Money::round(&tax.unrounded, currency, rounding)?;
        }
        match tax.inclusive {
            true => {
                net = net.checked_add(Money::from_minor_units(tax.amount.minor_units().saturating_neg(), currency))?
            }
            false => gross = gross.checked_add(tax.amount)?,
        }
    }
    Ok(Taxed { net, taxes, gross })
}

/// Taxes one line.
pub(crate) fn tax_line(amount: Money, tax: &Tax, rounding: Rounding) -> Result<Taxed, RatingError> {
    tax_invoice(&[Taxable { amount, tax: Some(tax) }], amount.currency(), TaxRounding::PerLine, rounding)
}

/// Amounts without and with their taxes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Taxed)]
struct Stored {
    /// Without tax.
    net_amount: String,
    /// Each tax, in the order of the lines and their rates.
    taxes: Vec<StoredTax>,
    /// With tax.
    gross_amount: String,
    currency_code: Currency,
}

/// One tax of one or more lines.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaxLine)]
struct StoredTax {
    name: String,
    percent: Percent,
    /// Whether the taxed amount contains it.
    inclusive: bool,
    /// The sum of the amounts that it was taken of.
    taxed_amount: String,
    /// The exact tax.
    unrounded_amount: Number,
    /// The tax, rounded to the minor unit of the currency.
    amount: String,
}

impl PartialSchema for Taxed {
    fn schema() -> RefOr<Schema> {
        Stored::schema()
    }
}

impl ToSchema for Taxed {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Stored::schemas(schemas);
    }
}

impl Serialize for Taxed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tax = |tax: &TaxLine| StoredTax {
            name: tax.name.clone(),
            percent: tax.percent,
            inclusive: tax.inclusive,
            taxed_amount: tax.taxed_amount.to_string(),
            unrounded_amount: tax.unrounded.clone(),
            amount: tax.amount.to_string(),
        };
        let stored = Stored {
            net_amount: self.net.to_string(),
            taxes: self.taxes.iter().map(tax).collect(),
            gross_amount: self.gross.to_string(),
            currency_code: self.net.currency(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Taxed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let money = |text: &str| Money::parse(text, stored.currency_code).map_err(serde::de::Error::custom);
        let tax = |tax: StoredTax| {
            Ok(TaxLine {
                taxed_amount: money(&tax.taxed_amount)?,
                amount: money(&tax.amount)?,
                name: tax.name,
                percent: tax.percent,
                inclusive: tax.inclusive,
                unrounded: tax.unrounded_amount,
            })
        };
        Ok(Taxed {
            net: money(&stored.net_amount)?,
            gross: money(&stored.gross_amount)?,
            taxes: stored.taxes.into_iter().map(tax).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tax(rates: &[&str], inclusive: bool) -> Tax {
        let rate = |percent: &&str| TaxRate { name: format!("tax {percent}"), percent: percent.parse().unwrap() };
        Tax::new(rates.iter().map(rate).collect(), inclusive).unwrap()
    }

    fn texts(taxed: &Taxed) -> (String, Vec<String>, String) {
        let taxes = taxed.taxes.iter().map(|tax| tax.amount.to_string()).collect();
        (taxed.net.to_string(), taxes, taxed.gross.to_string())
    }

    #[test]
    fn a_tax_says_its_rates_and_whether_amounts_contain_them() {
        for inclusive in [false, true] {
            let tax = tax(&["19", "2.5"], inclusive);
            let percents: Vec<String> = tax.rates().iter().map(|rate| rate.percent.to_string()).collect();
            assert_eq!((percents, tax.is_inclusive()), (vec!["19".to_owned(), "2.5".to_owned()], inclusive));
        }
    }

    #[test]
    fn each_rate_is_taken_of_the_same_amount() {
        for (amount, rates, inclusive, [net, gross], taxes) in [
            ("10.00", &["19"][..], false, ["10.00", "11.90"], &["1.90"][..]),
            ("11.90", &["19"], true, ["10.00", "11.90"], &["1.90"]),
            ("10.00", &["5", "9.975"], false, ["10.00", "11.50"], &["0.50", "1.00"]),
            ("114.98", &["5", "9.975"], true, ["100.00", "114.98"], &["5.00", "9.98"]),
            ("0.00", &["19"], false, ["0.00", "0.00"], &["0.00"]),
            ("0.02", &["19"], false, ["0.02", "0.02"], &["0.00"]),
            ("0.03", &["19"], false, ["0.03", "0.04"], &["0.01"]),
            ("0.01", &["100"], true, ["0.00", "0.01"], &["0.01"]),
            ("10.00", &["0"], false, ["10.00", "10.00"], &["0.00"]),
            ("10.00", &[], false, ["10.00", "10.00"], &[]),
            ("0.05", &["0.000000000001"], false, ["0.05", "0.05"], &["0.00"]),
            (
                "999999999999999.99",
                &["100"],
                false,
                ["999999999999999.99", "1999999999999999.98"],
                &["999999999999999.99"],
            ),
        ] {
            let amount = Money::parse(amount, "EUR".parse().unwrap()).unwrap();
            let taxed = tax_line(amount, &tax(rates, inclusive), Rounding::default()).unwrap();
            let expected = taxes.iter().map(|tax| tax.to_string()).collect();
            assert_eq!(texts(&taxed), (net.to_owned(), expected, gross.to_owned()), "{amount} {rates:?}");
            let stored = serde_json::to_string(&taxed).unwrap();
            let read: Taxed = serde_json::from_str(&stored).unwrap();
            assert_eq!((serde_json::to_string(&read).unwrap(), &read), (stored, &taxed));
        }
    }

    #[test]
    fn a_rate_is_rounded_per_line_or_per_invoice() {
        let eur = "EUR".parse().unwrap();
        let (vat, reduced, within) = (tax(&["10"], false), tax(&["7"], false), tax(&["10"], true));
        let line = |amount: &str, tax| Taxable { amount: Money::parse(amount, eur).unwrap(), tax };
        let lines = [
            line("0.33", Some(&vat)),
            line("0.33", Some(&vat)),
            line("5.00", None),
            line("0.33", Some(&vat)),
            line("0.50", Some(&reduced)),
            line("0.55", Some(&within)),
            line("0.66", Some(&within)),
        ];
        let text = |per| texts(&tax_invoice(&lines, eur, per, Rounding::default()).unwrap());
        let words = |texts: [&str; 3]| texts.map(String::from).to_vec();
        assert_eq!(text(TaxRounding::PerLine), ("7.59".to_owned(), words(["0.09", "0.04", "0.11"]), "7.83".to_owned()));
        assert_eq!(
            text(TaxRounding::PerInvoice),
            ("7.59".to_owned(), words(["0.10", "0.04", "0.11"]), "7.84".to_owned())
        );
        let usd = Taxable { amount: Money::zero("USD".parse().unwrap()), tax: None };
        assert!(tax_invoice(&[usd], eur, TaxRounding::PerLine, Rounding::default()).is_err());
    }

    #[test]
    fn what_is_no_tax_is_refused_by_name() {
        for (json, told) in [
            (r#"{"rates":[{"name":"VAT","percent":"-1"}]}"#, "`tax.rates[0].percent` is not negative"),
            (r#"{"rates":[{"name":"VAT"}]}"#, "missing field `percent`"),
            (r#"{"inclusive":true}"#, "missing field `rates`"),
            (r#"{"rates":[],"compound":true}"#, "unknown field `compound`"),
        ] {
            let error = serde_json::from_str::<Tax>(json).unwrap_err().to_string();
            assert!(error.starts_with(told), "{json}: {error}");
        }
        let rates = vec![TaxRate { name: String::new(), percent: Percent::ZERO }; 11];
        assert_eq!(Tax::new(rates, false), Err(PriceError::TooMany { field: "tax.rates", most: 10 }));
    }
}
