//! Whole numbers with a decimal point: the fast path of `Number`.

use rust_decimal::Decimal;

/// The most digits after the point; ten to that power still fits.
pub(crate) const MOST_SCALE: u8 = 38;

/// 1, 10, 100 ... as far as 128 bits reach.
const POWERS_OF_TEN: [i128; 39] = powers_of_ten();

/// `mantissa` divided by ten to the power of `scale`, which is at most 38.
///
/// Whatever does not fit gives None and is computed as a fraction; nothing is ever rounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled {
    pub(crate) mantissa: i128,
    pub(crate) scale: u8,
}

impl Scaled {
    /// A decimal, whose scale is at most 28.
    #[inline]
    pub(crate) fn of_decimal(decimal: Decimal) -> Scaled {
        Scaled { mantissa: decimal.mantissa(), scale: u8::try_from(decimal.scale()).unwrap_or_default() }
    }

    #[inline]
    pub(crate) fn add(self, other: Scaled) -> Option<Scaled> {
        let (left, right, scale) = self.aligned(other)?;
        Some(Scaled { mantissa: left.checked_add(right)?, scale })
    }

    #[inline]
    pub(super) fn subtract(self, other: Scaled) -> Option<Scaled> {
        let (left, right, scale) = self.aligned(other)?;
        Some(Scaled { mantissa: left.checked_sub(right)?, scale })
    }

    #[inline]
    pub(super) fn multiply(self, other: Scaled) -> Option<Scaled> {
        let scale = self.scale.checked_add(other.scale).filter(|&scale| scale <= MOST_SCALE)?;
        Some(Scaled { mantissa: product(self.mantissa, other.mantissa)?, scale })
    }

    /// Both mantissas at the finer of the two scales.
    #[inline]
    pub(crate) fn aligned(self, other: Scaled) -> Option<(i128, i128, u8)> {
        if self.scale == other.scale {
            return Some((self.mantissa, other.mantissa, self.scale));
        }
        let scale = self.scale.max(other.scale);
        Some((self.mantissa_at(scale)?, other.mantissa_at(scale)?, scale))
    }

    /// The mantissa at a scale that is not less than its own.
    #[inline]
    pub(crate) fn mantissa_at(self, scale: u8) -> Option<i128> {
        match scale.checked_sub(self.scale)? {
            0 => Some(self.mantissa),
            finer => product(self.mantissa, power_of_ten(finer)?),
        }
    }
}

/// Ten to a power, where that fits.
#[inline]
pub(crate) fn power_of_ten(exponent: u8) -> Option<i128> {
    POWERS_OF_TEN.get(usize::from(exponent)).copied()
}

/// A product; two factors of 64 bits take the short way.
#[inline]
fn product(left: i128, right: i128) -> Option<i128> {
    match (i64::try_from(left), i64::try_from(right)) {
        (Ok(left), Ok(right)) => i128::from(left).checked_mul(i128::from(right)),
        _ => left.checked_mul(right),
    }
}

const fn powers_of_ten() -> [i128; 39] {
    let mut powers = [1_i128; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent.wrapping_sub(1)].wrapping_mul(10);
        exponent = exponent.wrapping_add(1);
    }
    powers
}
