//! Which words of a token are an address that mail can be sent to, and which a name that it may greet.
//! Whoever fills in a [`Contact`](crate::v1::Contact) and the core ask the same functions.

use std::net::Ipv4Addr;

use email_address::{EmailAddress, Options};

/// The longest address that mail knows (RFC 5321, section 4.5.3.1.3, without the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// The longest name that is remembered.
const NAME_BYTES_MAX: usize = 255;
/// A name with so many digits may hold a telephone number, which is a link on a telephone.
const DIGITS_MAX: usize = 6;

/// One address as every mail server takes it: letters and digits of ASCII before the `@`, unquoted, and
/// a domain with a dot, its other letters written as `xn--…`. None: no mail can be sent there.
pub fn address(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let address = format!("{local}@{}", domain_of_ascii(domain)?);
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    let fits = address.len() <= ADDRESS_BYTES_MAX
        // The rest needs SMTPUTF8, or is quoted and breaks half of what reads addresses.
        && local.is_ascii()
        && !local.contains('"')
        && EmailAddress::parse_with_options(&address, options).is_ok();
    fits.then_some(address)
}

/// A domain as it is looked up: in small ASCII letters. None for what is no name of a host, as
/// `127.0.0.1`.
pub fn domain_of_ascii(domain: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    domain.parse::<Ipv4Addr>().is_err().then_some(domain)
}

/// A name, trimmed, as it may stand in a greeting. None for what a mail program could make a link of,
/// what turns the line around or hides in it, and what is too long: the greeting does without it.
pub fn name(text: &str) -> Option<String> {
    let name = text.trim();
    let digits = name.chars().filter(|c| c.is_numeric()).count();
    let fits = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && digits <= DIGITS_MAX
        && !name.chars().any(is_no_part_of_a_name)
        && !has_a_domain(name);
    fits.then(|| name.to_owned())
}

/// Controls, what has no width or turns the line around (but the joiners, which names are written
/// with), and the marks of links, addresses and markup.
fn is_no_part_of_a_name(c: char) -> bool {
    c.is_control()
        || matches!(c, '@' | ':' | '/' | '\\' | '<' | '>')
        || matches!(
            c,
            '\u{ff20}' | '\u{ff1a}' | '\u{ff0f}' | '\u{ff3c}' | '\u{ff1c}' | '\u{ff1e}'
        )
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a dot, of any script, stands within a word as it does in a domain or an IP address: before
/// two letters or more, or between digits. The initials of `J.R.R. Tolkien` are none.
fn has_a_domain(name: &str) -> bool {
    let is_dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}');
    name.split(char::is_whitespace).any(|word| {
        let parts: Vec<&str> = word.split(is_dot).collect();
        let mut dots = parts.windows(2);
        dots.any(|around| matches!(around, [before, after] if is_of_a_domain(before, after)))
    })
}

/// Whether a dot between these is.
fn is_of_a_domain(before: &str, after: &str) -> bool {
    let (last, first) = (before.chars().next_back(), after.chars().next());
    let is_digit = |c: Option<char>| c.is_some_and(char::is_numeric);
    let letters = after.chars().take_while(|c| c.is_alphanumeric()).count();
    let within_a_word = last.is_some_and(char::is_alphanumeric) && letters > 1;
    within_a_word || is_digit(last) && is_digit(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{address, name};

    #[test]
    fn an_address_is_one_plain_address_with_its_domain_in_ascii() {
        for (text, expected) in [
            ("a@b.example", "a@b.example"),
            ("Olena.K+billing@B.Example", "Olena.K+billing@b.example"),
            ("o'neil_=@b-c.example", "o'neil_=@b-c.example"),
            ("olena@приклад.укр", "olena@xn--80aikifvh.xn--j1amh"),
            ("olena@bücher.example", "olena@xn--bcher-kva.example"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ] {
            assert_eq!(address(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_mail_cannot_be_sent_to_is_no_address() {
        let long = format!("{}@b.example", "a".repeat(65));
        let labels = format!("a@{}example", "b.".repeat(125));
        for text in [
            "",
            "nobody",
            "@",
            "@b.example",
            "a@",
            "a@b",
            "a@b.",
            "a@.example",
            "a@b..example",
            "a@b.example.",
            "a@@b.example",
            "a@x.example;b@y.example",
            "a@x.example,b@y.example",
            "a@x.example b@y.example",
            "A <a@b.example>",
            "<a@b.example>",
            r#""a b"@b.example"#,
            r#""a@c.example"@b.example"#,
            "a(comment)@b.example",
            ".a@b.example",
            "a..b@b.example",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@1.2.3.4",
            "a@b_c.example",
            "a@-b.example",
            "a b@c.example",
            " a@b.example",
            "a@b.example\r\nbcc: x@y.example",
            "a\0@b.example",
            "олена@приклад.укр",
            "a@xn--a.example",
            "mailto:a@b.example",
            &long,
            &labels,
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_what_people_are_called() {
        for text in [
            "Olena Koval",
            "Олена Коваль-Іваненко",
            "Ім'я О’Ніл",
            "J.R.R. Tolkien",
            "Dr. Ada Lovelace, Jr.",
            "О. С. Коваль",
            "李小龍",
            "نرگس‌ محمدی",
            "Louis XIV",
            "user_42",
        ] {
            assert_eq!(name(text).as_deref(), Some(text), "{text}");
        }
        assert_eq!(name("  Olena \t").as_deref(), Some("Olena"));
    }

    #[test]
    fn a_name_with_a_link_an_address_or_a_hidden_character_is_left_out() {
        let long = "é".repeat(128);
        for text in [
            "",
            " ",
            "Visit http://evil.example now",
            "evil.example",
            "Visit www.evil.example",
            "evil。example",
            "evil．example",
            "(evil.co)",
            "1.1.1.1",
            "call 0800 555 010",
            "a@b",
            "a＠b.example",
            "mailto:olena",
            "olena/koval",
            "<b>Olena</b>",
            "Olena\nYour account is closed",
            "Olena\u{2028}Koval",
            "Olena\u{202e}lavoK",
            "Ole\u{200b}na",
            "\u{feff}Olena",
            "Olena\0",
            &long,
        ] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_ascii_and_an_address_again(text in "[^@]{0,20}@?[^@]{0,20}|\\PC*") {
            if let Some(found) = address(&text) {
                prop_assert!(found.is_ascii() && found.len() <= 254);
                prop_assert!(!found.contains(|c: char| c.is_whitespace() || c.is_control()));
                prop_assert_eq!(address(&found), Some(found));
            }
        }

        #[test]
        fn a_name_stays_one_line_and_is_a_name_again(text in "\\PC*|.*") {
            if let Some(found) = name(&text) {
                prop_assert!(!found.chars().any(char::is_control));
                prop_assert!(!found.contains("://") && !found.contains('@'));
                prop_assert_eq!(name(&found), Some(found));
            }
        }
    }
}
