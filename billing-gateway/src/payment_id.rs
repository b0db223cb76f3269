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

#[cfg(test)]
mod tests {
    use super::is_payment_id;

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
