//! Discounts: what is taken off, each off what those before it left.
//!
//! Of 100, first 10 % and then 5 leave 85. Free units come before money: they take off what the last of the units cost,
//! so that 10 free ones of 150 at 1.00 up to 100 and 0.50 beyond take off 5. Two times 10 % are 19 %. An amount never
//! falls below zero. Elsewhere: coupon, credit, rebate, promotional units.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::billable::Billable;
use super::trail::Trail;
use crate::amount::Amount;
use crate::error::RatingError;
use crate::not_negative::{not_negative, not_negative_percent};
use crate::number::Number;
use crate::percent::Percent;
use crate::price_error::PriceError;
use crate::quantity::Quantity;
use crate::step::Step;

/// The most discounts that a line may have.
pub const MOST_DISCOUNTS: usize = 20;

/// One thing that is taken off; in JSON tagged by `discount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "discount", rename_all = "snake_case", deny_unknown_fields)]
#[serde(try_from = "Fields")]
pub enum Discount {
    /// Units, at what the last of them cost.
    FreeUnits {
        /// How many; not negative.
        quantity: Quantity,
    },
    /// A share of what is left.
    Percent {
        /// The share, 0 to 100.
        percent: Percent,
    },
    /// An amount of money, as far as there is one left.
    Amount {
        /// The most that it takes off; not negative.
        amount: Amount,
    },
}

/// Up to 20 discounts in the order in which they are taken off; free units come first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Discount>")]
pub struct Discounts(Vec<Discount>);

impl Discounts {
    /// Returns discounts, once they are known to be in order.
    ///
    /// # Errors
    /// `TooMany`, `FreeUnitsNotFirst`, `NegativeAmount`, `BeyondHundred`.
    pub fn new(discounts: Vec<Discount>) -> Result<Discounts, PriceError> {
        if discounts.len() > MOST_DISCOUNTS {
            return Err(PriceError::TooMany { field: "discounts", most: MOST_DISCOUNTS });
        }
        let mut takes_off_money = false;
        for (index, discount) in discounts.iter().enumerate() {
            let field = |name: &str| format!("discounts[{index}].{name}");
            match discount {
                Discount::FreeUnits { .. } if takes_off_money => return Err(PriceError::FreeUnitsNotFirst { index }),
                Discount::FreeUnits { quantity } if quantity.is_negative() => {
                    return Err(PriceError::NegativeAmount { field: field("quantity") });
                }
                Discount::FreeUnits { .. } => continue,
                Discount::Percent { percent } => {
                    not_negative_percent(*percent, &field("percent"))?;
                    if Number::from(*percent) > Number::from(100) {
                        return Err(PriceError::BeyondHundred { field: field("percent") });
                    }
                }
                Discount::Amount { amount } => drop(not_negative(*amount, &field("amount"))?),
            }
            takes_off_money = true;
        }
        Ok(Discounts(discounts))
    }

    /// Returns the discounts in order.
    pub fn as_slice(&self) -> &[Discount] {
        &self.0
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has_free_units(&self) -> bool {
        matches!(self.0.first(), Some(Discount::FreeUnits { .. }))
    }
}

/// The fields of all discounts, which are read one by one, so that a mistake is told with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    discount: Kind,
    quantity: Option<Quantity>,
    percent: Option<Percent>,
    amount: Option<Amount>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    FreeUnits,
    Percent,
    Amount,
}

impl TryFrom<Fields> for Discount {
    type Error = PriceError;

    fn try_from(fields: Fields) -> Result<Self, PriceError> {
        let Fields { discount, quantity, percent, amount } = fields;
        let said = [("quantity", quantity.is_some()), ("percent", percent.is_some()), ("amount", amount.is_some())];
        let known = match discount {
            Kind::FreeUnits => "quantity",
            Kind::Percent => "percent",
            Kind::Amount => "amount",
        };
        if let Some((field, _)) = said.into_iter().find(|(field, is_said)| *is_said && *field != known) {
            return Err(PriceError::Unknown { field });
        }
        let missing = || PriceError::Missing { field: known };
        Ok(match discount {
            Kind::FreeUnits => Discount::FreeUnits { quantity: quantity.ok_or_else(missing)? },
            Kind::Percent => Discount::Percent { percent: percent.ok_or_else(missing)? },
            Kind::Amount => Discount::Amount { amount: amount.ok_or_else(missing)? },
        })
    }
}

impl TryFrom<Vec<Discount>> for Discounts {
    type Error = PriceError;

    fn try_from(discounts: Vec<Discount>) -> Result<Self, PriceError> {
        Discounts::new(discounts)
    }
}

/// Takes discounts off; `price` is what a quantity costs in this line before any discount.
pub(crate) fn discount(
    discounts: &Discounts,
    quantity: &Billable,
    price: impl Fn(&Number) -> Result<Number, RatingError>,
    trail: &mut Trail,
) -> Result<(), RatingError> {
    let mut end = quantity.after.clone();
    for discount in discounts.as_slice() {
        let left = trail.amount.clone();
        match *discount {
            Discount::FreeUnits { quantity: free } => {
                let charged = end.subtract(&free.into()).max(quantity.before.clone());
                // Fewer units may cost more by volume; a discount never raises the amount.
                let worth = price(&end)?.subtract(&price(&charged)?).max(Number::ZERO).min(left);
                let quantity = end.subtract(&charged);
                trail.push(Step::DiscountFreeUnits { quantity, amount: Number::ZERO.subtract(&worth) });
                end = charged;
            }
            Discount::Percent { percent } => {
                let amount = Number::ZERO.subtract(&percent.of(&left));
                trail.push(Step::DiscountPercent { percent, discounted: left, amount });
            }
            Discount::Amount { amount: discount } => {
                let amount = Number::ZERO.subtract(&Number::from(discount).min(left));
                trail.push(Step::DiscountAmount { discount, amount });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1.00 up to 100 and 0.50 beyond.
    fn graduated(quantity: &Number) -> Result<Number, RatingError> {
        let bound = Number::from(100);
        let beyond = quantity.subtract(&bound).max(Number::ZERO);
        Ok(quantity.clone().min(bound).add(&beyond.multiply(&"0.5".parse().unwrap())))
    }

    fn check(json: &str, quantity: &str, steps: &[&str], left: &str) {
        let discounts: Discounts = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&discounts).unwrap(), json);
        let quantity = Billable { before: Number::ZERO, after: quantity.parse().unwrap() };
        let mut trail = Trail { steps: Vec::new(), amount: graduated(&quantity.after).unwrap() };
        discount(&discounts, &quantity, graduated, &mut trail).unwrap();
        let (amounts, amount) = trail.amounts();
        assert_eq!((amounts, amount.as_str()), (steps.iter().map(|step| step.to_string()).collect(), left), "{json}");
    }

    #[test]
    fn each_takes_off_what_those_before_it_left() {
        let most = "999999999999999.999999999999";
        check("[]", "150", &[], "125");
        check(r#"[{"discount":"percent","percent":"0"}]"#, "150", &["0"], "125");
        check(r#"[{"discount":"percent","percent":"100"}]"#, "150", &["-125"], "0");
        check(
            r#"[{"discount":"percent","percent":"0.000000000001"}]"#,
            "1",
            &["-0.00000000000001"],
            "0.99999999999999",
        );
        let twice = r#"[{"discount":"percent","percent":"10"},{"discount":"percent","percent":"10"}]"#;
        check(twice, "100", &["-10", "-9"], "81");
        let both = r#"[{"discount":"percent","percent":"10"},{"discount":"amount","amount":"5"}]"#;
        check(both, "100", &["-10", "-5"], "85");
        let both = r#"[{"discount":"amount","amount":"5"},{"discount":"percent","percent":"10"}]"#;
        check(both, "100", &["-5", "-9.5"], "85.5");
        check(r#"[{"discount":"amount","amount":"100"}]"#, "100", &["-100"], "0");
        check(r#"[{"discount":"amount","amount":"100.01"}]"#, "100", &["-100"], "0");
        check(&format!(r#"[{{"discount":"amount","amount":"{most}"}}]"#), "0", &["0"], "0");
        check(r#"[{"discount":"free_units","quantity":"0"}]"#, "150", &["0"], "125");
        check(r#"[{"discount":"free_units","quantity":"10"}]"#, "150", &["-5"], "120");
        check(r#"[{"discount":"free_units","quantity":"50.5"}]"#, "150", &["-25.5"], "99.5");
        check(r#"[{"discount":"free_units","quantity":"150"}]"#, "150", &["-125"], "0");
        check(&format!(r#"[{{"discount":"free_units","quantity":"{most}"}}]"#), "150", &["-125"], "0");
        let all = r#"[{"discount":"free_units","quantity":"50"},{"discount":"free_units","quantity":"10"},{"discount":"percent","percent":"50"}]"#;
        check(all, "150", &["-25", "-10", "-45"], "45");
    }

    #[test]
    fn what_is_no_discount_is_refused_by_name() {
        for (json, told) in [
            (r#"[{"discount":"percent","percent":"101"}]"#, "`discounts[0].percent` is at most 100"),
            (r#"[{"discount":"percent","percent":"-1"}]"#, "`discounts[0].percent` is not negative"),
            (r#"[{"discount":"amount","amount":"-1"}]"#, "`discounts[0].amount` is not negative"),
            (r#"[{"discount":"free_units","quantity":"-1"}]"#, "`discounts[0].quantity` is not negative"),
            (
                r#"[{"discount":"percent","percent":"1"},{"discount":"free_units","quantity":"1"}]"#,
                "`discounts[1]` takes off units, and stands before those that take off money",
            ),
            (r#"[{"discount":"gift"}]"#, "unknown variant `gift`"),
            (r#"[{"discount":"amount"}]"#, "missing field `amount`"),
            (r#"[{"discount":"amount","amount":"1","rate":"1"}]"#, "unknown field `rate`"),
            (r#"[{"discount":"amount","amount":"1","percent":"1"}]"#, "unknown field `percent`"),
        ] {
            let error = serde_json::from_str::<Discounts>(json).unwrap_err().to_string();
            assert!(error.starts_with(told), "{json}: {error}");
        }
        let many = vec![Discount::Percent { percent: Percent::ZERO }; 21];
        assert_eq!(Discounts::new(many), Err(PriceError::TooMany { field: "discounts", most: 20 }));
    }
}
