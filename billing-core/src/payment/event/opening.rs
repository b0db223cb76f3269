//! Payments that begin at their provider, as renewals do: opened by whichever of their reports comes first.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::{Builder, Uuid};

use super::super::create::{self, Terms};
use super::super::rate::Currency;
use super::super::{MINOR_MAX, Payment, PaymentError, Purpose};
use super::queries;
use super::report::{ProviderEvent, Report};
use crate::id::{AccountId, PaymentId};
use crate::ledger::{CommandHash, Opening};

/// What a report says of a payment that it opens where there is none.
#[derive(Clone, Debug)]
pub struct PaymentOpening {
    pub account: AccountId,
    pub name: Opening,
    pub purpose: Purpose,
    pub amount_minor: i64,
    pub currency: Currency,
    /// The provider's time, the same in all its reports.
    pub begun_at: Timestamp,
    /// Of a renewal: the number of the first payment of its subscription.
    pub subscription: Option<Uuid>,
}

/// Namespace of the ids of payments that began at the provider.
const OPENED_NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_2f6e_7c52_4d0c_9c7b_5e0a_b111_0003);

impl PaymentOpening {
    /// The same whichever report opens it, at whichever core: the time when it began, by which an account's
    /// payments are listed, and a digest of the provider's name for it.
    fn id(&self, provider: &str, reference: &str) -> PaymentId {
        let name = format!("{provider}\0{reference}");
        let digest = Uuid::new_v5(&OPENED_NAMESPACE, name.as_bytes()).into_bytes();
        let random = digest.first_chunk().copied().unwrap_or_default();
        let millis = u64::try_from(self.begun_at.as_millisecond()).unwrap_or_default();
        PaymentId {
            account: self.account,
            number: Builder::from_unix_timestamp_millis(millis, &random).into_uuid(),
        }
    }

    /// What it says that is not true of the payment that has the name.
    pub fn contradiction(&self, payment: &Payment) -> Option<String> {
        if self.account != payment.id.account {
            return Some(format!("it opens a payment of account {}", self.account));
        }
        if self.subscription != payment.subscription {
            return Some("it opens a payment of another subscription".to_owned());
        }
        if self.purpose != payment.purpose {
            return Some(format!("it opens a payment for {}", self.purpose.name()));
        }
        let ordered = (payment.amount_minor, payment.currency.as_str());
        let opened = (self.amount_minor, self.currency.code());
        (opened != ordered).then(|| format!("it opens a payment of {} {}", opened.0, opened.1))
    }

    /// A hash of its terms, as a payment that is asked for has one of what its key stands for.
    pub fn hash(&self) -> [u8; 32] {
        CommandHash::of("PaymentOpening")
            .text(self.purpose.name())
            .number(self.amount_minor)
            .text(self.currency.code())
            .finish()
            .0
    }
}

/// Provider, and its name for the payment.
pub type Name<'a> = (&'a str, &'a str);

/// A payment to be opened.
pub struct NewOpened<'a> {
    pub id: PaymentId,
    pub event: &'a ProviderEvent,
    pub reference: &'a str,
    pub opening: &'a PaymentOpening,
    pub terms: Terms,
}

/// What came of the names that were to be opened.
#[derive(Default)]
pub struct Opened<'a> {
    pub names: HashMap<Name<'a>, PaymentId>,
    /// Why a payment cannot be opened now.
    pub refused: HashMap<Name<'a>, String>,
}

/// The opening that an event brings, with the name of the payment.
pub fn of(event: &ProviderEvent) -> Option<(Name<'_>, &PaymentOpening)> {
    let is_of_payment = match event.report {
        Report::None | Report::Unreadable(_) | Report::Unconfirmed(_) | Report::Subscription(_) => {
            false
        }
        Report::Payment(_) | Report::Refund(_) | Report::Dispute(_) | Report::GivenBack(_) => true,
    };
    let opening = event.opens.as_ref().filter(|_| is_of_payment)?;
    let reference = event.reference.as_deref()?;
    Some(((&event.provider, reference), opening))
}

/// Opens what the events name that no payment is known by. Whoever else is about to open the same, or to
/// give its name to another payment, is waited for: the name is one payment's. Joins the caller's
/// transaction.
pub async fn open<'a>(
    conn: &mut PgConnection,
    events: &[&'a ProviderEvent],
    rate_age_max: Duration,
    now: Timestamp,
) -> Result<Opened<'a>, PaymentError> {
    let mut opened = Opened::default();
    // Sorted: the one lock order of all batches of all cores. The first of a batch opens.
    let mut wanted: BTreeMap<Name<'a>, NewOpened<'a>> = BTreeMap::new();
    for event in events {
        let event: &'a ProviderEvent = event;
        let Some((name, opening)) = of(event) else {
            continue;
        };
        if wanted.contains_key(&name) || opened.refused.contains_key(&name) {
            continue;
        }
        match terms(conn, opening, rate_age_max).await? {
            Ok(terms) => {
                let new = NewOpened {
                    id: opening.id(name.0, name.1),
                    event,
                    reference: name.1,
                    opening,
                    terms,
                };
                wanted.insert(name, new);
            }
            Err(why) => drop(opened.refused.insert(name, why)),
        }
    }
    if wanted.is_empty() {
        return Ok(opened);
    }
    let sorted: Vec<NewOpened<'a>> = wanted.into_values().collect();
    queries::insert_opened(conn, &sorted, now).await?;
    // In a statement of its own: whoever was waited for has committed by now.
    let owners = queries::find_names(conn, &sorted).await?;
    for (new, owner) in sorted.iter().zip(owners) {
        let name = (new.event.provider.as_str(), new.reference);
        opened.names.insert(name, owner);
    }
    Ok(opened)
}

/// What it credits; or why it cannot be said now. Money that has come is not credited by a guess.
async fn terms(
    conn: &mut PgConnection,
    opening: &PaymentOpening,
    rate_age_max: Duration,
) -> Result<Result<Terms, String>, PaymentError> {
    let (purpose, minor) = (opening.purpose, opening.amount_minor);
    let terms = if minor > MINOR_MAX {
        Err(PaymentError::AmountOutOfRange)
    } else {
        create::terms(conn, purpose, minor, opening.currency, rate_age_max).await
    };
    match terms {
        Ok(terms) => Ok(Ok(terms)),
        Err(error @ (PaymentError::RateTooOld(_) | PaymentError::AmountOutOfRange)) => {
            Ok(Err(format!("the payment cannot be opened: {error}")))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(second: i64) -> PaymentOpening {
        PaymentOpening {
            account: AccountId::of("acme", "alice"),
            name: Opening {
                tenant_id: "acme".to_owned(),
                user_id: "alice".to_owned(),
            },
            purpose: Purpose::TopUp,
            amount_minor: 1_000,
            currency: Currency::Usd,
            begun_at: Timestamp::from_second(second).unwrap(),
            subscription: None,
        }
    }

    #[test]
    fn the_id_of_an_opened_payment_never_changes_and_sorts_by_when_it_began() {
        let id = begun(1_800_000_000).id("stripe", "in_1");
        assert_eq!(id, begun(1_800_000_000).id("stripe", "in_1"));
        assert_eq!(
            id.number.to_string(),
            "01a3185c-5000-7f48-bb66-621d5aefa188"
        );
        assert_ne!(id, begun(1_800_000_000).id("stripe", "in_2"));
        assert_ne!(id, begun(1_800_000_000).id("fondy", "in_1"));
        assert!(id.number < begun(1_800_000_001).id("stripe", "in_0").number);
    }
}
