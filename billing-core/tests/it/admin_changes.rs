//! What administrators change, and that it is kept with the change or not at all.

use std::collections::BTreeMap;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;
use tonic::Code;

use crate::payment::paid;
use crate::support::{
    USD, account, amount, as_owner, assert_books_are_right, core, fields, moment, reason, set,
    with_token,
};
use crate::switches::switch;
use crate::user::User;

async fn changes(core: &TestCore, user: &str) -> Vec<v1::AdminChange> {
    let mut changes = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListAdminChangesRequest {
            tenant_id: "acme".to_owned(),
            user_id: user.to_owned(),
            page_size: 2,
            page_token,
            with_switches: true,
        };
        let answer = core.admin().list_admin_changes(request).await.unwrap();
        let answer = answer.into_inner();
        changes.extend(answer.changes);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return changes;
        }
    }
}

fn words(change: &v1::AdminChange) -> (&str, &str, &str) {
    (&change.action, &change.actor, &change.reason)
}

fn shown(fields: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let fields = fields.iter();
    fields.map(|(name, value)| (&**name, &**value)).collect()
}

fn suspend(user: &str) -> v1::SuspendAccountRequest {
    v1::SuspendAccountRequest {
        account: Some(account(user)),
        reason: "chargebacks".to_owned(),
        actor: "olga".to_owned(),
    }
}

fn limit(user: &str, micros: i64) -> v1::UpdateSettingsRequest {
    v1::UpdateSettingsRequest {
        account: Some(account(user)),
        daily_limit: set(micros),
        reason: "asked by phone".to_owned(),
        actor: "olga".to_owned(),
        ..Default::default()
    }
}

fn set_price(micros: i64) -> v1::SetPriceRequest {
    v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros: micros,
        reason: "dearer upstream".to_owned(),
        actor: "olga".to_owned(),
        ..Default::default()
    }
}

fn back(payment: &v1::Payment) -> v1::StartRefundRequest {
    v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: payment.payment_id.clone(),
        idempotency_key: "back".to_owned(),
        amount_minor: Some(300),
        reason: "paid twice".to_owned(),
        actor: "olga".to_owned(),
    }
}

/// Changes everything that there is of alice, most of it twice; answers with the adjustment and the payment.
async fn change_all(core: &TestCore) -> (v1::AdjustBalanceResponse, v1::Payment) {
    let alice = User::new(core, "alice");
    let mut accounts = core.accounts();
    // A user's own change, and one that changes nothing, leave no trace.
    alice
        .settings(v1::UpdateSettingsRequest {
            daily_limit: set(3 * USD),
            ..Default::default()
        })
        .await;
    for _ in 0..2 {
        accounts
            .update_settings(limit("alice", 5 * USD))
            .await
            .unwrap();
        accounts.suspend_account(suspend("alice")).await.unwrap();
    }
    alice.resume().await;
    alice.adjust("a", 7 * USD).await;
    let replayed = alice.adjust("a", 7 * USD).await;
    assert!(replayed.replayed);
    let charge = alice.charge("c", amount(2 * USD)).await.entry_id;
    let refund = v1::RefundChargeRequest {
        account: alice.account(),
        idempotency_key: "r".to_owned(),
        entry_id: charge,
        amount_micros: Some(USD),
        reason: "it failed".to_owned(),
        actor: "olga".to_owned(),
    };
    core.balance().refund_charge(refund).await.unwrap();
    let payment = paid(core, "alice", "p").await;
    for _ in 0..2 {
        core.payments().start_refund(back(&payment)).await.unwrap();
    }
    (replayed, payment)
}

#[tokio::test]
async fn a_change_is_told_once_with_who_when_why_before_and_after() {
    let (database, core) = core().await;
    let (replayed, payment) = change_all(&core).await;
    let told = changes(&core, "alice").await;
    assert_eq!(
        told.iter().map(words).collect::<Vec<_>>(),
        [
            ("payment_refund", "olga", "paid twice"),
            ("charge_refund", "olga", "it failed"),
            ("adjustment", "root@acme", "put right"),
            ("resume", "", ""),
            ("suspend", "olga", "chargebacks"),
            ("settings", "olga", "asked by phone"),
        ]
    );
    let both: Vec<_> = told
        .iter()
        .map(|change| (shown(&change.before), shown(&change.after)))
        .collect();
    assert_eq!(
        both,
        [
            (
                vec![],
                vec![
                    ("amount_minor", "300"),
                    ("currency", "USD"),
                    ("state", "requested")
                ]
            ),
            (
                vec![("settled_micros", "5000000")],
                vec![("settled_micros", "6000000")]
            ),
            (
                vec![("settled_micros", "0")],
                vec![("settled_micros", "7000000")]
            ),
            (vec![("suspended", "true")], vec![("suspended", "false")]),
            (vec![("suspended", "false")], vec![("suspended", "true")]),
            (
                vec![("daily_limit_micros", "3000000")],
                vec![("daily_limit_micros", "5000000")]
            ),
        ]
    );
    assert_eq!(told[0].payment_id, payment.payment_id);
    assert_eq!(told[2].entry_id, replayed.entry_id);
    let alice = Some(account("alice"));
    assert!(told.iter().all(|change| change.account == alice));
    assert!(changes(&core, "bob").await.is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn prices_and_where_asked_for_switches_are_among_a_tenants_changes() {
    let (_database, core) = core().await;
    let mut prices = core.prices();
    for micros in [5, 9, 9] {
        prices.set_price(set_price(micros)).await.unwrap();
    }
    let cancel = v1::CancelPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        version: 3,
        reason: "a slip".to_owned(),
        actor: "olena".to_owned(),
        ..Default::default()
    };
    // A version can be cancelled until 8 s before its start.
    let planned = v1::SetPriceRequest {
        effective_at: Some(moment(
            jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1),
        )),
        ..set_price(11)
    };
    prices.set_price(planned).await.unwrap();
    prices.cancel_price(cancel).await.unwrap();
    switch(&core, "payments", false).await;
    let told = changes(&core, "").await;
    assert_eq!(
        told.iter().map(words).collect::<Vec<_>>(),
        [
            ("switch", "root", "we repair something"),
            ("price_cancel", "olena", "a slip"),
            ("price_set", "olga", "dearer upstream"),
            ("price_set", "olga", "dearer upstream"),
            ("price_set", "olga", "dearer upstream"),
        ]
    );
    assert_eq!(
        (shown(&told[0].before), shown(&told[0].after)),
        (vec![("payments", "on")], vec![("payments", "off")])
    );
    assert_eq!(
        (
            &*told[3].before["per_call_micros"],
            &*told[3].after["per_call_micros"]
        ),
        ("5", "9")
    );
    assert!(told[4].before.is_empty() && told.iter().all(|change| change.account.is_none()));
}

fn set_tenant(welcome_grant_micros: i64) -> v1::SetTenantRequest {
    v1::SetTenantRequest {
        tenant: Some(v1::Tenant {
            tenant_id: "acme".to_owned(),
            welcome_grant_micros,
            default_daily_limit_micros: Some(10 * USD),
            default_monthly_limit_micros: Some(100 * USD),
            ..Default::default()
        }),
        reason: "a campaign".to_owned(),
        actor: "olga".to_owned(),
    }
}

fn hide(user: &str) -> v1::ModerateSupporterRequest {
    v1::ModerateSupporterRequest {
        account: Some(account(user)),
        hidden: Some(true),
        banned: None,
        reason: "no name".to_owned(),
        actor: "olga".to_owned(),
    }
}

fn set_goal(goal_minor: i64) -> v1::SetSponsorshipRequest {
    v1::SetSponsorshipRequest {
        sponsorship: Some(v1::Sponsorship {
            tenant_id: "acme".to_owned(),
            goal_minor,
            ..Default::default()
        }),
        reason: "a new year".to_owned(),
        actor: "olga".to_owned(),
    }
}

#[tokio::test]
async fn what_holds_for_a_tenant_and_what_is_shown_of_a_supporter_is_told_like_other_changes() {
    let (_database, core) = core().await;
    let mut sponsorship = core.sponsorship_admin();
    for _ in 0..2 {
        core.accounts().set_tenant(set_tenant(USD)).await.unwrap();
        sponsorship.set_sponsorship(set_goal(5_000)).await.unwrap();
        let hidden = sponsorship.moderate_supporter(hide("alice")).await;
        let hidden = hidden.unwrap().into_inner();
        assert_eq!((hidden.hidden, hidden.banned), (true, false));
    }
    let told = changes(&core, "").await;
    assert_eq!(
        told.iter().map(words).collect::<Vec<_>>(),
        [
            ("supporter", "olga", "no name"),
            ("sponsorship", "olga", "a new year"),
            ("tenant", "olga", "a campaign"),
        ]
    );
    let both: Vec<_> = told
        .iter()
        .map(|change| (shown(&change.before), shown(&change.after)))
        .collect();
    assert_eq!(
        both,
        [
            (vec![("hidden", "false")], vec![("hidden", "true")]),
            (vec![("goal_minor", "0")], vec![("goal_minor", "5000")]),
            (
                vec![("welcome_grant_micros", "0")],
                vec![("welcome_grant_micros", "1000000")]
            ),
        ]
    );
    let alice = changes(&core, "alice").await;
    assert_eq!(alice[0].account, Some(account("alice")));
}

/// Refuses each row of `admin_change` from now on.
async fn keep_nothing(database: &TestDatabase) {
    let refuse = "alter table admin_change add constraint refused check (false) not valid";
    as_owner(database, refuse).await;
}

fn grant() -> v1::GrantCreditRequest {
    v1::GrantCreditRequest {
        account: Some(account("alice")),
        idempotency_key: "g".to_owned(),
        amount_micros: USD,
        reason: "goodwill".to_owned(),
        actor: "olga".to_owned(),
    }
}

/// Each change is refused.
async fn change_nothing(core: &TestCore, charge: String, payment: &v1::Payment) {
    let mut accounts = core.accounts();
    accounts
        .suspend_account(suspend("alice"))
        .await
        .unwrap_err();
    accounts
        .update_settings(limit("alice", 1))
        .await
        .unwrap_err();
    accounts.grant_credit(grant()).await.unwrap_err();
    let refund = v1::RefundChargeRequest {
        account: Some(account("alice")),
        idempotency_key: "r".to_owned(),
        entry_id: charge,
        actor: "olga".to_owned(),
        ..Default::default()
    };
    core.balance().refund_charge(refund).await.unwrap_err();
    core.payments()
        .start_refund(back(payment))
        .await
        .unwrap_err();
    core.prices().set_price(set_price(5)).await.unwrap_err();
    accounts.set_tenant(set_tenant(USD)).await.unwrap_err();
    let mut sponsorship = core.sponsorship_admin();
    sponsorship
        .set_sponsorship(set_goal(5_000))
        .await
        .unwrap_err();
    sponsorship
        .moderate_supporter(hide("alice"))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_changed() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let charge = alice.charge("c", amount(USD)).await.entry_id;
    let payment = paid(&core, "alice", "p").await;
    let before = (alice.standing().await, alice.entries().await.len());
    keep_nothing(&database).await;
    change_nothing(&core, charge, &payment).await;
    assert_eq!(
        (alice.standing().await, alice.entries().await.len()),
        before
    );
    as_owner(
        &database,
        "alter table admin_change drop constraint refused",
    )
    .await;
    let whole = v1::StartRefundRequest {
        amount_minor: None,
        ..back(&payment)
    };
    let refunded = core
        .payments()
        .start_refund(whole)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(refunded.refund.unwrap().amount_minor, payment.amount_minor);
    core.accounts().grant_credit(grant()).await.unwrap();
    let none = v1::ListPricesRequest {
        tenant_id: "acme".to_owned(),
        include_past: true,
        ..Default::default()
    };
    assert!(
        core.prices()
            .list_prices(none)
            .await
            .unwrap()
            .into_inner()
            .prices
            .is_empty()
    );
    let named = v1::GetTenantRequest {
        tenant_id: "acme".to_owned(),
    };
    let tenant = core.accounts().get_tenant(named).await.unwrap();
    assert_eq!(tenant.into_inner().tenant.unwrap().welcome_grant_micros, 0);
    assert_eq!(changes(&core, "alice").await.len(), 3);
}

#[tokio::test]
async fn nobody_rewrites_who_changed_what() {
    let (database, core) = core().await;
    core.accounts()
        .suspend_account(suspend("alice"))
        .await
        .unwrap();
    let mut application = PgConnection::connect_with(&database.application())
        .await
        .unwrap();
    for statement in [
        "delete from admin_change",
        "truncate admin_change",
        "update admin_change set changed_at = now()",
        "update admin_change set after = '{}'",
        "update admin_change set actor = 'somebody else'",
        "update admin_change set reason = 'another one'",
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut application)
            .await
            .expect_err(statement);
        let mut owner = database.connect_as_owner().await;
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut owner)
            .await
            .expect_err(statement);
    }
    let [kept] = changes(&core, "alice").await.try_into().unwrap();
    assert_eq!(words(&kept), ("suspend", "olga", "chargebacks"));
}

#[tokio::test]
async fn only_an_administrators_token_names_who_changes_settings() {
    let (_database, core) = core().await;
    let mut accounts =
        billing_proto::v1::account_service_client::AccountServiceClient::new(core.channel());
    let forged = with_token(limit("alice", USD), &core.gateway_token);
    let refused = accounts.update_settings(forged).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason(&refused)),
        (Code::PermissionDenied, "ROLE_NOT_ALLOWED")
    );
    let nameless = v1::UpdateSettingsRequest {
        actor: String::new(),
        ..limit("alice", USD)
    };
    let refused = core.accounts().update_settings(nameless).await.unwrap_err();
    assert_eq!(fields(&refused), ["actor"]);
    assert!(changes(&core, "alice").await.is_empty());
}

/// Each is told what its own entry did, and one reads them in the order of the books.
#[tokio::test]
async fn administrators_at_once_are_told_the_balance_around_their_own_entries() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 100 * USD).await;
    let mut calls = JoinSet::new();
    for number in 0..24 {
        let mut accounts = core.accounts();
        let request = v1::AdjustBalanceRequest {
            account: alice.account(),
            idempotency_key: format!("adjust {number}"),
            amount_micros: if number % 3 == 0 { -USD } else { 2 * USD },
            reason: "put right".to_owned(),
            actor: format!("administrator {number}"),
        };
        calls.spawn(async move {
            let amount = request.amount_micros;
            let answer = accounts.adjust_balance(request).await.unwrap().into_inner();
            assert_eq!(
                answer.settled_after_micros - answer.settled_before_micros,
                amount
            );
            (answer.entry_id, answer.settled_after_micros)
        });
    }
    let told: BTreeMap<_, _> = calls.join_all().await.into_iter().collect();
    let mut balance = None;
    for entry in alice.entries().await.iter().rev() {
        if let Some(after) = told.get(&entry.entry_id) {
            assert_eq!(
                (*after, balance),
                (
                    entry.balance_after_micros,
                    Some(after - entry.amount_micros)
                )
            );
        }
        balance = Some(entry.balance_after_micros);
    }
    let kept = changes(&core, "alice").await;
    assert_eq!(
        kept.iter()
            .filter(|change| change.action == "adjustment")
            .count(),
        24
    );
    assert_books_are_right(&database).await;
}

/// A page ends where it ended, whatever is changed meanwhile.
#[tokio::test]
async fn pages_of_changes_stay_while_others_are_made() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    for number in 0..5 {
        alice.adjust(&format!("before {number}"), USD).await;
    }
    let page = async |page_token: String| {
        let request = v1::ListAdminChangesRequest {
            tenant_id: "acme".to_owned(),
            page_size: 2,
            page_token,
            ..Default::default()
        };
        core.admin()
            .list_admin_changes(request)
            .await
            .unwrap()
            .into_inner()
    };
    let first = page(String::new()).await;
    let second = page(first.next_page_token.clone()).await;
    for number in 0..5 {
        alice.adjust(&format!("meanwhile {number}"), USD).await;
    }
    assert_eq!(page(first.next_page_token).await, second);
    let last = page(second.next_page_token).await;
    assert_eq!((last.changes.len(), &*last.next_page_token), (1, ""));
}
