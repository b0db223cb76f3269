//! How much a call takes: quantities by unit, or an amount.

use std::collections::BTreeMap;

use billing_proto::v1::cost::Cost as Kind;
use billing_proto::v1::{self, ToolUsage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const AMOUNT: &str = "amount_micros";

/// How much a call takes, as estimated or as it turned out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// So many of each unit of the tool's price: exactly the units that the price has.
    Quantities(BTreeMap<String, i64>),
    /// Micros of a dollar, whatever the tool's price is.
    AmountMicros(i64),
}

/// A cost that is not made of whole numbers from 0 to 2^63 - 1. Holds the name of the member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a whole number from 0 to 9223372036854775807")]
pub struct Inexact(pub String);

/// What can be reported: a [`Cost`], quantities as `[("query_tokens", 3)]`, or a JSON object, either of
/// quantities or of `amount_micros` alone.
pub trait IntoCost {
    fn into_cost(self) -> Result<Cost, Inexact>;
}

impl Cost {
    /// Of a tool that is priced by the call: there is nothing to count.
    pub fn per_call() -> Self {
        Self::Quantities(BTreeMap::new())
    }

    /// Whether there are quantities that can turn out otherwise than estimated.
    pub(crate) fn has_quantities(&self) -> bool {
        matches!(self, Self::Quantities(quantities) if !quantities.is_empty())
    }

    pub(crate) fn to_proto(&self, tool: &str) -> v1::Cost {
        let kind = match self {
            Self::AmountMicros(amount) => Kind::AmountMicros(*amount),
            Self::Quantities(quantities) => Kind::Tool(ToolUsage {
                name: tool.to_owned(),
                quantities: quantities.clone(),
            }),
        };
        v1::Cost { cost: Some(kind) }
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::per_call()
    }
}

impl IntoCost for Cost {
    fn into_cost(self) -> Result<Cost, Inexact> {
        let negative = match &self {
            Self::AmountMicros(amount) => (*amount < 0).then(|| AMOUNT.to_owned()),
            Self::Quantities(quantities) => quantities
                .iter()
                .find(|(_, quantity)| **quantity < 0)
                .map(|(unit, _)| unit.clone()),
        };
        match negative {
            None => Ok(self),
            Some(name) => Err(Inexact(name)),
        }
    }
}

impl IntoCost for BTreeMap<String, i64> {
    fn into_cost(self) -> Result<Cost, Inexact> {
        Cost::Quantities(self).into_cost()
    }
}

impl<U: Into<String>, N: TryInto<i64>, const LEN: usize> IntoCost for [(U, N); LEN] {
    fn into_cost(self) -> Result<Cost, Inexact> {
        let mut quantities = BTreeMap::new();
        for (unit, quantity) in self {
            let unit = unit.into();
            let Ok(quantity) = quantity.try_into() else {
                return Err(Inexact(unit));
            };
            quantities.insert(unit, quantity);
        }
        Cost::Quantities(quantities).into_cost()
    }
}

impl IntoCost for &Value {
    fn into_cost(self) -> Result<Cost, Inexact> {
        let Value::Object(members) = self else {
            return Err(Inexact("the report".to_owned()));
        };
        if let (Some(amount), 1) = (members.get(AMOUNT), members.len()) {
            return exact(AMOUNT, amount).map(Cost::AmountMicros);
        }
        let mut quantities = BTreeMap::new();
        for (unit, quantity) in members {
            quantities.insert(unit.clone(), exact(unit, quantity)?);
        }
        Ok(Cost::Quantities(quantities))
    }
}

fn exact(name: &str, value: &Value) -> Result<i64, Inexact> {
    let number = value.as_i64().filter(|number| *number >= 0);
    number.ok_or_else(|| Inexact(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Cost, Inexact, IntoCost as _};

    #[test]
    fn whole_numbers_that_are_not_negative_are_exact() {
        let expected = Cost::Quantities([("query_tokens".to_owned(), 3)].into());
        assert_eq!([("query_tokens", 3)].into_cost(), Ok(expected.clone()));
        assert_eq!([("query_tokens", 3_u64)].into_cost(), Ok(expected.clone()));
        assert_eq!((&json!({"query_tokens": 3})).into_cost(), Ok(expected));
        assert_eq!((&json!({})).into_cost(), Ok(Cost::per_call()));
        let most = json!({"amount_micros": i64::MAX});
        assert_eq!((&most).into_cost(), Ok(Cost::AmountMicros(i64::MAX)));
        let both = json!({"amount_micros": 1, "query_tokens": 0});
        assert!(matches!((&both).into_cost(), Ok(Cost::Quantities(_))));
    }

    #[test]
    fn whatever_else_is_reported_is_an_error_that_names_the_member() {
        for wrong in [
            json!(-1),
            json!(1.5),
            json!("3"),
            Value::Null,
            json!(u64::MAX),
            json!([3]),
        ] {
            let inexact = Err(Inexact("query_tokens".to_owned()));
            let report = json!({"query_tokens": wrong});
            assert_eq!((&report).into_cost(), inexact, "{report}");
            assert!((&wrong).into_cost().is_err());
            let report = json!({"amount_micros": wrong});
            assert!((&report).into_cost().is_err(), "{report}");
        }
        for wrong in [
            [("pages", -1)].into_cost(),
            Cost::AmountMicros(-1).into_cost(),
        ] {
            assert!(wrong.is_err());
        }
        assert!([("pages", u64::MAX)].into_cost().is_err());
    }
}
