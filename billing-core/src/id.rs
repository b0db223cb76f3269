//! The names of things: accounts, holds, entries.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Namespace of account ids; a constant of the product, never to be changed.
const ACCOUNT_NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_2f6e_7c52_4d0c_9c7b_5e0a_b111_0001);

/// An account: `UUIDv5` of tenant and user, each with its length in front, so that no two pairs
/// read the same and no table need be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Uuid);

impl AccountId {
    pub fn of(tenant_id: &str, user_id: &str) -> Self {
        let mut name = Vec::with_capacity(16 + tenant_id.len() + user_id.len());
        for part in [tenant_id, user_id] {
            name.extend_from_slice(&part.len().to_be_bytes());
            name.extend_from_slice(part.as_bytes());
        }
        Self(Uuid::new_v5(&ACCOUNT_NAMESPACE, &name))
    }

    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// A number that spreads evenly, the same in every process.
    pub const fn spread(self) -> u64 {
        self.0.as_u64_pair().1
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A hold, unique within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(Uuid);

impl HoldId {
    /// A new id; ids made later sort later, so that holds of one time lie together.
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }

    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sequence of an entry within its account: 1, 2, … without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntrySeq(i64);

impl EntrySeq {
    pub const fn new(seq: i64) -> Self {
        Self(seq)
    }

    pub const fn get(self) -> i64 {
        self.0
    }
}

/// An entry as callers name it: the account's UUID without dashes, a dash, the sequence. It costs
/// no column and no index, and it tells whose entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId {
    pub account: AccountId,
    pub seq: EntrySeq,
}

/// The text is no entry id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an entry id")]
pub struct NotAnEntryId;

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.account.0.simple(), self.seq.0)
    }
}

impl FromStr for EntryId {
    type Err = NotAnEntryId;

    fn from_str(text: &str) -> Result<Self, NotAnEntryId> {
        let (account, seq) = text.split_once('-').ok_or(NotAnEntryId)?;
        let account = Uuid::try_parse(account).map_err(|_| NotAnEntryId)?;
        let id = Self {
            account: AccountId(account),
            seq: EntrySeq(seq.parse().map_err(|_| NotAnEntryId)?),
        };
        // One spelling only: what we print.
        if id.seq.0 > 0 && id.to_string() == text {
            Ok(id)
        } else {
            Err(NotAnEntryId)
        }
    }
}

/// A payment as callers and providers know it: the account's UUID without dashes, a dash, the
/// payment's own. It tells whose payment it is, so that no look-up leads there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentId {
    pub account: AccountId,
    /// Made later, sorts later.
    pub number: Uuid,
}

/// The text is no payment id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a payment id")]
pub struct NotAPaymentId;

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.account.0.simple(), self.number.simple())
    }
}

impl FromStr for PaymentId {
    type Err = NotAPaymentId;

    fn from_str(text: &str) -> Result<Self, NotAPaymentId> {
        let (account, number) = text.split_once('-').ok_or(NotAPaymentId)?;
        let uuid = |text| Uuid::try_parse(text).map_err(|_| NotAPaymentId);
        let id = Self {
            account: AccountId(uuid(account)?),
            number: uuid(number)?,
        };
        // One spelling only: what we print.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(NotAPaymentId)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_whose_names_read_the_same_together_differ() {
        assert_ne!(AccountId::of("a", "bc"), AccountId::of("ab", "c"));
        assert_eq!(AccountId::of("a", "bc"), AccountId::of("a", "bc"));
    }

    #[test]
    fn an_account_id_never_changes_between_releases() {
        assert_eq!(
            AccountId::of("demo", "alice").to_string(),
            "c975e547-6046-5c8f-b361-8bfd9fffc274"
        );
    }

    #[test]
    fn a_payment_id_is_read_back_and_has_one_spelling() {
        let id = PaymentId {
            account: AccountId::of("demo", "alice"),
            number: Uuid::from_u128(0x0a),
        };
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for wrong in [
            "",
            "-",
            "pi_1",
            &text.to_uppercase(),
            &format!("{text}0"),
            &format!("{}-{}", id.account, id.number),
        ] {
            assert_eq!(wrong.parse::<PaymentId>(), Err(NotAPaymentId), "{wrong}");
        }
    }

    #[test]
    fn an_entry_id_is_read_back_and_has_one_spelling() {
        let id = EntryId {
            account: AccountId::of("demo", "alice"),
            seq: EntrySeq::new(42),
        };
        assert_eq!(id.to_string().parse(), Ok(id));
        let simple = id.account.uuid().simple();
        for wrong in [
            "",
            "x",
            "42",
            &format!("{simple}-0"),
            &format!("{simple}-042"),
            &format!("{simple}-+42"),
        ] {
            assert_eq!(wrong.parse::<EntryId>(), Err(NotAnEntryId), "{wrong}");
        }
    }
}
