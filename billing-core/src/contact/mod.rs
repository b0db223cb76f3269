//! Where a person is reached, and what he wants to be told. Kept apart from the ledger, so that it can
//! be erased.

pub mod grpc;
mod queries;

pub use queries::{end_mail, find_preferences, find_tenant, take_test_mail, upsert_contact};

/// What is known, and wanted.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub locale: String,
    pub mail_payments: bool,
    pub mail_low_balance: bool,
    pub mail_payment_failures: bool,
    pub has_email: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            locale: "en".to_owned(),
            mail_payments: true,
            mail_low_balance: true,
            mail_payment_failures: true,
            has_email: false,
        }
    }
}

/// Where a person is reached and how he is greeted, as his token says it now; none: not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    pub email: Option<String>,
    pub name: Option<String>,
}

/// What is to be remembered; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// Takes the place of all that was known.
    pub reached: Option<Reached>,
    pub locale: Option<String>,
    pub mail_payments: Option<bool>,
    pub mail_low_balance: Option<bool>,
    pub mail_payment_failures: Option<bool>,
}

impl ContactChange {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Where nothing is known yet, there is nothing to write then.
    fn only_forgets(&self) -> bool {
        let forgetting = Self {
            reached: Some(Reached::default()),
            ..Self::default()
        };
        *self == forgetting
    }
}
