//! The claims of a token that was verified, each read when it is asked for: nobody is turned away for
//! the name or the picture that their token has besides.

use std::collections::HashMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::Members;

/// Of a claim that comes twice the last counts (RFC 7519, section 4).
#[derive(Clone, Default)]
pub(super) struct Claims(HashMap<String, Box<RawValue>>);

impl Claims {
    /// None: the token does not have it. An error: it has, and nobody can say what.
    pub(super) fn get(&self, name: &str) -> Option<Result<Value, serde_json::Error>> {
        let claim = self.0.get(name)?;
        Some(serde_json::from_str(claim.get()))
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Box::<RawValue>::deserialize(deserializer)?;
        let members: Members<'_> = serde_json::from_str(whole.get()).map_err(D::Error::custom)?;
        let claims = members.into_iter();
        Ok(Self(
            claims
                .map(|(name, claim)| (name, claim.to_owned()))
                .collect(),
        ))
    }
}
