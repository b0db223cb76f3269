//! What a person reads beside an entry: the words that somebody wrote of it, or else why money moved.

use billing_proto::v1::{Entry, EntryKind};

use super::filled;
use crate::language::Language;

/// Of a charge its description; of a grant, an adjustment and what is given back why somebody did it. Of what nobody
/// wrote anything about, what it is, where its type does not say so.
pub(crate) fn described(entry: &Entry, language: Language) -> Option<String> {
    // Why the refund was asked for says nothing of its failure.
    let is_undone = entry.kind() == EntryKind::PaymentReversal && entry.amount_micros > 0;
    let written = || filled(entry.description.clone()).or_else(|| filled(entry.reason.clone()));
    let written = if is_undone { None } else { written() };
    written.or_else(|| plain(entry, language).map(str::to_owned))
}

fn plain(entry: &Entry, language: Language) -> Option<&'static str> {
    let [english, ukrainian] = match entry.kind() {
        EntryKind::PaymentReversal if entry.amount_micros > 0 => [
            "A refund of a payment failed: the money is back on the balance",
            "Повернення платежу не вдалося: кошти знову на балансі",
        ],
        EntryKind::PaymentReversal => [
            "A payment was given back to its payer",
            "Платіж повернено платнику",
        ],
        EntryKind::Dispute => [
            "The payer's bank took a payment back (a dispute)",
            "Банк платника відкликав платіж (оскарження)",
        ],
        EntryKind::DisputeWon => [
            "The bank gave a disputed payment back",
            "Банк повернув оскаржений платіж",
        ],
        EntryKind::Refund => ["A charge was given back", "Списання повернено"],
        EntryKind::Grant => ["Credit was given", "Нараховано кредит"],
        EntryKind::Adjustment => [
            "An administrator corrected the balance",
            "Адміністратор виправив баланс",
        ],
        EntryKind::Charge | EntryKind::TopUp | EntryKind::Unspecified => return None,
    };
    Some(match language {
        Language::English => english,
        Language::Ukrainian => ukrainian,
    })
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::{Entry, EntryKind};

    use super::described;
    use crate::language::Language;

    fn entry(kind: EntryKind, amount_micros: i64, reason: &str) -> Entry {
        Entry {
            kind: kind.into(),
            amount_micros,
            reason: reason.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn whatever_takes_or_gives_back_says_why() {
        let told = |entry: &Entry| described(entry, Language::English).unwrap_or_default();
        for (kind, amount, says) in [
            (EntryKind::PaymentReversal, -1, "given back"),
            (EntryKind::PaymentReversal, 1, "failed"),
            (EntryKind::Dispute, -1, "bank took"),
            (EntryKind::DisputeWon, 1, "bank gave"),
            (EntryKind::Refund, 1, "given back"),
            (EntryKind::Grant, 1, "given"),
            (EntryKind::Adjustment, -1, "corrected"),
        ] {
            let said = told(&entry(kind, amount, ""));
            assert!(said.contains(says), "{kind:?}: {said}");
            let uk = described(&entry(kind, amount, ""), Language::Ukrainian).unwrap();
            assert!(
                uk.chars()
                    .all(|c| c.is_whitespace() || !c.is_ascii_alphabetic()),
                "{uk}"
            );
        }
        assert_eq!(
            told(&entry(EntryKind::PaymentReversal, -1, "paid twice")),
            "paid twice"
        );
        let failed = told(&entry(EntryKind::PaymentReversal, 1, "paid twice"));
        assert!(failed.contains("failed"), "{failed}");
        for kind in [EntryKind::Charge, EntryKind::TopUp] {
            assert_eq!(described(&entry(kind, 1, ""), Language::English), None);
        }
    }
}
