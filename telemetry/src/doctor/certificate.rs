//! For how long a certificate is valid.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Finding;

const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(21 * 24);
/// Whoever renews by himself has tried for weeks by then.
const MEND_BEFORE: SignedDuration = SignedDuration::from_hours(3 * 24);

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// What is to be said of `whose` certificate, given as DER.
pub fn judge(subject: &'static str, whose: &str, der: &[u8], now: Timestamp) -> Finding {
    let Some((begins, ends)) = validity(der) else {
        let wrong = "its end cannot be read";
        return Finding::warn(
            subject,
            whose,
            wrong,
            "look at it with `openssl x509 -enddate`",
        );
    };
    if begins > now {
        let to_do =
            "show the one that holds today, or set the clock of this machine, whichever is wrong";
        let looked_at = format!("{whose} is valid from {begins:.0} on");
        return Finding::mend(subject, looked_at, "it does not hold yet", to_do);
    }
    let left = ends.duration_since(now);
    let to_do = "renew it, and let it be renewed without anybody's help";
    if left < SignedDuration::ZERO {
        let looked_at = format!("{whose} was valid until {ends:.0}");
        return Finding::mend(subject, looked_at, "it has ended", to_do);
    }
    let days = left.as_hours() / 24;
    let looked_at = format!("{whose} is valid until {ends:.0}, for {days} days");
    if left < MEND_BEFORE {
        Finding::mend(subject, looked_at, "it ends in a moment", to_do)
    } else if left < WARN_BEFORE {
        Finding::warn(subject, looked_at, "it ends soon", to_do)
    } else {
        Finding::ok(subject, looked_at)
    }
}

/// When a certificate (X.509, as DER) ends; none where it is none.
pub fn ends_at(der: &[u8]) -> Option<Timestamp> {
    validity(der).map(|(_, ends)| ends)
}

/// From when to when it holds. RFC 5280, section 4.1.
fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, signed, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let mut rest = signed;
    let (first, _, behind) = element(rest)?;
    if first == VERSION {
        rest = behind;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (_, validity, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (begin, begins, behind) = element(validity)?;
    let (end, ends, _) = element(behind)?;
    let time = |tag: u8, text: &[u8]| time(tag, str::from_utf8(text).ok()?);
    Some((time(begin, begins)?, time(end, ends)?))
}

/// `251231235959Z`, or with four digits of the year.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let whole = match tag {
        UTC_TIME if text < "5" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", whole).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The first element of DER: its tag, its content, and what comes behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let mut length: usize = 0;
        for byte in bytes {
            length = length.checked_mul(256)?.checked_add(usize::from(*byte))?;
        }
        (length, rest)
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((tag, content, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate but for what nobody reads here.
    fn certificate(version: &[u8], end: &[u8]) -> Vec<u8> {
        let of = |tag: u8, parts: &[&[u8]]| {
            let content = parts.concat();
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], &content].concat()
        };
        let begin = of(UTC_TIME, &[b"250101000000Z"]);
        let validity = of(SEQUENCE, &[&begin, end]);
        let (serial, algorithm, issuer) = (of(2, &[&[7]]), of(SEQUENCE, &[]), of(SEQUENCE, &[]));
        let signed = of(
            SEQUENCE,
            &[version, &serial, &algorithm, &issuer, &validity, b"more"],
        );
        of(SEQUENCE, &[&signed, b"signature"])
    }

    #[test]
    fn the_end_is_read_in_both_ways_of_writing_it() {
        let utc = [&[UTC_TIME, 13][..], b"491231235959Z"].concat();
        let old = [&[UTC_TIME, 13][..], b"500101000000Z"].concat();
        let general = [&[GENERALIZED_TIME, 15][..], b"20991231235959Z"].concat();
        for (end, expected) in [
            (utc, "2049-12-31T23:59:59Z"),
            (old, "1950-01-01T00:00:00Z"),
            (general, "2099-12-31T23:59:59Z"),
        ] {
            for version in [&[VERSION, 3, 2, 1, 2][..], &[]] {
                let ends = ends_at(&certificate(version, &end)).unwrap();
                assert_eq!(ends, expected.parse().unwrap());
            }
        }
    }

    #[test]
    fn what_breaks_off_is_no_certificate() {
        let whole = certificate(&[], &[&[UTC_TIME, 13][..], b"491231235959Z"].concat());
        for length in 0..whole.len() {
            assert_eq!(ends_at(&whole[..length]), None, "{length}");
        }
        assert_eq!(
            ends_at(&[0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            None
        );
    }

    #[test]
    fn it_is_judged_by_the_days_that_are_left() {
        let der = certificate(&[], &[&[UTC_TIME, 13][..], b"261231000000Z"].concat());
        for (now, level, says) in [
            ("2024-12-31T00:00:00Z", "mend", "does not hold yet"),
            ("2026-11-28T00:00:00Z", "ok", "for 33 days"),
            ("2026-12-15T00:00:00Z", "warn", "for 16 days"),
            ("2026-12-29T00:00:00Z", "mend", "in a moment"),
            ("2027-01-01T00:00:00Z", "mend", "was valid until"),
        ] {
            let found = judge("tls", "the certificate", &der, now.parse().unwrap());
            assert_eq!(found.verdict.level(), level, "{now}");
            assert!(format!("{found:?}").contains(says), "{found:?}");
            assert!(!found.looked_at.contains("for -"), "{found:?}");
        }
    }
}
