//! Events against `docs/events/*.schema.json`: the part of JSON Schema that these use.

use std::path::Path;

use serde_json::Value;

/// The event is as its type's schema describes it, and has nothing that is not described.
pub fn assert_as_described(event: &Value) {
    let kind = event["type"].as_str().unwrap();
    let path = format!(
        "{}/../docs/events/{kind}.schema.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(Path::new(&path)).unwrap_or_else(|_| panic!("no {path}"));
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["dataschema"], schema["$id"]);
    assert_fits(event, &schema, kind);
}

fn assert_fits(value: &Value, schema: &Value, place: &str) {
    if let Some(only) = schema.get("const") {
        assert_eq!(value, only, "{place}");
    }
    if let Some(allowed) = schema.get("enum") {
        assert!(
            allowed.as_array().unwrap().contains(value),
            "{place}: {value}"
        );
    }
    if let Some(kinds) = schema.get("type") {
        let kinds = kinds
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![kinds.clone()]);
        let is_one = kinds.iter().any(|kind| is(value, kind.as_str().unwrap()));
        assert!(is_one, "{place}: {value} is none of {kinds:?}");
    }
    let is_time = schema
        .get("format")
        .is_some_and(|format| format == "date-time");
    if let Some(text) = value.as_str().filter(|_| is_time) {
        assert!(text.parse::<jiff::Timestamp>().is_ok(), "{place}: {value}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            value.get(name.as_str().unwrap()).is_some(),
            "{place} lacks {name}"
        );
    }
    if let Some(described) = schema.get("properties") {
        for (name, member) in value.as_object().unwrap() {
            let schema = described
                .get(name)
                .unwrap_or_else(|| panic!("{place}.{name} is not described"));
            assert_fits(member, schema, &format!("{place}.{name}"));
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}
