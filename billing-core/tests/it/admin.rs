//! What administrators see of a whole tenant.

use billing_proto::v1;
use billing_proto::v1::admin_service_client::AdminServiceClient;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{AccountStatus, PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use tonic::Code;

use crate::mail::{contact, post_test};
use crate::payment::{apply, attached, declined, dispute, event, new_payment, paid, refund, state};
use crate::support::{
    USD, account, amount, as_owner, charge, core, eventually, fields, hold, moment, reason, set,
};
use crate::switches::switch;
use crate::user::User;

const TENANT: &str = "acme";

pub(crate) async fn list(
    core: &TestCore,
    request: v1::ListAccountsRequest,
) -> v1::ListAccountsResponse {
    let request = v1::ListAccountsRequest {
        tenant_id: TENANT.to_owned(),
        ..request
    };
    core.admin()
        .list_accounts(request)
        .await
        .unwrap()
        .into_inner()
}

pub(crate) fn users(answer: &v1::ListAccountsResponse) -> Vec<&str> {
    let accounts = answer.accounts.iter();
    accounts
        .map(|listed| {
            &*listed
                .account
                .as_ref()
                .unwrap()
                .account
                .as_ref()
                .unwrap()
                .user_id
        })
        .collect()
}

#[tokio::test]
async fn accounts_are_found_by_user_address_and_status() {
    let (database, core) = core().await;
    for user in ["u-1", "u-10", "u-2", "U-1", "ю-1", "u-1%"] {
        User::with(&core, user, 5 * USD).await;
    }
    let other = v1::AccountRef {
        tenant_id: "other".to_owned(),
        user_id: "u-1".to_owned(),
    };
    core.grant(&other, USD).await;
    let address = contact(&database, "u-2", "en").await;
    User::new(&core, "u-10").suspend().await;
    User::new(&core, "U-1").enable_billing(false).await;
    User::new(&core, "u-1%").adjust("a", -6 * USD).await;
    User::new(&core, "u-1").charge("c", amount(2 * USD)).await;

    let search = |text: &str, status: AccountStatus| v1::ListAccountsRequest {
        search: text.to_owned(),
        status: status.into(),
        ..Default::default()
    };
    let found = list(&core, search("", AccountStatus::Unspecified)).await;
    assert_eq!(users(&found), ["U-1", "u-1", "u-1%", "u-10", "u-2", "ю-1"]);
    let first = found.accounts[1].account.as_ref().unwrap();
    let read = User::new(&core, "u-1").get().await;
    assert_eq!(
        first,
        &v1::Account {
            preferences: None,
            ..read
        }
    );
    let shouted = address.to_uppercase();
    for (text, status, expected) in [
        (
            "u-1",
            AccountStatus::Unspecified,
            vec!["u-1", "u-1%", "u-10"],
        ),
        ("u-1%", AccountStatus::Unspecified, vec!["u-1%"]),
        ("U", AccountStatus::Unspecified, vec!["U-1"]),
        ("ю", AccountStatus::Unspecified, vec!["ю-1"]),
        (shouted.as_str(), AccountStatus::Unspecified, vec!["u-2"]),
        (address.as_str(), AccountStatus::Suspended, vec![]),
        ("@example.org", AccountStatus::Unspecified, vec![]),
        ("", AccountStatus::Active, vec!["u-1", "u-1%", "u-2", "ю-1"]),
        ("", AccountStatus::Suspended, vec!["u-10"]),
        ("u-2", AccountStatus::Suspended, vec![]),
        ("", AccountStatus::InDebt, vec!["u-1%"]),
        ("", AccountStatus::Disabled, vec!["U-1"]),
    ] {
        let found = list(&core, search(text, status)).await;
        assert_eq!(users(&found), expected, "{text:?} {status:?}");
    }
    let by_address = list(&core, search(&address, AccountStatus::Active)).await;
    assert_eq!(by_address.accounts[0].email, address);
}

#[tokio::test]
async fn pages_of_accounts_stay_while_accounts_are_opened() {
    let (_database, core) = core().await;
    for number in 0..5 {
        User::with(&core, &format!("user {number}"), USD).await;
    }
    let page = |page_token: &str| v1::ListAccountsRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let first = list(&core, page("")).await;
    let second = list(&core, page(&first.next_page_token)).await;
    assert_eq!(users(&second), ["user 2", "user 3"]);
    User::with(&core, "user 0 and a half", USD).await;
    assert_eq!(list(&core, page(&first.next_page_token)).await, second);
    let last = list(&core, page(&second.next_page_token)).await;
    assert_eq!((users(&last), &*last.next_page_token), (vec!["user 4"], ""));
    let skipping = v1::ListAccountsRequest {
        skip: 3,
        ..page("")
    };
    assert_eq!(users(&list(&core, skipping).await), ["user 2", "user 3"]);
}

pub(crate) async fn payments(
    core: &TestCore,
    request: v1::ListTenantPaymentsRequest,
) -> v1::ListTenantPaymentsResponse {
    let request = v1::ListTenantPaymentsRequest {
        tenant_id: TENANT.to_owned(),
        ..request
    };
    core.admin()
        .list_tenant_payments(request)
        .await
        .unwrap()
        .into_inner()
}

fn ids(answer: &v1::ListTenantPaymentsResponse) -> Vec<&str> {
    let payments = answer.payments.iter();
    payments
        .map(|listed| &*listed.payment.as_ref().unwrap().payment_id)
        .collect()
}

#[tokio::test]
async fn payments_of_a_tenant_are_listed_newest_first_by_state_user_and_what_is_to_be_looked_at() {
    let (_database, core) = core().await;
    let a = paid(&core, "alice", "a").await;
    let b = attached(&core, "bob", "b").await;
    apply(&core, event("declined", &b, declined()))
        .await
        .unwrap();
    let c = paid(&core, "carol", "c").await;
    let mut wrong = state(PaymentState::Succeeded);
    if let v1::apply_provider_event_request::Report::Payment(report) = &mut wrong {
        report.currency = "UAH".to_owned();
    }
    let d = attached(&core, "alice", "d").await;
    apply(&core, event("wrong", &d, wrong)).await.unwrap();
    let mut other = new_payment("alice", "elsewhere");
    other.account.as_mut().unwrap().tenant_id = "other".to_owned();
    core.payments().create_payment(other).await.unwrap();
    let [a, b, c, d] = [&a, &b, &c, &d].map(|payment| &*payment.payment_id);

    let all = v1::ListTenantPaymentsRequest::default();
    assert_eq!(ids(&payments(&core, all.clone()).await), [d, c, b, a]);
    let succeeded = v1::ListTenantPaymentsRequest {
        state: PaymentState::Succeeded.into(),
        ..all.clone()
    };
    assert_eq!(ids(&payments(&core, succeeded).await), [c, a]);
    let of_alice = v1::ListTenantPaymentsRequest {
        user_id: "alice".to_owned(),
        ..all.clone()
    };
    assert_eq!(ids(&payments(&core, of_alice).await), [d, a]);
    let marked = v1::ListTenantPaymentsRequest {
        needs_review: true,
        ..all.clone()
    };
    let marked = payments(&core, marked).await;
    assert_eq!(ids(&marked), [d]);
    assert_ne!(marked.payments[0].review_reason, "");
    assert!(marked.payments[0].review_received_at.is_some());
    let two = v1::ListTenantPaymentsRequest {
        page_size: 2,
        ..all
    };
    let first = payments(&core, two.clone()).await;
    paid(&core, "dave", "meanwhile").await;
    let rest = v1::ListTenantPaymentsRequest {
        page_token: first.next_page_token.clone(),
        ..two
    };
    let rest = payments(&core, rest).await;
    assert_eq!(
        (ids(&first), ids(&rest), &*rest.next_page_token),
        (vec![d, c], vec![b, a], "")
    );
}

/// Ten dollars paid, of which five were given back; seven spent, one in another quarter, and six elsewhere.
async fn book(database: &TestDatabase, core: &TestCore) {
    let payment = attached(core, "alice", "p").await;
    for (id, report) in [
        ("paid", state(PaymentState::Succeeded)),
        ("re", refund("re", 200, RefundState::Succeeded)),
        ("dp", dispute("dp", 300, Movement::FundsWithdrawn)),
    ] {
        let today = v1::ApplyProviderEventRequest {
            occurred_at: Some(moment(jiff::Timestamp::now())),
            ..event(id, &payment, report)
        };
        apply(core, today).await.unwrap();
    }
    let alice = User::new(core, "alice");
    let bob = User::with(core, "bob", 9 * USD).await;
    let spent = alice.charge("c", amount(3 * USD)).await.entry_id;
    alice.refund("r", &spent, Some(USD)).await.unwrap();
    bob.charge("c", amount(5 * USD)).await;
    let elsewhere = v1::AccountRef {
        tenant_id: "other".to_owned(),
        user_id: "eve".to_owned(),
    };
    core.grant(&elsewhere, 7 * USD).await;
    let theirs = v1::ChargeRequest {
        account: Some(elsewhere),
        ..charge("eve", "c", 6 * USD)
    };
    core.balance().charge(theirs).await.unwrap();
    as_owner(
        database,
        "alter table entry disable trigger entry_append_only",
    )
    .await;
    alice.charge("old", amount(USD)).await;
    as_owner(
        database,
        "update entry set created_at = created_at - interval '95 days' where amount_micros = -1000000",
    )
    .await;
}

#[tokio::test]
async fn revenue_and_use_are_what_was_booked() {
    let (database, core) = core().await;
    book(&database, &core).await;
    let mut admin = core.admin();
    let revenue = v1::GetRevenueRequest {
        tenant_id: TENANT.to_owned(),
        days: 1,
    };
    let revenue = admin.get_revenue(revenue).await.unwrap().into_inner().days;
    let [day] = revenue.try_into().unwrap();
    let expected = v1::DayRevenue {
        date: day.date.clone(),
        provider: "stripe".to_owned(),
        currency: "USD".to_owned(),
        received_minor: 1_000,
        refunded_minor: 200,
        disputed_minor: 300,
        credited_micros: 5 * USD,
        net_micros: 5 * USD,
        payment_count: 1,
    };
    assert_eq!(day, expected);

    let usage = v1::GetTenantUsageRequest {
        tenant_id: TENANT.to_owned(),
        days: 92,
        users_max: 0,
    };
    let usage = admin.get_tenant_usage(usage).await.unwrap().into_inner();
    let sums: Vec<_> = usage
        .users
        .iter()
        .map(|user| (&*user.user_id, user.spent_micros, user.charge_count))
        .collect();
    assert_eq!(sums, [("bob", 5 * USD, 1), ("alice", 2 * USD, 1)]);
    let tools: Vec<_> = usage
        .tools
        .iter()
        .map(|tool| (&*tool.tool, tool.spent_micros, tool.charge_count))
        .collect();
    assert_eq!(tools, [("", 7 * USD, 2)]);
    let days: Vec<_> = usage
        .days
        .iter()
        .map(|day| (&day.date, day.spent_micros, day.charge_count))
        .collect();
    assert_eq!(days, [(&day.date, 7 * USD, 2)]);
}

#[tokio::test]
async fn an_overview_is_what_was_booked_today_and_this_month() {
    let (database, core) = core().await;
    book(&database, &core).await;
    let overview = v1::GetTenantOverviewRequest {
        tenant_id: TENANT.to_owned(),
    };
    let overview = core
        .admin()
        .get_tenant_overview(overview)
        .await
        .unwrap()
        .into_inner();
    let expected = v1::GetTenantOverviewResponse {
        account_count: 2,
        revenue_today_micros: 5 * USD,
        revenue_month_micros: 5 * USD,
        spent_today_micros: 7 * USD,
        spent_month_micros: 7 * USD,
        payments_in_review: 0,
        undelivered_mail: 0,
        as_of: overview.as_of,
    };
    assert_eq!(overview, expected);
}

#[tokio::test]
async fn mail_that_does_not_leave_is_listed_with_a_hint_of_its_reader() {
    let (database, core) = core().await;
    for user in ["olena", "oleh"] {
        contact(&database, user, "uk").await;
        post_test(&database, user).await;
    }
    as_owner(
        &database,
        "update outbox_message set attempts = 3, last_error = '450 later', next_attempt_at = now() + interval '1 hour';
        update outbox_message set given_up_at = now() where account_id = (
            select account_id from contact where user_id = 'oleh')",
    )
    .await;
    let page = async |page_token: String| {
        let request = v1::ListUndeliveredRequest {
            tenant_id: TENANT.to_owned(),
            page_size: 1,
            page_token,
        };
        core.admin()
            .list_undelivered(request)
            .await
            .unwrap()
            .into_inner()
    };
    let first = page(String::new()).await;
    let second = page(first.next_page_token).await;
    assert_eq!(second.next_page_token, "");
    let shown = |mail: &v1::UndeliveredMail| {
        let user = mail.account.clone().unwrap().user_id;
        let waits = mail.next_attempt_at.is_some();
        (
            user,
            mail.kind.clone(),
            mail.recipient_hint.clone(),
            mail.attempts,
            mail.last_error.clone(),
            waits,
        )
    };
    let of = |user: &str, waits| {
        let words = (
            "test".to_owned(),
            "o***@example.org".to_owned(),
            3,
            "450 later".to_owned(),
        );
        (user.to_owned(), words.0, words.1, words.2, words.3, waits)
    };
    assert_eq!(
        [shown(&first.mail[0]), shown(&second.mail[0])],
        [of("oleh", false), of("olena", true)]
    );
}

#[tokio::test]
async fn an_administrator_of_one_tenant_sees_nothing_of_another() {
    let (_database, core) = core().await;
    let caller = TestCore::caller(&core.other_tenants_admin_token);
    let mut admin = AdminServiceClient::with_interceptor(core.channel(), caller);
    macro_rules! not_found {
        ($($rpc:ident($request:ident);)*) => {$(
            let request = v1::$request { tenant_id: TENANT.to_owned(), ..Default::default() };
            let refused = admin.$rpc(request).await.unwrap_err();
            assert_eq!((refused.code(), &*reason(&refused)), (Code::NotFound, "TENANT_NOT_FOUND"));
            let request = v1::$request { tenant_id: "other".to_owned(), ..Default::default() };
            admin.$rpc(request).await.unwrap();
        )*};
    }
    not_found! {
        list_accounts(ListAccountsRequest);
        list_tenant_payments(ListTenantPaymentsRequest);
        get_revenue(GetRevenueRequest);
        get_tenant_usage(GetTenantUsageRequest);
        list_undelivered(ListUndeliveredRequest);
        list_admin_changes(ListAdminChangesRequest);
    }
    let overview = v1::GetTenantOverviewRequest {
        tenant_id: TENANT.to_owned(),
    };
    let refused = admin.get_tenant_overview(overview).await.unwrap_err();
    assert_eq!(&*reason(&refused), "TENANT_NOT_FOUND");
    // What holds for all tenants is none of theirs either.
    let request = v1::ListAdminChangesRequest {
        tenant_id: "other".to_owned(),
        with_switches: true,
        ..Default::default()
    };
    let refused = admin.list_admin_changes(request).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason(&refused)),
        (Code::PermissionDenied, "ALL_TENANTS_REQUIRED")
    );
}

#[tokio::test]
async fn a_balance_says_whether_it_is_low_and_whether_payments_begin() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let before = alice.standing().await;
    assert!(
        !before.low_balance
            && !before.payments_off
            && before.low_balance_threshold_micros.is_none()
    );
    let warned = v1::UpdateSettingsRequest {
        low_balance_threshold: set(5 * USD),
        ..Default::default()
    };
    alice.settings(warned).await;
    assert!(!alice.standing().await.low_balance);
    alice.charge("c", amount(1)).await;
    switch(&core, "payments", false).await;
    eventually("payments are off", async || {
        alice.standing().await.payments_off
    })
    .await;
    let after = alice.standing().await;
    assert!(after.low_balance && after.payments_off_reason == "we repair something");
    assert!(alice.get().await.low_balance);
}

#[tokio::test]
async fn placed_holds_are_listed_newest_first_and_those_that_ended_are_not() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 9 * USD).await;
    let mut placed = Vec::new();
    for key in ["1", "2", "3", "4"] {
        let request = v1::PlaceHoldRequest {
            request_id: format!("request {key}"),
            ..hold("alice", key, USD)
        };
        placed.push(alice.place(request).await.unwrap().hold.unwrap());
    }
    alice.capture(&placed[1], amount(USD)).await.unwrap();
    let brief = alice.brief_hold("brief", USD).await;
    let page = async |page_token: String| {
        let request = v1::ListHoldsRequest {
            account: alice.account(),
            page_size: 2,
            page_token,
        };
        core.balance()
            .list_holds(request)
            .await
            .unwrap()
            .into_inner()
    };
    eventually("the brief hold is not listed", async || {
        let listed = page(String::new()).await.holds;
        listed[0].hold.as_ref().unwrap().hold_id != brief.hold_id
    })
    .await;
    let first = page(String::new()).await;
    let held: Vec<_> = first
        .holds
        .iter()
        .map(|listed| (listed.hold.clone().unwrap(), &*listed.request_id))
        .collect();
    assert_eq!(
        held,
        [
            (placed[3].clone(), "request 4"),
            (placed[2].clone(), "request 3")
        ]
    );
    let last = page(first.next_page_token).await;
    assert_eq!(
        (last.holds[0].hold.as_ref(), &*last.next_page_token),
        (Some(&placed[0]), "")
    );
    let nonsense = v1::ListHoldsRequest {
        page_token: "x".to_owned(),
        account: Some(account("alice")),
        page_size: 0,
    };
    assert_eq!(
        fields(&core.balance().list_holds(nonsense).await.unwrap_err()),
        ["page_token"]
    );
}
