//! Where a caller is reached, as the token says and nothing else.

use std::fmt;

use serde_json::{Map, Value};

/// The longest address that mail can be sent to (RFC 5321, section 4.5.3.1.3).
const EMAIL_BYTES_MAX: usize = 254;
/// The longest name that the core takes.
const NAME_BYTES_MAX: usize = 255;

/// What is known of it; empty: not known.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    pub email: String,
    pub name: String,
}

/// Names of claims; none: it is never known.
#[derive(Clone, Debug, Default)]
pub struct ContactClaims {
    pub email: Option<String>,
    pub name: Option<String>,
}

impl ContactClaims {
    /// A claim that is missing, or no address or name, leaves it unknown: a token is good without.
    pub(super) fn read(&self, claims: &Map<String, Value>) -> Contact {
        let text = |claim: &Option<String>| {
            let text = claim.as_ref().and_then(|claim| claims.get(claim)?.as_str());
            text.unwrap_or_default()
        };
        let (email, name) = (text(&self.email), text(&self.name));
        Contact {
            email: only(email, is_email(email)),
            name: only(name, is_name(name)),
        }
    }
}

fn only(text: &str, fits: bool) -> String {
    if fits { text.to_owned() } else { String::new() }
}

/// Whether mail may be sent there, as far as that can be told without sending it.
pub(crate) fn is_email(text: &str) -> bool {
    text.len() <= EMAIL_BYTES_MAX
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control) && !text.trim().is_empty()
}

/// Personal data is nobody's to log.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Contact, ContactClaims};

    fn read(claims: &Value) -> Contact {
        let names = ContactClaims {
            email: Some("email".to_owned()),
            name: Some("name".to_owned()),
        };
        names.read(claims.as_object().unwrap())
    }

    #[test]
    fn only_what_is_configured_and_fits_is_known() {
        let claims = json!({"email": "a@b.example", "name": "Ім'я"});
        let known = read(&claims);
        assert_eq!(
            (known.email.as_str(), known.name.as_str()),
            ("a@b.example", "Ім'я")
        );
        assert!(!format!("{known:?}").contains("example"));
        let nothing = ContactClaims::default().read(claims.as_object().unwrap());
        assert_eq!(nothing, Contact::default());
        for email in [
            json!(7),
            json!(null),
            json!(""),
            json!("nobody"),
            json!("a@b"),
            json!("a b@c.example"),
            json!("a@b.example\r\nbcc: x@y.example"),
            json!(format!("{}@b.example", "a".repeat(250))),
        ] {
            assert_eq!(
                read(&json!({"email": email})),
                Contact::default(),
                "{email}"
            );
        }
        for name in [
            json!("a\nb"),
            json!(" "),
            json!("é".repeat(128)),
            json!(["a"]),
        ] {
            assert_eq!(read(&json!({"name": name})), Contact::default(), "{name}");
        }
    }
}
