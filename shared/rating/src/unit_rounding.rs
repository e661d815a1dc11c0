//! Rounding of quantities to multiples of something.
//!
//! 123.4567 to the nearest multiple of 0.01 are 123.46, of 10 are 120; 61 seconds up to a multiple of 60 are 120. A half
//! goes away from zero. Elsewhere: rounding function and precision, quantity per unit, unit of measure increment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::division::Whole;
use crate::error::RatingError;
use crate::number::Number;
use crate::price_error::PriceError;
use crate::quantity::Quantity;

/// Where a quantity goes that is no multiple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundUnits {
    /// To the next multiple above.
    Up,
    /// To the next multiple below.
    Down,
    /// To the nearest multiple; from halfway, to the one above.
    Nearest,
}

/// A rounding of quantities to multiples of something; in JSON `{"round":"up","multiple_of":"60"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Fields")]
pub struct UnitRounding {
    round: RoundUnits,
    /// Above 0; 1, where it is left out.
    #[schema(required = false)]
    multiple_of: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    round: RoundUnits,
    #[serde(default = "one")]
    multiple_of: Quantity,
}

/// Whole units are what is meant where nothing is said.
fn one() -> Quantity {
    Quantity::ONE
}

impl UnitRounding {
    /// Returns a rounding to multiples.
    ///
    /// # Errors
    /// `NotPositive` for the multiple.
    ///
    /// # Examples
    /// ```
    /// use rating::{RoundUnits, UnitRounding};
    ///
    /// let minutes = UnitRounding::new(RoundUnits::Up, "60".parse()?)?;
    /// assert_eq!(minutes.apply(&61.into())?.to_text(), "120");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(round: RoundUnits, multiple_of: Quantity) -> Result<UnitRounding, PriceError> {
        if multiple_of <= Quantity::ZERO {
            return Err(PriceError::NotPositive { field: "unit_rounding.multiple_of".to_owned() });
        }
        Ok(UnitRounding { round, multiple_of })
    }

    /// Returns what quantities become multiples of.
    pub fn multiple_of(&self) -> Quantity {
        self.multiple_of
    }

    /// Returns the way in which they do.
    pub fn round(&self) -> RoundUnits {
        self.round
    }

    /// Returns the multiple that a quantity becomes.
    ///
    /// # Errors
    /// None: the multiple is not zero.
    pub fn apply(&self, quantity: &Number) -> Result<Number, RatingError> {
        let whole = match self.round {
            RoundUnits::Up => Whole::Up,
            RoundUnits::Down => Whole::Down,
            RoundUnits::Nearest => Whole::Nearest,
        };
        let multiple_of = Number::from(self.multiple_of);
        Ok(quantity.whole_quotient(&multiple_of, whole)?.multiply(&multiple_of))
    }
}

impl TryFrom<Fields> for UnitRounding {
    type Error = PriceError;

    fn try_from(fields: Fields) -> Result<Self, PriceError> {
        UnitRounding::new(fields.round, fields.multiple_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_becomes_a_multiple() {
        use RoundUnits::{Down, Nearest, Up};
        let most = "999999999999999.999999999999";
        for (round, multiple_of, quantity, rounded) in [
            (Up, "1", "0", "0"),
            (Up, "1", "0.000000000001", "1"),
            (Up, "60", "60", "60"),
            (Up, "60", "60.000000000001", "120"),
            (Up, "1", most, "1000000000000000"),
            (Down, "1", "0.999999999999", "0"),
            (Down, "60", "119.999999999999", "60"),
            (Down, "60", "120", "120"),
            (Down, "10", most, "999999999999990"),
            (Nearest, "1", "123.4567", "123"),
            (Nearest, "0.01", "123.4567", "123.46"),
            (Nearest, "10", "123.4567", "120"),
            (Nearest, "1", "0.5", "1"),
            (Nearest, "1", "0.499999999999", "0"),
            (Nearest, "0.3", "0.45", "0.6"),
            (Nearest, "0.3", "0.449999999999", "0.3"),
            (Up, "1", "470/31", "16"),
            (Nearest, "0.000000000001", most, most),
        ] {
            let rounding = UnitRounding::new(round, multiple_of.parse().unwrap()).unwrap();
            let quantity: Number = quantity.parse().unwrap();
            assert_eq!(rounding.apply(&quantity).unwrap().to_text(), rounded, "{round:?} {multiple_of} {quantity}");
        }
    }

    #[test]
    fn the_stored_form_stays_and_whole_units_are_the_default() {
        let read = |json: &str| serde_json::from_str::<UnitRounding>(json).map_err(|error| error.to_string());
        let golden = r#"{"round":"nearest","multiple_of":"0.010"}"#;
        assert_eq!(serde_json::to_string(&read(golden).unwrap()).unwrap(), golden);
        assert_eq!(read(r#"{"round":"up"}"#).unwrap().multiple_of().to_string(), "1");
        assert!(read(r#"{"round":"up","multiple_of":"0"}"#).unwrap_err().contains("is greater than 0"));
        assert!(read(r#"{"round":"up","to":"1"}"#).is_err());
    }
}
