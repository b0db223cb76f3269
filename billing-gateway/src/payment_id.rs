//! The names that we give payments.

/// Two UUIDs without dashes, the account's and the payment's own.
const PART_BYTES: usize = 32;

/// Whether `text` may be our name of a payment. Nothing in one can leave its place in a path.
pub(crate) fn is_payment_id(text: &str) -> bool {
    let is_part =
        |part: &str| part.len() == PART_BYTES && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once('-')
        .is_some_and(|(account, payment)| is_part(account) && is_part(payment))
}

/// A contribution's name: its payment's number in Crockford's base 32, as ULIDs are written
/// (<https://github.com/ulid/spec>). None for what is no name of a payment.
pub(crate) fn ulid_of(payment_id: &str) -> Option<String> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: u32 = 26;
    let (_, number) = payment_id.split_once('-')?;
    let number = u128::from_str_radix(number, 16).ok()?;
    let digit = |place: u32| {
        let digit = usize::try_from((number >> (5 * place)) & 31).ok()?;
        DIGITS.get(digit).copied().map(char::from)
    };
    (0..LENGTH).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_payment_id, ulid_of};

    #[test]
    fn a_contribution_is_called_by_its_payments_number() {
        let account = "0123456789abcdef0123456789abcdef";
        let ulid = |number: &str| ulid_of(&format!("{account}-{number}"));
        // The specification's own example.
        let example = ulid("01563df3648100000000000000000000");
        assert_eq!(example.unwrap(), "01ARYZ6S410000000000000000");
        let most = ulid("ffffffffffffffffffffffffffffffff");
        assert_eq!(most.unwrap(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(ulid("x"), None);
        assert_eq!(ulid_of(account), None);
    }

    #[test]
    fn what_could_leave_its_place_in_a_path_is_no_name_of_ours() {
        let part = "0123456789abcdef0123456789abcdef";
        assert!(is_payment_id(&format!("{part}-{part}")));
        for id in [
            String::new(),
            "..".to_owned(),
            part.to_owned(),
            format!("{part}/{part}"),
            format!("{part}-{}", part.replace('0', "%")),
            format!("{part}-{part}-{part}"),
            format!("{part}-{part} "),
            "pi_1".to_owned(),
        ] {
            assert!(!is_payment_id(&id), "{id}");
        }
    }
}
