//! What the database itself refuses.

use billing_core::migrate::MIGRATOR;
use billing_proto::v1::{self, Decision};
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{Connection, PgConnection};

use crate::support::{USD, amount, assert_books_are_right, core_with_prices, price, run};
use crate::user::User;

/// SQLSTATE and constraint of a statement's refusal.
async fn refusal(connection: &mut PgConnection, statement: &str) -> (String, String) {
    match run(connection, statement).await {
        Ok(()) => panic!("not refused: {statement}"),
        Err(sqlx::Error::Database(error)) => (
            error.code().unwrap().into_owned(),
            error.constraint().unwrap_or_default().to_owned(),
        ),
        Err(error) => panic!("{statement}: {error}"),
    }
}

/// A fingerprint of all rows of the append-only tables and of the holds.
async fn fingerprint(connection: &mut PgConnection) -> Vec<String> {
    let mut prints = Vec::new();
    for table in ["entry", "idempotency_key", "price", "price_unit", "hold"] {
        let statement = format!(
            "select coalesce(string_agg(md5(t::text), ' ' order by t::text), '') from {table} t"
        );
        prints.push(
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .fetch_one(&mut *connection)
                .await
                .unwrap(),
        );
    }
    prints
}

/// A database with a row of everything: entries, keys, an ended hold, a price with a unit.
async fn filled() -> (TestDatabase, TestCore) {
    let search = v1::Price {
        per_call_micros: 5,
        unit_prices: vec![v1::UnitPrice {
            unit: "tokens".to_owned(),
            amount_micros: 1,
            per_units: 1,
        }],
        ..price("search")
    };
    let (database, core) = core_with_prices(&[search]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("hold", amount(USD)).await;
    alice.capture(&hold, amount(USD)).await.unwrap();
    let entry = alice.charge("charge", amount(USD)).await.entry_id;
    alice.refund("refund", &entry, Some(1)).await.unwrap();
    (database, core)
}

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const RESTRICT_VIOLATION: &str = "23001";

#[tokio::test]
async fn the_application_can_change_no_row_that_is_append_only() {
    let (database, core) = filled().await;
    let mut application = PgConnection::connect_with(&database.application())
        .await
        .unwrap();
    let before = fingerprint(&mut application).await;
    for table in ["entry", "idempotency_key", "price", "price_unit"] {
        // PostgreSQL warns that this grants nothing; what follows shows that it did not.
        run(
            &mut application,
            &format!("grant update on {table} to billing_test"),
        )
        .await
        .unwrap();
        for attack in [
            format!("update {table} set account_id = account_id"),
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("truncate {table} cascade"),
            format!("drop table {table} cascade"),
            format!("alter table {table} disable trigger all"),
            format!("alter table {table} disable trigger {table}_append_only"),
            format!("drop trigger {table}_append_only on {table}"),
            format!("alter table {table} add column x int"),
            format!("alter table {table} owner to billing_test"),
            format!("create rule silence as on delete to {table} do instead nothing"),
            format!(
                "create trigger mine before insert on {table} execute function refuse_change()"
            ),
        ] {
            // There is no such column in the price tables, and that is not what should stop it.
            let attack = if table.starts_with("price") {
                attack.replace("account_id", "tool")
            } else {
                attack
            };
            let (state, _) = refusal(&mut application, &attack).await;
            assert_eq!(state, INSUFFICIENT_PRIVILEGE, "{attack}");
        }
    }
    for attack in [
        "set session_replication_role = replica",
        "create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'",
        "drop function refuse_change() cascade",
        "alter function refuse_change() owner to billing_test",
        "create table entry (seq int)",
        "set role postgres",
        "delete from hold",
        "delete from account",
        "delete from charge_refund",
        "update account_profile set user_id = 'x'",
        "update entry_note set reason = 'x'",
        "delete from _sqlx_migrations",
        "insert into entry select * from entry on conflict (account_id, seq) do update set amount_micros = 0",
        "merge into entry e using entry f on e.seq = f.seq and e.account_id = f.account_id when matched then delete",
    ] {
        let (state, _) = refusal(&mut application, attack).await;
        assert_eq!(state, INSUFFICIENT_PRIVILEGE, "{attack}");
    }
    // An ended hold stays as it ended.
    for attack in [
        "update hold set state = 'placed', ended_at = null where state <> 'placed'",
        "update hold set amount_micros = 0 where state <> 'placed'",
        "insert into hold select * from hold on conflict (account_id, hold_id) do update set amount_micros = 0",
    ] {
        let (state, _) = refusal(&mut application, attack).await;
        assert_eq!(state, RESTRICT_VIOLATION, "{attack}");
    }
    assert_eq!(fingerprint(&mut application).await, before);
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_slip_of_the_owner_is_refused_by_the_triggers() {
    let (database, core) = filled().await;
    let mut owner = database.connect_as_owner().await;
    let before = fingerprint(&mut owner).await;
    for table in ["entry", "idempotency_key", "price", "price_unit"] {
        let column = if table.starts_with("price") {
            "tool"
        } else {
            "account_id"
        };
        for slip in [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            // The rule is about the statement, also where it touches no row.
            format!("delete from {table} where false"),
            format!("truncate {table} cascade"),
        ] {
            let (state, _) = refusal(&mut owner, &slip).await;
            assert_eq!(state, RESTRICT_VIOLATION, "{slip}");
        }
    }
    assert_eq!(fingerprint(&mut owner).await, before);
    core.stop().await;
}

/// An entry of alice's account, good but for what the case says otherwise.
fn insert_entry(columns: &str, values: &str) -> String {
    format!(
        "insert into entry (account_id, balance_after_micros, created_at, day_no, month_no, {columns})
        select account_id, 0, now(), 1, 1, {values} from account"
    )
}

#[tokio::test]
async fn the_schema_refuses_what_contradicts_the_ledger_by_a_named_constraint() {
    let (database, core) = filled().await;
    let mut application = PgConnection::connect_with(&database.application())
        .await
        .unwrap();
    let before = fingerprint(&mut application).await;
    let entry = "seq, kind, amount_micros, counterparty";
    let cases = [
        (insert_entry(entry, "1, 'grant', 1, 'grants'"), "entry_pkey"),
        (
            insert_entry(entry, "0, 'grant', 1, 'grants'"),
            "entry_seq_positive",
        ),
        (
            insert_entry(entry, "9, 'gift', 1, 'grants'"),
            "entry_kind_known",
        ),
        (
            insert_entry(entry, "9, 'grant', 1, 'nobody'"),
            "entry_counterparty_known",
        ),
        (
            insert_entry(entry, "9, 'grant', 0, 'grants'"),
            "entry_sign_follows_kind",
        ),
        (
            insert_entry(entry, "9, 'charge', 1, 'usage'"),
            "entry_sign_follows_kind",
        ),
        (
            insert_entry(entry, "9, 'top_up', -1, 'stripe'"),
            "entry_sign_follows_kind",
        ),
        (
            insert_entry(entry, "9, 'adjustment', 0, 'adjustments'"),
            "entry_sign_follows_kind",
        ),
        (
            insert_entry(entry, "9, 'dispute', 1, 'stripe'"),
            "entry_sign_follows_kind",
        ),
        (
            insert_entry(entry, "9, 'refund', 1, 'usage'"),
            "entry_refund_names_charge",
        ),
        (
            insert_entry(
                &format!("{entry}, refunds_seq"),
                "9, 'refund', 1, 'usage', 9",
            ),
            "entry_refund_names_charge",
        ),
        (
            insert_entry(
                &format!("{entry}, refunds_seq"),
                "9, 'grant', 1, 'grants', 1",
            ),
            "entry_refund_names_charge",
        ),
        (
            insert_entry(
                &format!("{entry}, hold_id"),
                "9, 'charge', -1, 'usage', (select hold_id from hold)",
            ),
            "entry_one_charge_per_hold",
        ),
    ];
    for (statement, constraint) in cases {
        let (_, named) = refusal(&mut application, &statement).await;
        assert_eq!(named, constraint, "{statement}");
    }
    for (statement, constraint) in [
        (
            "update account set held_micros = -1",
            "account_held_not_negative",
        ),
        (
            "update account set overdraft_micros = -1",
            "account_overdraft_not_negative",
        ),
        (
            "update account set held_micros = settled_micros + 1",
            "account_overdraft_authorised",
        ),
        (
            "update account set settled_micros = -1",
            "account_overdraft_authorised",
        ),
        (
            "update account set day_spent_micros = -1",
            "account_day_spent_not_negative",
        ),
        (
            "update account set day_spent_micros = month_spent_micros + 1",
            "account_day_within_month",
        ),
        (
            "update account set total_spent_micros = -1",
            "account_total_spent_not_negative",
        ),
        (
            "update account set daily_limit_micros = -1",
            "account_daily_limit_range",
        ),
        (
            "update account set monthly_limit_micros = 1000000000000001",
            "account_monthly_limit_range",
        ),
        (
            "update account set low_balance_threshold_micros = -1",
            "account_low_balance_threshold_range",
        ),
        (
            "update account set currency = 'EUR'",
            "account_currency_known",
        ),
        (
            "update charge_refund set refunded_micros = charged_micros + 1",
            "charge_refund_within_charge",
        ),
        (
            "insert into idempotency_key select account_id, 'x:k', command_hash, answer from idempotency_key limit 1",
            "idempotency_key_namespace",
        ),
        (
            "insert into idempotency_key select account_id, 'c:', command_hash, answer from idempotency_key limit 1",
            "idempotency_key_namespace",
        ),
        (
            "insert into idempotency_key select account_id, 'c:k', '\\x00', answer from idempotency_key limit 1",
            "idempotency_key_hash_length",
        ),
        (
            "insert into idempotency_key select account_id, 'c:charge', command_hash, answer from idempotency_key limit 1",
            "idempotency_key_pkey",
        ),
        (
            "insert into price select tenant_id, tool, 2, 0, false, 0, now(), now() from price",
            "price_starts_ahead",
        ),
        (
            "insert into price select tenant_id, tool, 2, -1, false, 0, now() + interval '6 s', now() from price",
            "price_per_call_range",
        ),
        (
            "insert into price select tenant_id, tool, 1, 0, false, 0, now() + interval '6 s', now() from price",
            "price_pkey",
        ),
        (
            "insert into price_unit select tenant_id, tool, 7, 'pages', 1, 1 from price",
            "price_unit_of_price",
        ),
        (
            "insert into free_call select account_id, 'search', 1, 2, 1 from account",
            "free_call_within_allowance",
        ),
        (
            "insert into hold (account_id, hold_id, amount_micros, state, placed_at, expires_at, day_no, month_no) select account_id, gen_random_uuid(), -1, 'placed', now(), now(), 1, 1 from account",
            "hold_amount_range",
        ),
        (
            "insert into hold (account_id, hold_id, amount_micros, state, placed_at, expires_at, day_no, month_no) select account_id, gen_random_uuid(), 1, 'captured', now(), now(), 1, 1 from account",
            "hold_end_known",
        ),
        (
            "insert into hold (account_id, hold_id, amount_micros, state, placed_at, expires_at, day_no, month_no, waiver) select account_id, gen_random_uuid(), 1, 'placed', now(), now(), 1, 1, 'free_call' from account",
            "hold_waived_is_free",
        ),
    ] {
        let (_, named) = refusal(&mut application, statement).await;
        assert_eq!(named, constraint, "{statement}");
    }
    assert_eq!(fingerprint(&mut application).await, before);
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn the_migrations_go_down_and_up_again_on_a_database_with_data() {
    let (database, core) = filled().await;
    core.stop().await;
    let mut owner = database.connect_as_owner().await;
    MIGRATOR.undo(&mut owner, 0).await.unwrap();
    let left: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relname not like '\\_sqlx%'
        union all select proname::text from pg_proc where pronamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(left.is_empty(), "{left:?}");
    MIGRATOR.run(&mut owner).await.unwrap();
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    assert_eq!(
        alice.charge("charge", amount(USD)).await.decision(),
        Decision::Allowed
    );
    core.stop().await;
    assert_books_are_right(&database).await;
}
