//! Whole numbers in base 36, as page keys and cells hold them.

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The shortest form, with a `-` before a negative number.
pub(crate) fn signed(value: i64) -> String {
    let mut rest = value.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[(rest % 36) as usize]));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// Reads what [`signed`] wrote; `None` for anything else.
pub(crate) fn parse_signed(text: &str) -> Option<i64> {
    let value = i64::from_str_radix(text, 36).ok()?;
    // One number, one text: no plus sign, no leading zero, no capitals.
    (signed(value) == text).then_some(value)
}

/// Nine digits, so that texts sort as numbers do: enough up to the year 5188.
pub(crate) fn fixed(value: i64) -> String {
    format!("{:0>9}", signed(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_round_trip_and_have_one_text_each() {
        for (value, text) in
            [(0, "0"), (1, "1"), (35, "z"), (36, "10"), (1_442_275_200_000, "iekleyo0"), (-1, "-1"), (-36, "-10")]
        {
            assert_eq!((signed(value).as_str(), parse_signed(text)), (text, Some(value)));
        }
        assert_eq!([parse_signed("+1"), parse_signed("01"), parse_signed("A"), parse_signed("")], [None; 4]);
        assert!(fixed(946_684_800_000) < fixed(95_617_584_000_000));
    }
}
