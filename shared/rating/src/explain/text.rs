//! Steps and charges in words, a line each.

use std::fmt;

use crate::aggregation::Aggregation;
use crate::charge::Charge;
use crate::money::Money;
use crate::number::Number;
use crate::proration::ProrationBasis;
use crate::quantity::Quantity;
use crate::stage::Taxed;
use crate::step::Step;
use crate::unit_rounding::RoundUnits;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Aggregate { aggregation, quantity } => write!(f, "{}: {quantity}", aggregated(*aggregation)),
            Step::HeldBelowZero { quantity } => write!(f, "{quantity} is below zero, and counts as 0"),
            Step::AlreadyBilled { quantity } => write!(f, "charged for already: {quantity}"),
            Step::Included { quantity } => write!(f, "included: {quantity}"),
            Step::Rounded { quantity, rounding, rounded } => {
                let way = match rounding.round() {
                    RoundUnits::Up => "up to a",
                    RoundUnits::Down => "down to a",
                    RoundUnits::Nearest => "to the nearest",
                };
                write!(f, "{quantity} {way} multiple of {}: {rounded}", rounding.multiple_of())
            }
            Step::Flat { amount } => write!(f, "flat: {amount}"),
            Step::Units { quantity, unit_amount, amount } => write!(f, "{quantity} x {unit_amount} = {amount}"),
            Step::Packages { quantity, package_size, packages, package_amount, amount } => {
                write!(f, "{} x {package_amount} = {amount}", packed(quantity, packages, *package_size))
            }
            Step::Tier { from, to, quantity, package_size, packages, unit_amount, flat_amount, amount } => {
                let units = match (packages, package_size) {
                    (Some(packages), Some(size)) => packed(quantity, packages, *size),
                    _ => quantity.to_text(),
                };
                write!(f, "{}: {units} x {unit_amount} + {flat_amount} = {amount}", band(*from, *to))
            }
            Step::PercentTier { from, to, quantity, percent, flat_amount, amount } => {
                write!(f, "{}: {percent} % of {quantity} + {flat_amount} = {amount}", band(*from, *to))
            }
            Step::FreeAllowance { records, quantity } => write!(f, "free: {quantity}, {records} records wholly"),
            Step::Percentage { quantity, percent, amount } => write!(f, "{percent} % of {quantity} = {amount}"),
            Step::PerRecord { records, amount_per_record, amount } => {
                write!(f, "{records} records x {amount_per_record} = {amount}")
            }
            Step::RecordMinimum { records, minimum_per_record, amount } => {
                write!(f, "{records} records lifted to {minimum_per_record}: {amount}")
            }
            Step::RecordMaximum { records, maximum_per_record, amount } => {
                write!(f, "{records} records lowered to {maximum_per_record}: {amount}")
            }
            Step::RecordAmounts { records, multiplier: None, amount } => {
                write!(f, "amounts of {records} records: {amount}")
            }
            Step::RecordAmounts { records, multiplier: Some(multiplier), amount } => {
                write!(f, "amounts of {records} records x {multiplier}: {amount}")
            }
            Step::Proration { basis, used, period, prorated, amount } => {
                let unit = match basis {
                    ProrationBasis::CalendarSeconds => "seconds",
                    ProrationBasis::CalendarDays => "days",
                    ProrationBasis::ThirtyDayMonths => "days of months with 30",
                };
                write!(f, "{used} of {period} {unit}, of {prorated}: {amount}")
            }
            Step::DiscountPercent { percent, discounted, amount } => {
                write!(f, "discount of {percent} % of {discounted}: {amount}")
            }
            Step::DiscountAmount { discount, amount } => write!(f, "discount of {discount}: {amount}"),
            Step::DiscountFreeUnits { quantity, amount } => write!(f, "discount of {quantity} units: {amount}"),
            Step::Minimum { minimum_amount, amount } => write!(f, "minimum of {minimum_amount}: {amount}"),
            Step::Maximum { maximum_amount, amount } => write!(f, "maximum of {maximum_amount}: {amount}"),
            Step::Cap { balance_remaining, amount } => write!(f, "{balance_remaining} left of the cap: {amount}"),
        }
    }
}

impl fmt::Display for Charge {
    /// Its steps and its amounts, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        writeln!(f, "exactly: {}", self.unrounded)?;
        write!(f, "amount: {}", money(self.amount))?;
        match &self.tax {
            Some(taxed) => write!(f, "\n{}", tax(Some(taxed))),
            None => Ok(()),
        }
    }
}

fn aggregated(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Sum => "sum of the records",
        Aggregation::Last => "last of the records",
        Aggregation::Max => "greatest of the records",
        Aggregation::Count => "number of records",
        Aggregation::UniqueCount => "number of unique values",
        Aggregation::WeightedSum => "held on the average",
    }
}

fn band(from: Quantity, to: Option<Quantity>) -> String {
    match to {
        Some(to) => format!("above {from} up to {to}"),
        None => format!("above {from}"),
    }
}

fn packed(quantity: &Number, packages: &Number, size: Quantity) -> String {
    format!("{quantity} in {packages} packages of {size}")
}

pub(super) fn money(amount: Money) -> String {
    format!("{amount} {}", amount.currency())
}

pub(super) fn tax(taxed: Option<&Taxed>) -> String {
    let Some(taxed) = taxed else { return "none".to_owned() };
    let mut lines: Vec<String> = Vec::new();
    for tax in &taxed.taxes {
        let way = if tax.inclusive { "in" } else { "on" };
        let rate = format!("{} of {} % {way} {}", tax.name, tax.percent, tax.taxed_amount);
        lines.push(format!("{rate}: {}, rounded {}", tax.unrounded.to_text(), tax.amount));
    }
    lines.push(format!("without tax: {}", money(taxed.net)));
    lines.push(format!("with tax: {}", money(taxed.gross)));
    lines.join("\n")
}
