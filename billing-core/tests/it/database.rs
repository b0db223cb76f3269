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

/// What the application may not do to a table that is append-only.
const ATTACKS_ON_A_TABLE: &str = "
    update {table} set {column} = {column}
    delete from {table}
    truncate {table}
    truncate {table} cascade
    drop table {table} cascade
    alter table {table} disable trigger all
    alter table {table} disable trigger {table}_append_only
    drop trigger {table}_append_only on {table}
    alter table {table} add column x int
    alter table {table} owner to billing_test
    create rule silence as on delete to {table} do instead nothing
    create trigger mine before insert on {table} execute function refuse_change()";

/// Nor to what stands around them.
const OTHER_ATTACKS: &str = "
    set session_replication_role = replica
    create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'
    drop function refuse_change() cascade
    alter function refuse_change() owner to billing_test
    create table entry (seq int)
    set role postgres
    delete from hold
    delete from account
    delete from charge_refund
    update account_profile set user_id = 'x'
    update entry_note set reason = 'x'
    delete from _sqlx_migrations
    insert into entry select * from entry on conflict (account_id, seq) do update set amount_micros = 0
    merge into entry e using entry f on e.seq = f.seq and e.account_id = f.account_id when matched then delete";

/// An ended hold stays as it ended.
const ATTACKS_ON_ENDED_HOLDS: &str = "
    update hold set state = 'placed', ended_at = null where state <> 'placed'
    update hold set amount_micros = 0 where state <> 'placed'
    insert into hold select * from hold on conflict (account_id, hold_id) do update set amount_micros = 0";

const APPEND_ONLY: [(&str, &str); 4] = [
    ("entry", "account_id"),
    ("idempotency_key", "account_id"),
    ("price", "tool"),
    ("price_unit", "tool"),
];

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[tokio::test]
async fn the_application_can_change_no_row_that_is_append_only() {
    let (database, core) = filled().await;
    let mut application = PgConnection::connect_with(&database.application())
        .await
        .unwrap();
    let before = fingerprint(&mut application).await;
    for (table, column) in APPEND_ONLY {
        // PostgreSQL warns that this grants nothing; what follows shows that it did not.
        let grant = format!("grant update on {table} to billing_test");
        run(&mut application, &grant).await.unwrap();
        for attack in lines(ATTACKS_ON_A_TABLE) {
            let attack = attack.replace("{table}", table).replace("{column}", column);
            let (state, _) = refusal(&mut application, &attack).await;
            assert_eq!(state, INSUFFICIENT_PRIVILEGE, "{attack}");
        }
    }
    for attack in lines(OTHER_ATTACKS) {
        let (state, _) = refusal(&mut application, attack).await;
        assert_eq!(state, INSUFFICIENT_PRIVILEGE, "{attack}");
    }
    for attack in lines(ATTACKS_ON_ENDED_HOLDS) {
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
    for (table, column) in APPEND_ONLY {
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

/// Entries that are none: number, kind, amount, counterparty, refunded entry, hold.
const ENTRIES: &str = "
    1, 'grant', 1, 'grants', null, null => entry_pkey
    0, 'grant', 1, 'grants', null, null => entry_seq_positive
    9, 'gift', 1, 'grants', null, null => entry_kind_known
    9, 'grant', 1, 'No Body', null, null => entry_counterparty_name
    9, 'grant', 0, 'grants', null, null => entry_sign_follows_kind
    9, 'charge', 1, 'usage', null, null => entry_sign_follows_kind
    9, 'top_up', -1, 'stripe', null, null => entry_sign_follows_kind
    9, 'adjustment', 0, 'adjustments', null, null => entry_sign_follows_kind
    9, 'dispute', 1, 'stripe', null, null => entry_sign_follows_kind
    9, 'refund', 1, 'usage', null, null => entry_refund_names_charge
    9, 'refund', 1, 'usage', 9, null => entry_refund_names_charge
    9, 'grant', 1, 'grants', 1, null => entry_refund_names_charge
    9, 'charge', -1, 'usage', null, (select hold_id from hold) => entry_one_charge_per_hold";

/// Holds that are none: amount, state, end, waiver.
const HOLDS: &str = "
    -1, 'placed', null, null => hold_amount_range
    1, 'lost', now(), null => hold_state_known
    1, 'captured', null, null => hold_end_known
    1, 'placed', now(), null => hold_end_known
    1, 'placed', null, 'free_call' => hold_waived_is_free
    0, 'placed', null, 'gift' => hold_waiver_known";

/// Keys that are none: key, hash.
const KEYS: &str = "
    'x:k', command_hash => idempotency_key_namespace
    'c:', command_hash => idempotency_key_namespace
    'c:k', '\\x00' => idempotency_key_hash_length
    'c:charge', command_hash => idempotency_key_pkey";

/// Prices that are none: version, amount, free calls, seconds ahead.
const PRICES: &str = "
    2, 0, 0, 4 => price_starts_ahead
    2, -1, 0, 6 => price_per_call_range
    2, 0, -1, 6 => price_free_calls_range
    0, 0, 0, 6 => price_version_positive
    1, 0, 0, 6 => price_pkey";

const STATEMENTS: &str = "
    update account set held_micros = -1 => account_held_not_negative
    update account set overdraft_micros = -1 => account_overdraft_not_negative
    update account set held_micros = settled_micros + 1 => account_overdraft_authorised
    update account set settled_micros = -1 => account_overdraft_authorised
    update account set day_spent_micros = -1 => account_day_spent_not_negative
    update account set day_spent_micros = month_spent_micros + 1 => account_day_within_month
    update account set total_spent_micros = -1 => account_total_spent_not_negative
    update account set daily_limit_micros = -1 => account_daily_limit_range
    update account set monthly_limit_micros = 1000000000000001 => account_monthly_limit_range
    update account set low_balance_threshold_micros = -1 => account_low_balance_threshold_range
    update account set currency = 'EUR' => account_currency_known
    update charge_refund set refunded_micros = charged_micros + 1 => charge_refund_within_charge
    update tenant set unpriced_tools = 'ask' => tenant_unpriced_tools_known
    update tenant set welcome_grant_micros = -1 => tenant_welcome_grant_range
    insert into price_unit select tenant_id, tool, 7, 'pages', 1, 1 from price => price_unit_of_price
    insert into price_unit select tenant_id, tool, 1, 'pages', 1, 0 from price => price_unit_per_range
    insert into free_call select account_id, 'search', 1, 2, 1 from account => free_call_within_allowance";

/// Statements of the tables above, each with the constraint that refuses it.
fn contradictions() -> Vec<(String, &'static str)> {
    type Statement = fn(&str) -> String;
    let tables: [(&str, Statement); 5] = [
        (ENTRIES, |values| {
            format!(
                "insert into entry (account_id, balance_after_micros, created_at, day_no, month_no,
                    seq, kind, amount_micros, counterparty, refunds_seq, hold_id)
                select account_id, 0, now(), 1, 1, {values} from account"
            )
        }),
        (HOLDS, |values| {
            format!(
                "insert into hold (account_id, hold_id, placed_at, expires_at, day_no, month_no,
                    amount_micros, state, ended_at, waiver)
                select account_id, gen_random_uuid(), now(), now(), 1, 1, {values} from account"
            )
        }),
        (KEYS, |values| {
            format!(
                "insert into idempotency_key (account_id, answer, key, command_hash)
                select account_id, answer, {values} from idempotency_key limit 1"
            )
        }),
        (PRICES, |values| {
            let (terms, ahead) = values.rsplit_once(", ").unwrap();
            format!(
                "insert into price (tenant_id, tool, exempt, version, per_call_micros,
                    free_calls_per_day, created_at, effective_at)
                select tenant_id, tool, false, {terms}, now(), now() + {ahead} * interval '1 s'
                from price"
            )
        }),
        (STATEMENTS, str::to_owned),
    ];
    let mut cases = Vec::new();
    for (table, statement) in tables {
        for line in lines(table) {
            let (values, constraint) = line.split_once(" => ").unwrap();
            cases.push((statement(values), constraint));
        }
    }
    cases
}

#[tokio::test]
async fn the_schema_refuses_what_contradicts_the_ledger_by_a_named_constraint() {
    let (database, core) = filled().await;
    let mut application = PgConnection::connect_with(&database.application())
        .await
        .unwrap();
    run(
        &mut application,
        "insert into tenant (tenant_id) values ('acme')",
    )
    .await
    .unwrap();
    let before = fingerprint(&mut application).await;
    for (statement, constraint) in contradictions() {
        let (_, named) = refusal(&mut application, &statement).await;
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
