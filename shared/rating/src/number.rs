//! An exact rational number.

mod parse;
mod scaled;
mod text;

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::serde_text;

pub(crate) use scaled::{MOST_SCALE, Scaled, power_of_ten};

/// An exact rational number of any size: nothing that is done with it rounds.
///
/// Its text is a plain decimal where that ends ("12.5"), otherwise a reduced fraction ("470/31"); equal numbers have
/// equal text. In JSON it is that text, as a string.
///
/// # Examples
/// ```
/// use rating::Number;
///
/// let third = Number::from(1).divide(&Number::from(3))?;
/// assert_eq!(third.to_text(), "1/3");
/// assert_eq!(third.multiply(&Number::from(6)).to_text(), "2");
/// # Ok::<(), rating::RatingError>(())
/// ```
#[derive(Clone)]
pub struct Number(Form);

/// The fast form and the one that holds everything.
#[derive(Clone)]
enum Form {
    /// The two halves of a mantissa and its scale: apart, they leave a number at 24 bytes instead of 32.
    Scaled {
        high: i64,
        low: u64,
        scale: u8,
    },
    Fraction(Box<BigRational>),
}

impl Form {
    #[inline]
    fn scaled(scaled: Scaled) -> Form {
        // Either half fits by its making.
        let high = i64::try_from(scaled.mantissa >> 64).unwrap_or_default();
        let low = u64::try_from(scaled.mantissa & i128::from(u64::MAX)).unwrap_or_default();
        Form::Scaled { high, low, scale: scaled.scale }
    }
}

impl Number {
    /// Nothing.
    pub const ZERO: Number = Number(Form::Scaled { high: 0, low: 0, scale: 0 });

    /// Returns the exact sum.
    #[inline]
    pub fn add(&self, other: &Number) -> Number {
        self.fast(other, Scaled::add).unwrap_or_else(|| fraction_sum(self.fraction(), other.fraction()))
    }

    /// Returns the exact difference.
    #[inline]
    pub fn subtract(&self, other: &Number) -> Number {
        self.fast(other, Scaled::subtract).unwrap_or_else(|| fraction_difference(self.fraction(), other.fraction()))
    }

    /// Returns the exact product.
    #[inline]
    pub fn multiply(&self, other: &Number) -> Number {
        self.fast(other, Scaled::multiply).unwrap_or_else(|| fraction_product(self.fraction(), other.fraction()))
    }

    /// Returns the least whole number that is not less.
    pub fn ceil(&self) -> Number {
        Number::settled(self.fraction().ceil())
    }

    /// Returns one percent of it.
    pub(crate) fn hundredth(&self) -> Number {
        self.multiply(&Number::from_scaled(Scaled { mantissa: 1, scale: 2 }))
    }

    /// Says whether it is zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Form::Scaled { high, low, .. } => *high == 0 && *low == 0,
            Form::Fraction(fraction) => fraction.is_zero(),
        }
    }

    /// Says whether it is less than zero.
    #[inline]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Scaled { high, .. } => *high < 0,
            Form::Fraction(fraction) => fraction.is_negative(),
        }
    }

    /// Returns a plain decimal where that ends, otherwise a reduced fraction.
    pub fn to_text(&self) -> String {
        match self.scaled() {
            Some(scaled) => text::scaled_text(scaled),
            None => text::fraction_text(&self.fraction()),
        }
    }

    /// The number in its fast form, where it has that.
    #[inline]
    pub(crate) fn scaled(&self) -> Option<Scaled> {
        match self.0 {
            Form::Scaled { high, low, scale } => {
                Some(Scaled { mantissa: (i128::from(high) << 64) | i128::from(low), scale })
            }
            Form::Fraction(_) => None,
        }
    }

    #[inline]
    pub(crate) fn from_scaled(scaled: Scaled) -> Number {
        Number(Form::scaled(scaled))
    }

    /// The number as a reduced fraction with a positive denominator.
    pub(crate) fn fraction(&self) -> BigRational {
        match &self.0 {
            Form::Fraction(fraction) => fraction.as_ref().clone(),
            Form::Scaled { .. } => {
                let Scaled { mantissa, scale } = self.scaled().unwrap_or(Scaled { mantissa: 0, scale: 0 });
                BigRational::new(mantissa.into(), BigInt::from(10_u8).pow(scale.into()))
            }
        }
    }

    /// A quotient of integers; the denominator is not zero.
    pub(crate) fn from_fraction(fraction: BigRational) -> Number {
        Number::settled(fraction)
    }

    /// Both in the fast form, combined; nothing where one is a fraction or the result does not fit.
    #[inline]
    fn fast(&self, other: &Number, combine: impl Fn(Scaled, Scaled) -> Option<Scaled>) -> Option<Number> {
        combine(self.scaled()?, other.scaled()?).map(Number::from_scaled)
    }

    /// Goes back to the fast form where a fraction turned out whole.
    fn settled(fraction: BigRational) -> Number {
        match fraction.denom().is_one().then(|| fraction.numer().to_i128()).flatten() {
            Some(mantissa) => Number::from_scaled(Scaled { mantissa, scale: 0 }),
            None => Number(Form::Fraction(Box::new(fraction))),
        }
    }

    #[cfg(test)]
    pub(crate) fn forced_big(&self) -> Number {
        Number(Form::Fraction(Box::new(self.fraction())))
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
#[cold]
fn fraction_sum(left: BigRational, right: BigRational) -> Number {
    Number::settled(left + right)
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
#[cold]
fn fraction_difference(left: BigRational, right: BigRational) -> Number {
    Number::settled(left - right)
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
#[cold]
fn fraction_product(left: BigRational, right: BigRational) -> Number {
    Number::settled(left * right)
}

impl Ord for Number {
    #[inline]
    fn cmp(&self, other: &Number) -> Ordering {
        let fast = self.scaled().zip(other.scaled()).and_then(|(left, right)| left.aligned(right));
        match fast {
            Some((left, right, _)) => left.cmp(&right),
            None => self.fraction().cmp(&other.fraction()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Default for Number {
    fn default() -> Number {
        Number::ZERO
    }
}

impl From<i128> for Number {
    fn from(whole: i128) -> Number {
        Number::from_scaled(Scaled { mantissa: whole, scale: 0 })
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Number {
        Number::from(i128::from(whole))
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Number {
        Number::from(i128::from(whole))
    }
}

impl From<i32> for Number {
    fn from(whole: i32) -> Number {
        Number::from(i128::from(whole))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "a number as a string, such as \"12.5\" or \"1/3\"")
    }
}

#[cfg(test)]
pub(crate) mod tests;
