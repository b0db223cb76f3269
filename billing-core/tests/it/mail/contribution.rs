//! What givers read of their contributions, whatever happens to them.

use billing_proto::v1;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinSet;

use super::wishes::delivered;
use crate::payment::{apply, dispute, refund};
use crate::sponsorship::{CENTS, anonymous, contributions, gift, given, paid, state, told};
use crate::support::{as_owner, core};

const PAGES: [&str; 2] = ["--frontend-url", "https://community.example.com"];

/// As the token of `user` tells with the payment.
fn reached(request: v1::CreatePaymentRequest, user: &str) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        contact: Some(v1::Contact {
            email: format!("{user}@example.org"),
            name: user.to_owned(),
        }),
        ..request
    }
}

/// The letters that wait, by subject and in order, each with what it says.
async fn letters(database: &TestDatabase) -> Vec<(String, String)> {
    let mails = delivered(database, &PAGES).await;
    let subject = |mail: &str| {
        let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.unwrap_or_default().to_owned()
    };
    mails
        .into_iter()
        .map(|mail| (subject(&mail), mail))
        .collect()
}

fn subjects(letters: &[(String, String)]) -> Vec<&str> {
    letters
        .iter()
        .map(|(subject, _)| subject.as_str())
        .collect()
}

async fn refunded(core: &TestCore, payment: &v1::Payment, name: &str, cents: i64) {
    let report = refund(name, cents, RefundState::Succeeded);
    apply(core, told(name, payment, report)).await.unwrap();
}

#[tokio::test]
async fn a_giver_reads_of_total_and_badge_and_of_the_badge_that_a_refund_takes() {
    let (database, core) = core().await;
    let payment = paid(&core, reached(gift("alice", "1"), "alice")).await;
    let ulid = contributions(&core, "alice").await.contributions[0]
        .ulid
        .clone();
    let [(subject, thanks)] = letters(&database).await.try_into().unwrap();
    assert_eq!(subject, "Thank you for your $25 contribution");
    for words in [
        "To: alice@example.org\r\n",
        "Your $25 contribution brings your total to $25.\r\n",
        "You have earned the bronze badge. $75 more earns you the silver badge.\r\n",
        "Contributions are not tax-deductible.\r\n",
        &format!("Number, should you write to us: {ulid}\r\n"),
        "https://community.example.com/settings/contributions\r\n",
    ] {
        assert!(thanks.contains(words), "{words}: {thanks}");
    }
    // No link names it.
    let links = thanks.split("https://").skip(1);
    assert!(!links.into_iter().any(|link| {
        let end = link.find(|c: char| c.is_whitespace() || c == '"');
        link[..end.unwrap_or(link.len())].contains(&ulid)
    }));

    refunded(&core, &payment, "part", 1_000).await;
    refunded(&core, &payment, "rest", 1_500).await;
    let [(part, words), (rest, _)] = letters(&database).await.try_into().unwrap();
    assert_eq!(part, "Refund of your contribution: $10.00");
    for told in [
        "Of your $25 contribution, $10 was refunded. Your total is now $15.\r\n",
        "You no longer have the bronze badge.\r\n",
    ] {
        assert!(words.contains(told), "{words}");
    }
    assert_eq!(rest, "Refund of your contribution: $15.00");
}

#[tokio::test]
async fn what_a_bank_takes_back_and_gives_back_is_told_with_the_badge() {
    let (database, core) = core().await;
    let payment = paid(&core, reached(gift("alice", "1"), "alice")).await;
    for (name, movement) in [
        ("withdrawn", Movement::FundsWithdrawn),
        ("won", Movement::FundsReinstated),
    ] {
        let event = told(name, &payment, dispute("dp_1", CENTS, movement));
        for _ in 0..2 {
            apply(&core, event.clone()).await.unwrap();
        }
    }
    let [_, (taken, words), (again, restored)] = letters(&database).await.try_into().unwrap();
    assert_eq!(taken, "Your contribution was taken back: $25.00");
    assert!(words.contains("You no longer have the bronze badge.\r\n"));
    assert_eq!(again, "Your contribution counts again: $25.00");
    assert!(restored.contains("You have the bronze badge again.\r\n"));
}

#[tokio::test]
async fn the_same_news_in_another_order_and_again_at_two_cores_tells_the_same_letters() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    let payment = given(&core, reached(gift("alice", "1"), "alice")).await;
    refunded(&core, &payment, "early", 1_000).await;
    let mut calls = JoinSet::new();
    for (id, core) in [("paid", &core), ("paid", &another), ("again", &core)] {
        let event = told(id, &payment, state(PaymentState::Succeeded));
        let gateway = core.payments();
        calls.spawn(async move { crate::payment::delivered(gateway, event).await.map(drop) });
    }
    for call in calls.join_all().await {
        call.unwrap();
    }
    let letters = letters(&database).await;
    assert_eq!(
        subjects(&letters),
        [
            "Thank you for your $25 contribution",
            "Refund of your contribution: $10.00",
        ]
    );
    assert!(letters[0].1.contains("brings your total to $25.\r\n"));
    assert!(letters[1].1.contains("Your total is now $15.\r\n"));
}

#[tokio::test]
async fn anonymous_givers_are_thanked_and_those_who_want_no_mail_or_never_paid_are_told_nothing() {
    let (database, core) = core().await;
    paid(&core, reached(anonymous("alice", "1"), "alice")).await;
    paid(&core, reached(gift("bob", "1"), "bob")).await;
    as_owner(
        &database,
        "update contact set mail_payments = false where user_id = 'bob'",
    )
    .await;
    // Declined on the provider's page, and left.
    let left = given(&core, reached(gift("carol", "1"), "carol")).await;
    let mut declined = told("declined", &left, state(PaymentState::Pending));
    if let Some(v1::apply_provider_event_request::Report::Payment(report)) = &mut declined.report {
        report.decline_code = "card_declined".to_owned();
    }
    apply(&core, declined).await.unwrap();
    let expired = told("expired", &left, state(PaymentState::Expired));
    apply(&core, expired).await.unwrap();
    // A bank refused later what was to be taken from there.
    let late = given(&core, reached(gift("dave", "1"), "dave")).await;
    for (id, reported) in [
        ("waits", PaymentState::Pending),
        ("failed", PaymentState::Failed),
    ] {
        let event = told(id, &late, state(reported));
        apply(&core, event).await.unwrap();
    }
    let letters = letters(&database).await;
    let mut of: Vec<(&str, bool)> = letters
        .iter()
        .map(|(subject, mail)| (subject.as_str(), mail.contains("To: alice@")))
        .collect();
    of.sort_unstable();
    let failed = "Your contribution of $25 did not go through";
    let thanks = "Thank you for your $25 contribution";
    assert_eq!(of, [(thanks, true), (failed, false)]);
    for (_, mail) in &letters {
        for foreign in ["top up", "topup", "balance"] {
            assert!(!mail.contains(foreign), "{mail}");
        }
    }
}
