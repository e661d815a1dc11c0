//! Prices and usage of every kind: small, huge, fractional.

use proptest::collection::vec;
use proptest::option::of as option;
use proptest::prelude::*;
use proptest::sample::select;
use rating::{
    Amount, FlatFee, GraduatedPercentage, Measurement, Package, PerUnit, PercentTier, Percentage, PercentageTerms,
    Price, Quantity, Stairstep, Tier, Tiered, Tiers, Volume,
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

/// Date, id and quantity.
pub type Record = (i64, Option<String>, Quantity);

/// Records of which some share an instant.
pub fn records() -> impl Strategy<Value = Vec<Record>> {
    let id = proptest::option::of(select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    vec((-3_i64..3, id, quantity()), 0..8)
}

pub fn measured(records: &[Record]) -> Vec<Measurement<'_>> {
    records.iter().map(|(date_ms, id, quantity)| Measurement::new(*date_ms, id.as_deref(), *quantity)).collect()
}
