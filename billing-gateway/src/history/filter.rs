//! Which of the user's entries a query asks for.

use billing_proto::v1::{EntryKind, ListEntriesRequest};

use super::TransactionType;
use crate::auth::Caller;
use crate::core::Core;
use crate::problem::ApiError;
use crate::query::QueryText;
use crate::usage::{Bounds, bounds};

impl TransactionType {
    const ALL: [Self; 4] = [Self::TopUp, Self::Charge, Self::Refund, Self::Adjustment];

    /// As a query has it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == text)
    }

    /// As it stands in answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TopUp => "topup",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
        }
    }

    /// The kinds of the ledger that are shown so.
    pub(crate) fn kinds(self) -> &'static [EntryKind] {
        match self {
            Self::Charge => &[EntryKind::Charge],
            Self::Refund => &[
                EntryKind::Refund,
                EntryKind::PaymentReversal,
                EntryKind::Dispute,
            ],
            Self::TopUp => &[EntryKind::TopUp, EntryKind::DisputeWon],
            Self::Adjustment => &[EntryKind::Adjustment, EntryKind::Grant],
        }
    }
}

/// The first page of so many of what `type`, `tool`, `from` and `to` leave.
pub(super) async fn filtered(
    core: &Core,
    caller: &Caller,
    query: &QueryText,
    page_size: i32,
) -> Result<ListEntriesRequest, ApiError> {
    let kinds = match query.text("type") {
        None => &[],
        Some(given) => TransactionType::parse(given)
            .ok_or_else(|| {
                ApiError::invalid("type", "must be topup, charge, refund or adjustment")
            })?
            .kinds(),
    };
    let Bounds { from, to } = bounds(core, caller, query).await?;
    Ok(ListEntriesRequest {
        account: Some(caller.account()),
        page_size,
        kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
        tool: query.text("tool").unwrap_or_default().to_owned(),
        from,
        to,
        ..ListEntriesRequest::default()
    })
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::EntryKind;

    use super::super::shown_as;
    use super::TransactionType;

    #[test]
    fn every_kind_is_found_under_the_word_that_it_is_shown_by() {
        for number in 1.. {
            let Ok(kind) = EntryKind::try_from(number) else {
                assert!(number > 8);
                break;
            };
            let found: Vec<_> = TransactionType::ALL
                .into_iter()
                .filter(|shown| shown.kinds().contains(&kind))
                .collect();
            assert_eq!(found, [shown_as(kind).unwrap()], "{kind:?}");
            let name = serde_json::to_value(found[0]).unwrap();
            assert_eq!(name, found[0].name());
        }
    }
}
