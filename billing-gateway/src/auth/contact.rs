//! Where a caller is reached, as the token says and nothing else.

use std::fmt;

use billing_proto::contact::{address, name};
use serde_json::Value;

use super::claims::Claims;

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
    /// None where no claim is configured. A claim that is missing, or no address or name, leaves it
    /// unknown: a token is good without.
    pub(super) fn read(&self, claims: &Claims) -> Option<Contact> {
        if self.email.is_none() && self.name.is_none() {
            return None;
        }
        let text = |claim: &Option<String>| match claims.get(claim.as_ref()?)? {
            Ok(Value::String(text)) => Some(text),
            Ok(_) | Err(_) => None,
        };
        let email = text(&self.email).filter(|_| !self.is_unverified(claims));
        Some(Contact {
            email: email.as_deref().and_then(address).unwrap_or_default(),
            name: text(&self.name)
                .as_deref()
                .and_then(name)
                .unwrap_or_default(),
        })
    }

    /// Whether the token says of its address that nobody has shown it to be theirs: by the standard claim
    /// `email_verified`, or by what stands beside a claim of another name. One that does not say
    /// anything of it is believed; providers write the claim as a text, too.
    fn is_unverified(&self, claims: &Claims) -> bool {
        let beside = self.email.as_ref().map(|claim| format!("{claim}_verified"));
        let says = |claim: &str| match claims.get(claim) {
            None | Some(Ok(Value::Null)) => true,
            Some(Ok(Value::String(text))) => text.eq_ignore_ascii_case("true"),
            Some(Ok(value)) => value == Value::Bool(true),
            Some(Err(_)) => false,
        };
        !says("email_verified") || beside.is_some_and(|claim| !says(&claim))
    }
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

    use super::{Claims, Contact, ContactClaims};

    fn claims_of(claims: &Value) -> Claims {
        serde_json::from_str(&claims.to_string()).unwrap()
    }

    fn read_by(email: &str, claims: &Value) -> Contact {
        let names = ContactClaims {
            email: Some(email.to_owned()),
            name: Some("name".to_owned()),
        };
        names.read(&claims_of(claims)).unwrap()
    }

    fn read(claims: &Value) -> Contact {
        read_by("email", claims)
    }

    #[test]
    fn only_what_is_configured_and_fits_is_known() {
        let claims = json!({"email": "a@B.example", "name": "Ім'я"});
        let known = read(&claims);
        assert_eq!(
            (known.email.as_str(), known.name.as_str()),
            ("a@b.example", "Ім'я")
        );
        assert!(!format!("{known:?}").contains("example"));
        let nothing = ContactClaims::default().read(&claims_of(&claims));
        assert_eq!(nothing, None);
        for claims in [
            json!({"email": 7, "name": ["a"]}),
            json!({"email": null, "name": null}),
            json!({"email": "nobody", "name": "a\nb"}),
            json!({"email": "a@b.example;c@d.example", "name": "see http://d.example"}),
            json!({}),
        ] {
            assert_eq!(read(&claims), Contact::default(), "{claims}");
        }
    }

    #[test]
    fn an_address_that_is_not_verified_is_none() {
        let known = |claim: &str, verified: &str, value: Value| {
            let claims = json!({claim: "a@b.example", verified: value, "name": "A"});
            let known = read_by(claim, &claims);
            assert_eq!(known.name, "A");
            !known.email.is_empty()
        };
        for yes in [json!(true), json!("true"), json!("True"), json!(null)] {
            assert!(known("email", "email_verified", yes.clone()), "{yes}");
        }
        for no in [json!(false), json!("false"), json!(""), json!(0), json!([])] {
            assert!(!known("email", "email_verified", no.clone()), "{no}");
        }
        let cut = r#"{"email": "a@b.example", "email_verified": "\ud800"}"#;
        let names = ContactClaims {
            email: Some("email".to_owned()),
            name: None,
        };
        let unread = names.read(&serde_json::from_str(cut).unwrap());
        assert_eq!(unread, Some(Contact::default()));
        let own = "https://id.example/email";
        assert!(!known(
            own,
            "https://id.example/email_verified",
            json!(false)
        ));
        assert!(!known(own, "email_verified", json!(false)));
        assert!(known(own, "phone_verified", json!(false)));
    }
}
