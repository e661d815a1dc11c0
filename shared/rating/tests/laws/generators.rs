//! Prices and usage of every kind: small, huge, fractional.

use proptest::collection::vec;
use proptest::option::of as option;
use proptest::prelude::*;
use proptest::sample::select;
use rating::{
    Aggregation, Amount, ChargeInputs, Discount, Discounts, Dynamic, FlatFee, GraduatedPercentage, Measurement,
    Package, PerUnit, PercentTier, Percentage, PercentageTerms, Price, Proration, ProrationBasis, Quantity, RoundUnits,
    Rounding, Stairstep, Tier, Tiered, Tiers, UnitRounding, Volume,
};

/// A decimal as the door lets it in, with 0 to 12 digits after the point; small ones and huge ones.
pub fn decimal() -> impl Strategy<Value = String> {
    let integer = prop_oneof![0_u64..20, 0_u64..1_000_000_000_000_000];
    (integer, 0_u64..1_000_000_000_000, 0_usize..=12).prop_map(|(integer, fraction, digits)| match digits {
        0 => integer.to_string(),
        digits => format!("{integer}.{}", &format!("{fraction:012}")[..digits]),
    })
}

pub fn quantity() -> impl Strategy<Value = Quantity> {
    decimal().prop_map(|text| text.parse().unwrap())
}

pub fn positive_quantity() -> impl Strategy<Value = Quantity> {
    quantity().prop_filter("greater than 0", |quantity| !quantity.is_zero())
}

pub fn amount() -> impl Strategy<Value = Amount> {
    decimal().prop_map(|text| text.parse().unwrap())
}

/// Up to six tiers with an open end; `plain` ones have flat amounts only.
pub fn tiers(plain: bool) -> impl Strategy<Value = Tiers> {
    let numbers = (amount(), amount(), option(positive_quantity()));
    (vec(positive_quantity(), 0..6), vec(numbers, 6)).prop_map(move |(mut bounds, numbers)| {
        bounds.sort();
        bounds.dedup();
        let up_to = bounds.into_iter().map(Some).chain([None]);
        let tier = |(up_to, (unit_amount, flat_amount, package_size))| match plain {
            true => Tier { up_to, unit_amount: Amount::ZERO, flat_amount, package_size: None },
            false => Tier { up_to, unit_amount, flat_amount, package_size },
        };
        Tiers::new(up_to.zip(numbers).map(tier).collect()).unwrap()
    })
}

pub fn price() -> impl Strategy<Value = Price> {
    prop_oneof![
        amount().prop_map(|amount| Price::FlatFee(FlatFee::new(amount).unwrap())),
        amount().prop_map(|amount| Price::PerUnit(PerUnit::new(amount).unwrap())),
        tiers(false).prop_map(|tiers| Price::Tiered(Tiered::new(tiers))),
        tiers(false).prop_map(|tiers| Price::Volume(Volume::new(tiers))),
        tiers(true).prop_map(|tiers| Price::Stairstep(Stairstep::new(tiers).unwrap())),
        (positive_quantity(), amount()).prop_map(|(size, amount)| Price::Package(Package::new(size, amount).unwrap())),
        percentage().prop_map(|terms| Price::Percentage(Percentage::new(terms).unwrap())),
        tiers(true).prop_map(|tiers| Price::GraduatedPercentage(percent_tiers(&tiers))),
        option(positive_quantity()).prop_map(|multiplier| Price::Dynamic(Dynamic::new(multiplier).unwrap())),
    ]
}

/// Percentages of 0 to 100 take the place of what units cost.
pub fn percent_tiers(tiers: &Tiers) -> GraduatedPercentage {
    let tier = |(tier, percent): (&Tier, u32)| PercentTier {
        up_to: tier.up_to,
        percent: percent.to_string().parse().unwrap(),
        flat_amount: tier.flat_amount,
    };
    let tiers: Vec<PercentTier> = tiers.as_slice().iter().zip([3, 0, 100, 50, 7, 1]).map(tier).collect();
    GraduatedPercentage::new(&tiers).unwrap()
}

fn percentage() -> impl Strategy<Value = PercentageTerms> {
    let each = (option(amount()), option(0_u64..4), option(amount()), option(amount()), option(amount()));
    (decimal(), each).prop_map(|(percent, (each, free_records, free, minimum, maximum))| PercentageTerms {
        percent: percent.parse().unwrap(),
        amount_per_record: each,
        free_records,
        free_amount: free,
        minimum_per_record: minimum,
        maximum_per_record: maximum,
    })
}

/// The inputs of a charge with any price, and with what may be said beside it.
pub fn inputs() -> impl Strategy<Value = ChargeInputs<'static>> {
    use Aggregation::{Count, Last, Max, Sum, UniqueCount, WeightedSum};
    let beside = (
        select(vec![Sum, Sum, Last, Max, Count, UniqueCount, WeightedSum]),
        select(vec![Rounding::HalfAwayFromZero, Rounding::HalfEven]),
        select(vec!["USD", "JPY", "KWD"]),
        any::<bool>(),
    );
    let quantities = (quantity(), option((select(vec![RoundUnits::Up, RoundUnits::Nearest]), positive_quantity())));
    let amounts = (option(0_u64..=30), option(discount()), option(amount()), option(amount()));
    (price(), beside, quantities, amounts).prop_map(|(price, beside, (included, rounding), amounts)| {
        let (aggregation, round, code, bill_zero_usage) = beside;
        let (days, discount, minimum_amount, maximum_amount) = amounts;
        let mut inputs = ChargeInputs::new(&price, code.parse().unwrap()).into_owned();
        // Where each record has a price of its own, nothing is done to their quantity.
        if !matches!(price, Price::Percentage(_) | Price::Dynamic(_)) {
            inputs.aggregation = aggregation;
            inputs.included = included;
            inputs.unit_rounding = rounding.map(|(round, size)| UnitRounding::new(round, size).unwrap());
        }
        let window = r#"{"start_ms":-3,"end_ms":3}"#;
        let part = |used| Proration::new(ProrationBasis::CalendarDays, used, 30).unwrap();
        let discounts = Discounts::new(discount.into_iter().collect()).unwrap();
        ChargeInputs {
            rounding: round,
            bill_zero_usage,
            window: Some(serde_json::from_str(window).unwrap()),
            proration: days.map(part),
            discounts: std::borrow::Cow::Owned(discounts),
            minimum_amount,
            maximum_amount,
            ..inputs
        }
    })
}

fn discount() -> impl Strategy<Value = Discount> {
    prop_oneof![
        (0_u32..=100).prop_map(|percent| Discount::Percent { percent: percent.to_string().parse().unwrap() }),
        amount().prop_map(|amount| Discount::Amount { amount }),
    ]
}

/// Date, id and quantity.
pub type Record = (i64, Option<String>, Quantity);

/// Records of which some share an instant.
pub fn records() -> impl Strategy<Value = Vec<Record>> {
    let id = proptest::option::of(select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    vec((-3_i64..3, id, quantity()), 0..8)
}

/// Who used it is the id, and what it cost the quantity.
pub fn measured(records: &[Record]) -> Vec<Measurement<'_>> {
    let measured = records.iter().map(|(date_ms, id, quantity)| Measurement {
        unique_value: Some(id.as_deref().unwrap_or("nobody")),
        amount: Some(quantity.to_string().parse().unwrap()),
        ..Measurement::new(*date_ms, id.as_deref(), *quantity)
    });
    measured.collect()
}
