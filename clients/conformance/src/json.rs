//! Expected JSON against what was found: exactly, or as a part of it.
//!
//! Where an exact value cannot be known, an object with one member that begins with `$` says what it must
//! be like: `{"$contains": "text"}`, `{"$from": 1}`, `{"$to": 9}`, `{"$between": [1, 9]}` (integers, or texts of
//! them), `{"$length": 32}` (of a text, in bytes), `{"$time": "utc"}` (RFC 3339, with `Z`).

use anyhow::{Result, bail, ensure};
use serde_json::{Number, Value};

/// Both are the same, whatever the order of members and the way in which a number is written.
pub fn same(expected: &Value, found: &Value) -> bool {
    if let Some((name, wanted)) = matcher(expected) {
        return matches(name, wanted, found);
    }
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let is_same = |(name, value): (&String, &Value)| {
                found.get(name).is_some_and(|it| same(value, it))
            };
            expected.len() == found.len() && expected.iter().all(is_same)
        }
        (Value::Array(expected), Value::Array(found)) => {
            let mut pairs = expected.iter().zip(found);
            expected.len() == found.len() && pairs.all(|(expected, found)| same(expected, found))
        }
        (Value::Number(expected), Value::Number(found)) => plain(expected) == plain(found),
        _ => expected == found,
    }
}

/// Every member that is expected is there; others may be.
pub fn has(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(members), Value::Object(found)) if matcher(expected).is_none() => members
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|it| has(value, it))),
        _ => same(expected, found),
    }
}

/// An error where a value holds a matcher that nobody knows, which would else match nothing.
pub fn check(value: &Value) -> Result<()> {
    match value {
        Value::Object(members) => {
            if members.keys().any(|name| name.starts_with('$')) {
                let Some((name, wanted)) = matcher(value) else {
                    bail!("a matcher stands alone in its object: {value}");
                };
                return check_matcher(name, wanted);
            }
            members.values().try_for_each(check)
        }
        Value::Array(items) => items.iter().try_for_each(check),
        _ => Ok(()),
    }
}

fn check_matcher(name: &str, wanted: &Value) -> Result<()> {
    let fits = match name {
        "$contains" => wanted.as_str().is_some_and(|text| !text.is_empty()),
        "$time" => wanted == "utc",
        "$from" | "$to" => wanted.is_i64(),
        "$length" => wanted.is_u64(),
        "$between" => bounds(wanted).is_some(),
        _ => bail!("there is no matcher {name}"),
    };
    ensure!(fits, "{name} cannot be {wanted}");
    Ok(())
}

fn matcher(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object()?;
    let (name, wanted) = members.iter().next()?;
    (members.len() == 1 && name.starts_with('$')).then_some((name.as_str(), wanted))
}

fn matches(name: &str, wanted: &Value, found: &Value) -> bool {
    match name {
        "$contains" => {
            let text = wanted.as_str().zip(found.as_str());
            text.is_some_and(|(wanted, found)| found.contains(wanted))
        }
        "$length" => {
            let length = found.as_str().map(|text| Value::from(text.len()));
            length.is_some_and(|length| length == *wanted)
        }
        "$time" => found.as_str().is_some_and(is_utc),
        "$from" => integers(found, wanted).is_some_and(|(found, from)| found >= from),
        "$to" => integers(found, wanted).is_some_and(|(found, to)| found <= to),
        "$between" => bounds(wanted)
            .zip(integer(found))
            .is_some_and(|((from, to), found)| (from..=to).contains(&found)),
        _ => false,
    }
}

fn integers(one: &Value, other: &Value) -> Option<(i64, i64)> {
    integer(one).zip(integer(other))
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn bounds(wanted: &Value) -> Option<(i64, i64)> {
    match wanted.as_array()?.as_slice() {
        [from, to] => from.as_i64().zip(to.as_i64()),
        _ => None,
    }
}

/// `2026-11-22T00:00:00Z`, with or without parts of a second.
fn is_utc(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else {
        return false;
    };
    let (seconds, parts) = text.split_once('.').unwrap_or((text, "0"));
    let shape: String = seconds
        .chars()
        .map(|char| if char.is_ascii_digit() { '0' } else { char })
        .collect();
    shape == "0000-00-00T00:00:00"
        && !parts.is_empty()
        && parts.chars().all(|char| char.is_ascii_digit())
}

/// 10.0 and 10 are one number.
fn plain(number: &Number) -> String {
    let text = number.to_string();
    if text.contains('.') && !text.contains(['e', 'E']) {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, has, same};

    #[test]
    fn a_body_is_the_same_only_with_every_member_and_no_other() {
        let body = json!({"code": "X", "limits": {"daily_usd": 10, "monthly_usd": null}});
        assert!(same(
            &body,
            &json!({"limits": {"monthly_usd": null, "daily_usd": 10.0}, "code": "X"})
        ));
        for other in [
            json!({"code": "Y", "limits": {"daily_usd": 10, "monthly_usd": null}}),
            json!({"code": "X", "limits": {"daily_usd": 10.000_001, "monthly_usd": null}}),
            json!({"code": "X", "limits": {"daily_usd": "10", "monthly_usd": null}}),
            json!({"code": "X", "limits": {"daily_usd": 10}}),
            json!({"code": "X", "limits": {"daily_usd": 10, "monthly_usd": null}, "more": 1}),
            json!("X"),
        ] {
            assert!(!same(&body, &other), "{other}");
        }
    }

    #[test]
    fn a_part_is_there_with_its_values() {
        let found = json!({"a": {"b": 1, "c": 2}, "d": [1, 2]});
        assert!(has(&json!({"a": {"b": 1}}), &found));
        assert!(has(&json!({"d": [1, 2]}), &found));
        for other in [
            json!({"a": {"b": 2}}),
            json!({"e": null}),
            json!({"d": [1]}),
            json!({"a": 1}),
        ] {
            assert!(!has(&other, &found), "{other}");
        }
    }

    #[test]
    fn a_matcher_refuses_what_is_not_like_it() {
        let time = json!({"$time": "utc"});
        assert!(same(&time, &json!("2026-11-22T00:00:00Z")));
        assert!(same(&time, &json!("2026-11-22T00:00:00.000Z")));
        for other in ["2026-11-22", "2026-11-22T00:00:00+00:00", "soon", ""] {
            assert!(!same(&time, &json!(other)), "{other}");
        }
        let positive = json!({"$from": 1});
        assert!(same(&positive, &json!("1")) && same(&positive, &json!(7)));
        assert!(!same(&positive, &json!("0")) && !same(&positive, &json!("1.5")));
        let between = json!({"$between": [1, 2]});
        assert!(same(&between, &json!(2)) && !same(&between, &json!(3)));
        let text = json!({"$contains": "search"});
        assert!(same(&text, &json!("a search")) && !same(&text, &json!("a sea")));
    }

    #[test]
    fn an_unknown_matcher_is_an_error() {
        assert!(check(&json!({"a": [{"$from": 1}]})).is_ok());
        for wrong in [
            json!({"a": {"$form": 1}}),
            json!({"$from": "1"}),
            json!({"$from": 1, "$to": 2}),
            json!({"$contains": ""}),
        ] {
            assert!(check(&wrong).is_err(), "{wrong}");
        }
    }
}
