//! The requests that passed between subject and core, against those that were expected.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::json;
use crate::mismatch::{Mismatch, line};
use crate::scenario::{FaultKind, Pattern, Requests, Rpc};

/// One request, and what the subject was told.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seen {
    /// As in the request's path.
    pub name: String,
    #[serde(skip)]
    pub rpc: Option<Rpc>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The hold that it names, or that it placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle_expired: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allows_debt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_timeout_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// None while it was told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// The keys and holds that names stand for.
#[derive(Clone, Default)]
struct Bound {
    keys: BTreeMap<String, String>,
    holds: BTreeMap<String, String>,
}

/// An error that says which expectation does not hold.
pub fn compare(expected: &Requests, found: &[Seen]) -> Result<(), Mismatch> {
    let mut bound = Bound::default();
    let mut next = 0;
    for pattern in &expected.calls {
        let mut rest = found.iter().enumerate().skip(next);
        let hit = rest.find_map(|(at, seen)| Some((at, fits(pattern, seen, &bound)?)));
        let Some((at, now)) = hit else {
            return Err(mismatch(format!("{}, in this order", line(pattern)), found));
        };
        (bound, next) = (now, at + 1);
    }
    for pattern in &expected.calls {
        let count = count(pattern, found, &bound);
        let enough = pattern.at_least.is_none_or(|least| count >= least);
        if !enough || pattern.times.is_some_and(|times| count != times) {
            return Err(mismatch(
                format!("{} and not {count}", line(pattern)),
                found,
            ));
        }
    }
    for pattern in &expected.not {
        if count(pattern, found, &bound) > 0 {
            return Err(mismatch(format!("none like {}", line(pattern)), found));
        }
    }
    if let Some(every) = &expected.every
        && (found.is_empty() || count(every, found, &bound) != found.len())
    {
        return Err(mismatch(format!("each like {}", line(every)), found));
    }
    let total: usize = expected.calls.iter().map(|it| it.times.unwrap_or(1)).sum();
    if expected.all && total != found.len() {
        return Err(mismatch(format!("{total} and no other"), found));
    }
    Ok(())
}

fn mismatch(expected: impl std::fmt::Display, found: &[Seen]) -> Mismatch {
    Mismatch::new(format!("requests: {expected}"), listed(found))
}

/// One a line.
pub fn listed(found: &[Seen]) -> String {
    if found.is_empty() {
        return "no request".to_owned();
    }
    let lines: Vec<_> = found.iter().map(line).collect();
    format!("\n      {}", lines.join("\n      "))
}

fn count(pattern: &Pattern, found: &[Seen], bound: &Bound) -> usize {
    found
        .iter()
        .filter(|seen| fits(pattern, seen, bound).is_some())
        .count()
}

/// The names with what they stand for then; none where the request is not like the pattern.
fn fits(pattern: &Pattern, seen: &Seen, bound: &Bound) -> Option<Bound> {
    let plain = is_or_any(pattern.rpc, seen.rpc)
        && is_or_any(pattern.settle_expired, seen.settle_expired)
        && is_or_any(pattern.allows_debt, seen.allows_debt)
        && is_or_any(pattern.fault, seen.fault)
        && is_or_any(pattern.status.as_ref(), seen.status.as_ref())
        && is_or_any(pattern.request_is_trace, Some(request_is_trace(seen)))
        && is_like(pattern.cost.as_ref(), seen.cost.clone())
        && is_like(pattern.ttl_ms.as_ref(), seen.ttl_ms.map(Value::from))
        && is_like(
            pattern.trace_id.as_ref(),
            seen.trace_id.clone().map(Value::from),
        )
        && is_like(
            pattern.grpc_timeout_ms.as_ref(),
            seen.grpc_timeout_ms.map(Value::from),
        );
    if !plain {
        return None;
    }
    let mut bound = bound.clone();
    if let Some(name) = &pattern.same_key {
        let key = seen.key.as_ref()?;
        let (name, stem) = match name.split_once(':') {
            Some((name, suffix)) => (name, key.strip_suffix(suffix)?.strip_suffix(':')?),
            None => (name.as_str(), key.as_str()),
        };
        bind(&mut bound.keys, name, stem)?;
    }
    if let Some(name) = &pattern.same_hold {
        bind(&mut bound.holds, name, seen.hold.as_ref()?)?;
    }
    Some(bound)
}

/// None where the name stands for something else already, or another name for this.
fn bind(names: &mut BTreeMap<String, String>, name: &str, value: &str) -> Option<()> {
    if let Some(known) = names.get(name) {
        return (known == value).then_some(());
    }
    if names.values().any(|known| known == value) {
        return None;
    }
    names.insert(name.to_owned(), value.to_owned());
    Some(())
}

fn request_is_trace(seen: &Seen) -> bool {
    seen.request_id.is_some() && seen.request_id == seen.trace_id
}

fn is_or_any<T: Copy + PartialEq>(expected: Option<T>, found: Option<T>) -> bool {
    expected.is_none() || expected == found
}

fn is_like(expected: Option<&Value>, found: Option<Value>) -> bool {
    match (expected, found) {
        (None, _) => true,
        (Some(expected), Some(found)) => json::has(expected, &found),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Seen, compare};
    use crate::scenario::{Requests, Rpc};

    fn seen(name: &str, key: Option<&str>, hold: Option<&str>) -> Seen {
        Seen {
            name: name.to_owned(),
            rpc: Rpc::of(name),
            key: key.map(str::to_owned),
            hold: hold.map(str::to_owned),
            ..Seen::default()
        }
    }

    fn holds(expected: serde_json::Value, found: &[Seen]) -> bool {
        let expected: Requests = serde_json::from_value(expected).unwrap();
        compare(&expected, found).is_ok()
    }

    #[test]
    fn a_missing_a_second_and_a_forbidden_request_are_noticed() {
        let found = [
            seen("CheckBalance", None, None),
            seen("PlaceHold", Some("k"), Some("h")),
            seen("PlaceHold", Some("k"), Some("h")),
            seen("CaptureHold", None, Some("h")),
        ];
        let place = json!({"rpc": "PlaceHold", "same_key": "a", "same_hold": "h", "times": 2});
        let capture = json!({"rpc": "CaptureHold", "same_hold": "h"});
        let check = json!({"rpc": "CheckBalance"});
        assert!(holds(
            json!({"calls": [check, place, capture], "all": true}),
            &found
        ));
        assert!(!holds(json!({"calls": [{"rpc": "ReleaseHold"}]}), &found));
        assert!(!holds(
            json!({"calls": [{"rpc": "PlaceHold", "times": 1}]}),
            &found
        ));
        assert!(!holds(
            json!({"calls": [{"rpc": "PlaceHold", "at_least": 3}]}),
            &found
        ));
        assert!(!holds(json!({"calls": [capture, check]}), &found));
        assert!(!holds(
            json!({"calls": [place, capture], "all": true}),
            &found
        ));
        assert!(!holds(json!({"not": [{"rpc": "CheckBalance"}]}), &found));
        assert!(!holds(json!({"every": {"rpc": "PlaceHold"}}), &found));
        assert!(!holds(json!({"every": {}}), &[]));
        assert!(!holds(json!({"all": true}), &found));
    }

    #[test]
    fn one_name_is_one_key_and_two_names_are_two() {
        let found = [
            seen("PlaceHold", Some("k"), None),
            seen("PlaceHold", Some("l"), None),
            seen("Charge", Some("k:late"), None),
        ];
        let place = |key: &str| json!({"rpc": "PlaceHold", "same_key": key});
        assert!(holds(json!({"calls": [place("a"), place("b")]}), &found));
        assert!(!holds(json!({"calls": [place("a"), place("a")]}), &found));
        let charge = |key: &str| json!({"calls": [place("a"), {"rpc": "Charge", "same_key": key}]});
        assert!(holds(charge("a:late"), &found));
        // `b:late` is that of another key than `a`'s, and there is none.
        for key in ["a", "a:open", "b:late"] {
            assert!(!holds(charge(key), &found), "{key}");
        }
        let same = [found[0].clone(), found[0].clone()];
        assert!(!holds(json!({"calls": [place("a"), place("b")]}), &same));
    }

    #[test]
    fn a_member_that_a_request_lacks_is_noticed() {
        let found = [seen("PlaceHold", Some("k"), None)];
        for pattern in [
            json!({"grpc_timeout_ms": {"$from": 1}}),
            json!({"cost": {"tool": "search"}}),
            json!({"settle_expired": true}),
            json!({"request_is_trace": true}),
            json!({"status": "OK"}),
            json!({"fault": "unavailable"}),
        ] {
            assert!(!holds(json!({"every": pattern}), &found), "{pattern}");
        }
    }
}
