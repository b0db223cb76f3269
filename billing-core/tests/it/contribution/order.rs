//! Whatever is reported of contributions, in whatever order and how often: what follows is what was reported.

use std::collections::{BTreeMap, BTreeSet};

use billing_proto::v1;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{BadgeLevel, PaymentState, RefundState, WallPeriod};
use billing_testkit::{TestCore, TestDatabase};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tokio::task::JoinSet;

use super::{of, standing};
use crate::payment::{delivered, dispute, refund};
use crate::sponsorship::{anonymous, contributions, given, progress, told, wall};
use crate::support::assert_books_are_right;

/// Of each case: a gift of Alice's, and two of Bob's, of which the first one is anonymous.
const GIFTS: [(&str, i64, bool); 3] = [
    ("alice", 12_000, true),
    ("bob", 2_500, false),
    ("bob", 3_000, true),
];
const CASES: usize = 40;
const EVENTS: usize = 13;

/// Everything that can be reported of one gift.
fn all(payment: &v1::Payment) -> [v1::ApplyProviderEventRequest; EVENTS] {
    let minor = payment.amount_minor;
    let paid = |state, processing| standing(state, minor, processing);
    [
        ("opened", paid(PaymentState::Pending, false)),
        ("completed", paid(PaymentState::Pending, true)),
        ("completed twice", paid(PaymentState::Pending, true)),
        ("came", paid(PaymentState::Succeeded, false)),
        ("came twice", paid(PaymentState::Succeeded, false)),
        ("failed", paid(PaymentState::Failed, false)),
        ("expired", paid(PaymentState::Expired, false)),
        ("part", refund("re_1", 700, RefundState::Succeeded)),
        ("more", refund("re_2", 300, RefundState::Pending)),
        ("more failed", refund("re_2", 300, RefundState::Failed)),
        ("lost", dispute("dp_1", 1_500, Movement::FundsWithdrawn)),
        (
            "opened too",
            dispute("dp_2", minor, Movement::FundsWithdrawn),
        ),
        ("won", dispute("dp_2", minor, Movement::FundsReinstated)),
    ]
    .map(|(id, report)| told(id, payment, report))
}

/// What a gift has come to by what was reported of it, and what is on its way.
fn expected(minor: i64, reported: &BTreeSet<usize>) -> (i64, i64) {
    let is = |number: usize| reported.contains(&number);
    let amount = |is: bool, minor: i64| if is { minor } else { 0 };
    if is(3) || is(4) {
        let refunded = amount(is(7), 700) + amount(is(8) && !is(9), 300);
        let disputed = amount(is(10), 1_500) + amount(is(11), minor) - amount(is(12), minor);
        return (minor - (refunded + disputed).clamp(0, minor), 0);
    }
    let has_ended = is(5) || is(6);
    (0, amount((is(1) || is(2)) && !has_ended, minor))
}

const fn badge(minor: i64) -> BadgeLevel {
    match minor {
        ..2_500 => BadgeLevel::None,
        2_500..10_000 => BadgeLevel::Bronze,
        10_000..50_000 => BadgeLevel::Silver,
        50_000.. => BadgeLevel::Gold,
    }
}

/// What people's gifts come to, and of that what is public; what is on its way to the tenant.
#[derive(Default)]
struct Expected {
    people: BTreeMap<String, (i64, i64)>,
    pending: i64,
}

impl Expected {
    async fn assert_shown(&self, core: &TestCore) {
        for (user, (net, _)) in &self.people {
            let mine = contributions(core, user).await.standing.unwrap();
            assert_eq!(
                (mine.total_minor, mine.badge()),
                (*net, badge(*net)),
                "{user}"
            );
        }
        let now = progress(core).await;
        let nets = self.people.values().map(|given| given.0);
        let supporters = nets.clone().filter(|net| *net > 0).count();
        assert_eq!(
            (now.current_minor, now.supporters, now.pending_minor),
            (nets.sum(), i64::try_from(supporters).unwrap(), self.pending)
        );
        let named = self.people.iter().filter(|person| person.1.1 > 0);
        let named: BTreeMap<String, BadgeLevel> = named
            .map(|(user, given)| (format!("{user} Johnson"), badge(given.1)))
            .collect();
        for period in [WallPeriod::Month, WallPeriod::All] {
            let wall = wall(core, period).await;
            let shown = wall.supporters.into_iter();
            let shown = shown.map(|entry| (entry.name.clone(), entry.level()));
            assert_eq!(shown.collect::<BTreeMap<_, _>>(), named);
            assert_eq!(wall.total_count, i64::try_from(named.len()).unwrap());
        }
    }
}

fn deliveries() -> impl Strategy<Value = Vec<(usize, usize)>> {
    // Some events of each gift, some twice.
    proptest::collection::vec((0..GIFTS.len(), 0..EVENTS), 1..40).prop_shuffle()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_and_any_duplication_of_events_ends_at_what_was_reported() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let another = TestCore::start(&database).await;
    let mut runner = TestRunner::new(Config::default());
    let mut expected = Expected::default();
    for n in 0..CASES {
        let drawn = deliveries().new_tree(&mut runner).unwrap().current();
        let mut calls = JoinSet::new();
        for (place, (user, minor, is_public)) in GIFTS.into_iter().enumerate() {
            let user = format!("{user}{n}");
            let gift = of(&user, &format!("{place}"), minor);
            let contribution = if is_public {
                gift.contribution.clone()
            } else {
                anonymous(&user, "").contribution
            };
            let payment = v1::CreatePaymentRequest {
                contribution,
                ..gift
            };
            let events = all(&given(&core, payment).await);
            let reported = drawn.iter().filter(|event| event.0 == place);
            let reported: Vec<usize> = reported.map(|event| event.1).collect();
            for (number, core) in reported.iter().zip([&core, &another].into_iter().cycle()) {
                let (gateway, event) = (core.payments(), events[*number].clone());
                calls.spawn(async move { drop(delivered(gateway, event).await.unwrap()) });
            }
            let (net, pending) = self::expected(minor, &reported.into_iter().collect());
            expected.pending += pending;
            let given = expected.people.entry(user).or_default();
            given.0 += net;
            given.1 += if is_public { net } else { 0 };
        }
        calls.join_all().await;
    }
    expected.assert_shown(&core).await;
    assert_books_are_right(&database).await;
}
