//! An event as others read it: CloudEvents 1.0, structured JSON ([docs/events.md](../../../docs/events.md)).
//!
//! It keeps to what the common libraries agree on: no null among the attributes, `time` in UTC with
//! milliseconds, exactly `application/json`, and an object for `data`.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::queries::Waiting;

/// Of all events. One that changes what a member means gets another.
const SCHEMA_VERSION: u32 = 1;
/// The most bytes that AMQP has room for in a routing key.
const KEY_BYTES: usize = 255;

/// The content type of an event in this form.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// Always the same for the same event, and unlike any other's.
pub fn id(notice: &Waiting) -> String {
    format!("{}-{}", notice.account_id.simple(), notice.seq)
}

/// An event in full.
pub fn write(notice: &Waiting) -> Value {
    let mut data = match &notice.payload {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    };
    // What says nothing of it is somebody's own business.
    let is_public = data.remove("public") == Some(Value::Bool(true));
    let tenant = notice.tenant_id.as_deref().unwrap_or_default();
    let account = || notice.account_id.to_string();
    let mut event = json!({
        "specversion": "1.0",
        "id": id(notice),
        "source": format!("/tenants/{}", encoded(tenant)),
        "type": notice.kind,
        "subject": notice.user_id.clone().unwrap_or_else(account),
        "time": format!("{:.3}", notice.created_at.to_jiff()),
        "datacontenttype": "application/json",
        "dataschema": format!("urn:billing:event:{}:{SCHEMA_VERSION}", notice.kind),
        // Text, as the extension of this name wants it, and in the order of the numbers.
        "sequence": format!("{:012}", notice.seq),
        "public": is_public,
        "data": data,
    });
    if let (Value::Object(members), false) = (&mut event, tenant.is_empty()) {
        members.insert("tenant".to_owned(), tenant.into());
    }
    event
}

/// By which brokers choose its queues: the type, then the tenant.
pub fn routing_key(notice: &Waiting) -> String {
    let tenant = notice.tenant_id.as_deref().unwrap_or_default();
    let mut key = format!("{}.{tenant}", notice.kind);
    let end = (0..=KEY_BYTES.min(key.len())).rfind(|end| key.is_char_boundary(*end));
    key.truncate(end.unwrap_or_default());
    key
}

fn encoded(tenant: &str) -> String {
    let mut path = String::with_capacity(tenant.len());
    for byte in tenant.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // A string takes whatever is written to it.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use jiff_sqlx::ToSqlx;
    use uuid::Uuid;

    use super::*;

    fn badge(tenant: &str, payload: Value) -> Waiting {
        Waiting {
            account_id: Uuid::from_u128(7),
            seq: 12,
            kind: "badge.updated".to_owned(),
            payload,
            created_at: "2026-11-28T19:40:21.123987Z"
                .parse::<jiff::Timestamp>()
                .unwrap()
                .to_sqlx(),
            attempts: 0,
            tenant_id: Some(tenant.to_owned()),
            user_id: Some("42".to_owned()),
        }
    }

    #[test]
    fn an_event_says_what_every_library_of_cloudevents_reads() {
        let event = write(&badge("acme & co", json!({"public": true, "badge": null})));
        let expected = json!({
            "specversion": "1.0",
            "id": "00000000000000000000000000000007-12",
            "source": "/tenants/acme%20%26%20co",
            "type": "badge.updated",
            "subject": "42",
            "time": "2026-11-28T19:40:21.123Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:billing:event:badge.updated:1",
            "tenant": "acme & co",
            "sequence": "000000000012",
            "public": true,
            "data": {"badge": null},
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_does_not_say_that_it_is_public_is_not() {
        for payload in [json!({}), json!({"public": "true"}), json!(null)] {
            let event = write(&badge("acme", payload));
            assert_eq!(
                (&event["public"], &event["data"]),
                (&json!(false), &json!({}))
            );
        }
    }

    #[test]
    fn a_routing_key_has_the_type_and_the_tenant_and_fits() {
        assert_eq!(routing_key(&badge("acme", json!({}))), "badge.updated.acme");
        let long = routing_key(&badge(&"є".repeat(128), json!({})));
        assert!(long.len() <= KEY_BYTES && long.starts_with("badge.updated.є"));
    }
}
