//! Answers, books, state and log against those that were expected.

use serde_json::Value;

use crate::json;
use crate::mismatch::{Mismatch, line};
use crate::scenario::{Books, Expect, Log, State};
use crate::subject::Answer;

pub fn answer(expected: &Expect, found: &Answer) -> Result<(), Mismatch> {
    if !json::same(&expected.status, &Value::from(found.status)) {
        let shown = format!("status {} {}", found.status, found.text);
        return Err(Mismatch::new(format!("status {}", expected.status), shown));
    }
    let body = serde_json::from_str(&found.text).unwrap_or(Value::Null);
    if let Some(wanted) = &expected.body
        && !json::same(wanted, &body)
    {
        return Err(Mismatch::new(format!("body {wanted}"), &found.text));
    }
    if let Some(wanted) = &expected.body_has
        && !json::has(wanted, &body)
    {
        return Err(Mismatch::new(format!("body with {wanted}"), &found.text));
    }
    for (name, wanted) in &expected.headers {
        let value = found
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        let shown = value.map_or(Value::Null, Value::from);
        if !json::same(wanted, &shown) {
            return Err(Mismatch::new(format!("header {name}: {wanted}"), shown));
        }
    }
    if let Some(within_ms) = expected.within_ms
        && found.took.as_millis() > u128::from(within_ms)
    {
        return Err(Mismatch::new(
            format!("an answer within {within_ms} ms"),
            format!("{} ms", found.took.as_millis()),
        ));
    }
    Ok(())
}

pub fn books(expected: &Books, found: &Books) -> Result<(), Mismatch> {
    let holds = is_or_any(
        expected.settled_micros.as_ref(),
        found.settled_micros.as_ref(),
    ) && is_or_any(expected.held_micros.as_ref(), found.held_micros.as_ref())
        && is_or_any(expected.charges.as_ref(), found.charges.as_ref());
    if holds {
        return Ok(());
    }
    Err(Mismatch::new(line(expected), line(found)))
}

/// `found` is the answer of `/state`.
pub fn state(expected: &State, found: &Value) -> Result<(), Mismatch> {
    let number = |name: &str| found.get(name).and_then(Value::as_u64);
    let holds = is_or_any(expected.backlog.as_ref(), number("backlog").as_ref())
        && is_or_any(expected.calls.as_ref(), number("calls").as_ref());
    if holds {
        return Ok(());
    }
    Err(Mismatch::new(line(expected), found))
}

/// `found` is the answer of `/state`. Where more lines are like it than were expected, no waiting helps.
pub fn log(expected: &Log, user: &str, found: &Value) -> Result<(), Mismatch> {
    let lines = found.get("log").and_then(Value::as_array);
    let Some(lines) = lines else {
        return Err(Mismatch::new("a log in /state", found));
    };
    let texts: Vec<_> = expected
        .contains
        .iter()
        .map(|text| text.replace("${user}", user).to_lowercase())
        .collect();
    let is_like = |logged: &&Value| {
        let text = |name: &str| logged.get(name).and_then(Value::as_str).unwrap_or_default();
        let message = text("message").to_lowercase();
        let level = expected.level.as_deref();
        level.is_none_or(|level| level == plain(text("level")))
            && texts.iter().all(|text| message.contains(text))
    };
    let count = lines.iter().filter(is_like).count();
    if expected.times.map_or(count > 0, |times| count == times) {
        return Ok(());
    }
    let shown: Vec<_> = lines.iter().map(line).collect();
    Err(Mismatch::new(
        format!("log: {}", line(expected)),
        format!("{count} like it\n      {}", shown.join("\n      ")),
    ))
}

/// Languages name the level in their own way.
fn plain(level: &str) -> String {
    let level = level.to_lowercase();
    if level == "warning" {
        return "warn".to_owned();
    }
    level
}

fn is_or_any<T: PartialEq>(expected: Option<&T>, found: Option<&T>) -> bool {
    expected.is_none() || expected == found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};
    use serde_json::{Value, json};

    use super::{answer, books, log, state};
    use crate::subject::Answer;

    fn answered(status: u16, body: &Value) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("60"));
        Answer {
            status,
            headers,
            text: body.to_string(),
            took: Duration::from_millis(500),
        }
    }

    fn accepts(expected: &Value, found: &Answer) -> bool {
        answer(&serde_json::from_value(expected.clone()).unwrap(), found).is_ok()
    }

    #[test]
    fn a_wrong_status_body_header_or_time_is_noticed() {
        let found = answered(402, &json!({"code": "X", "balance": {"current_usd": 0.25}}));
        let whole = json!({"code": "X", "balance": {"current_usd": 0.25}});
        for right in [
            json!({"status": 402, "body": whole, "headers": {"Retry-After": "60"}}),
            json!({"status": 402, "body_has": {"code": "X"}, "within_ms": 500}),
            json!({"status": 402, "headers": {"retry-after": {"$from": 1}}}),
        ] {
            assert!(accepts(&right, &found), "{right}");
        }
        for wrong in [
            json!({"status": 200}),
            json!({"status": 402, "body": {"code": "X"}}),
            json!({"status": 402, "body": {"code": "X", "balance": {"current_usd": 0.2}}}),
            json!({"status": 402, "body_has": {"code": "Y"}}),
            json!({"status": 402, "body_has": {"topup_url": null}}),
            json!({"status": 402, "headers": {"retry-after": {"$from": 61}}}),
            json!({"status": 402, "headers": {"www-authenticate": "Bearer"}}),
            json!({"status": 402, "within_ms": 499}),
        ] {
            assert!(!accepts(&wrong, &found), "{wrong}");
        }
        let mut page = found;
        page.text = "Bad Gateway".to_owned();
        assert!(!accepts(
            &json!({"status": 402, "body": {"code": "X"}}),
            &page
        ));
    }

    #[test]
    fn a_wrong_charge_or_balance_is_noticed() {
        let found =
            json!({"settled_micros": 960_000, "held_micros": 0, "charges": [20_000, 20_000]});
        let found = serde_json::from_value(found).unwrap();
        let accepts =
            |expected: Value| books(&serde_json::from_value(expected).unwrap(), &found).is_ok();
        assert!(accepts(
            json!({"settled_micros": 960_000, "charges": [20_000, 20_000]})
        ));
        for wrong in [
            json!({"settled_micros": 980_000}),
            json!({"held_micros": 20_000}),
            json!({"charges": []}),
            json!({"charges": [20_000]}),
            json!({"charges": [20_000, 20_001]}),
        ] {
            assert!(!accepts(wrong.clone()), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_backlog_and_a_missing_or_repeated_line_are_noticed() {
        let found = json!({"backlog": 1, "calls": 0, "log": [
            {"level": "WARNING", "message": "Search: core is not reachable"},
            {"level": "error", "message": "lost an end of search for u1"},
        ]});
        let is_state =
            |expected: Value| state(&serde_json::from_value(expected).unwrap(), &found).is_ok();
        assert!(is_state(json!({"backlog": 1, "calls": 0})));
        assert!(!is_state(json!({"backlog": 0})) && !is_state(json!({"calls": 1})));

        let is_logged =
            |expected: Value| log(&serde_json::from_value(expected).unwrap(), "u1", &found).is_ok();
        assert!(is_logged(json!({"contains": ["search"], "times": 2})));
        assert!(is_logged(
            json!({"contains": ["search"], "level": "warn", "times": 1})
        ));
        assert!(is_logged(
            json!({"contains": ["search", "${user}"], "level": "error"})
        ));
        for wrong in [
            json!({"contains": ["search"], "times": 1}),
            json!({"contains": ["summarize"]}),
            json!({"contains": ["reachable"], "level": "error"}),
            json!({"contains": ["search", "reachable", "lost"]}),
        ] {
            assert!(!is_logged(wrong.clone()), "{wrong}");
        }
    }
}
