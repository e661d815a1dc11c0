//! What else holds of every price, beside the laws.

use proptest::prelude::*;
use proptest::test_runner::contextualize_config;
use rating::{Amount, Money, Number, PerUnit, Price, Quantity, Step, Tier, Tiered, Tiers, Volume};

use crate::CASES;
use crate::generators::{amount, decimal, price, quantity, tiers};

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(CASES)))]

    #[test]
    fn a_graduated_price_never_falls_as_the_quantity_rises(tiers in tiers(false), one in quantity(), other in quantity()) {
        let price = Price::Tiered(Tiered::new(tiers));
        let amount = |quantity: Quantity| Step::sum(&price.price(&quantity.into()).unwrap());
        prop_assert!(amount(one.min(other)) <= amount(one.max(other)));
    }

    #[test]
    fn the_tiers_of_a_graduated_price_share_out_the_whole_quantity(tiers in tiers(false), quantity in quantity()) {
        let steps = Price::Tiered(Tiered::new(tiers)).price(&quantity.into()).unwrap();
        let shares = steps.iter().map(|step| match step {
            Step::Tier { quantity, .. } => quantity.clone(),
            _ => Number::ZERO,
        });
        prop_assert_eq!(shares.fold(Number::ZERO, |sum, share| sum.add(&share)), Number::from(quantity));
    }

    #[test]
    fn one_open_tier_is_a_price_per_unit(unit_amount in amount(), quantity in quantity()) {
        let tier = Tier { up_to: None, unit_amount, flat_amount: Amount::ZERO, package_size: None };
        let tiers = Tiers::new(vec![tier]).unwrap();
        let amount = |price: Price| Step::sum(&price.price(&quantity.into()).unwrap());
        let per_unit = amount(Price::PerUnit(PerUnit::new(unit_amount).unwrap()));
        prop_assert_eq!(&amount(Price::Tiered(Tiered::new(tiers.clone()))), &per_unit);
        prop_assert_eq!(&amount(Price::Volume(Volume::new(tiers))), &per_unit);
    }

    #[test]
    fn what_the_door_lets_in_is_written_as_it_was_read(text in decimal(), minor_units in any::<i128>()) {
        prop_assert_eq!(text.parse::<Quantity>().unwrap().to_string(), text.clone());
        prop_assert_eq!(text.parse::<Amount>().unwrap().to_string(), text.clone());
        let quantity: Quantity = text.parse().unwrap();
        prop_assert_eq!(quantity.canonical().parse::<Quantity>().unwrap(), quantity);
        prop_assert_eq!(Number::from(quantity).to_text(), quantity.canonical());

        for code in ["USD", "JPY", "KWD"] {
            let money = Money::from_minor_units(minor_units, code.parse().unwrap());
            prop_assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
        }
    }

    #[test]
    fn a_price_is_read_back_as_it_was_written(price in price()) {
        let stored = serde_json::to_string(&price).unwrap();
        let read: Price = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        prop_assert_eq!(read, price);
    }
}
