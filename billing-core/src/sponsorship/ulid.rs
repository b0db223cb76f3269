//! A contribution's name: its payment's number in Crockford's base 32, as ULIDs are written
//! (<https://github.com/ulid/spec>).

use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

/// 26 characters, upper case.
pub fn of(number: Uuid) -> String {
    let mut left = number.as_u128();
    let mut text = vec!['0'; LENGTH];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(left & 31).unwrap_or_default();
        *place = DIGITS.get(digit).copied().map_or('0', char::from);
        left >>= 5;
    }
    text.into_iter().collect()
}

/// In either case of letters. None for what is no ULID.
pub fn parse(text: &str) -> Option<Uuid> {
    if text.len() != LENGTH {
        return None;
    }
    let mut number = 0_u128;
    for byte in text.bytes() {
        let upper = byte.to_ascii_uppercase();
        let digit = DIGITS.iter().position(|known| *known == upper)?;
        // 26 digits are 130 bits: the first one is at most 7.
        if number >> 123 != 0 {
            return None;
        }
        number = (number << 5) | u128::try_from(digit).ok()?;
    }
    Some(Uuid::from_u128(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_is_read_back_in_either_case_and_sorts_by_time() {
        let number = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let text = of(number);
        assert_eq!(text.len(), 26);
        assert_eq!(parse(&text), Some(number));
        assert_eq!(parse(&text.to_lowercase()), Some(number));
        assert!(of(Uuid::from_u128(number.as_u128() + (1 << 80))) > text);
        assert_eq!(of(Uuid::max()), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), Some(Uuid::max()));
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "01HQ",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "0000000000000000000000000I",
            "0000000000000000000000000U",
            "0000000000000000000000000 ",
            "000000000000000000000000000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
