//! Each column that a batch writes arrives under its own name: the statements take them by number, and two
//! of one type could be swapped.

use std::borrow::Cow;

use billing_testkit::TestDatabase;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar, raw_sql};
use uuid::Uuid;

use super::super::columns::{
    AccountColumns, Columns, EntryColumns, FreeCallColumns, HoldColumns, KeyColumns, NoteColumns,
    RefundColumns, RepairColumns, SettingsColumns,
};
use super::super::queries::{
    insert_notes, insert_repairs, write_batch, write_free_calls, write_refunds, write_settings,
};

const ACCOUNT: Uuid = Uuid::from_u128(0xacc);

/// No value of a type comes twice, so that no two columns can stand for each other.
#[expect(clippy::too_many_lines, reason = "a line for each column")]
fn columns() -> Columns {
    Columns {
        accounts: AccountColumns {
            account_ids: vec![ACCOUNT],
            versions: vec![101],
            settled: vec![102],
            held: vec![103],
            overdrafts: vec![104],
            spent_on: vec![day(5).to_sqlx()],
            begun_on: vec![Some(day(14).to_sqlx())],
            day_nos: vec![106],
            month_nos: vec![107],
            day_spent: vec![108],
            month_spent: vec![109],
            total_spent: vec![110],
            request_counts: vec![111],
            last_request_at: vec![Some(second(12).to_sqlx())],
            entry_seqs: vec![113],
            carried_day_nos: vec![Some(115)],
            carried_month_nos: vec![Some(116)],
        },
        entries: EntryColumns {
            account_ids: vec![ACCOUNT],
            seqs: vec![202],
            kinds: vec!["kind"],
            amounts: vec![204],
            balances_after: vec![205],
            counterparties: vec![Cow::Borrowed("counterparty")],
            day_nos: vec![207],
            month_nos: vec![208],
            request_ids: vec![text("request")],
            tools: vec![text("tool")],
            price_versions: vec![Some(211)],
            holds: vec![Some(Uuid::from_u128(0x212))],
            refunds: vec![Some(213)],
        },
        keys: KeyColumns {
            account_ids: vec![ACCOUNT],
            keys: vec!["key".to_owned()],
            hashes: vec![vec![3]],
            answers: vec![vec![4]],
            holds: vec![Some(Uuid::from_u128(0x305))],
        },
        holds: HoldColumns {
            placed: 1,
            changed: 0,
            account_ids: vec![ACCOUNT],
            hold_ids: vec![Uuid::from_u128(0x402)],
            amounts: vec![403],
            states: vec!["state"],
            expires_at: vec![second(15).to_sqlx()],
            day_nos: vec![406],
            month_nos: vec![407],
            tools: vec![text("hold's tool")],
            price_versions: vec![Some(409)],
            waivers: vec![Some("waiver")],
            request_ids: vec![text("hold's request")],
            end_hashes: vec![Some(vec![12])],
            end_answers: vec![Some(vec![13])],
        },
        settings: SettingsColumns {
            account_ids: vec![ACCOUNT],
            daily_limits: vec![Some(502)],
            monthly_limits: vec![Some(503)],
            thresholds: vec![Some(504)],
            time_zones: vec!["zone".to_owned()],
            billing_enabled: vec![false],
            suspended: vec![true],
            warned_on: vec![Some(day(8).to_sqlx())],
            gone_on: vec![Some(day(9).to_sqlx())],
            gone_counts: vec![510],
            gone_at: vec![Some(second(11).to_sqlx())],
            warned: vec![Some("low")],
            warning_due_at: vec![Some(second(13).to_sqlx())],
            day_limit_told: vec![Some(514)],
            month_limit_told: vec![Some(515)],
        },
        notes: NoteColumns {
            account_ids: vec![ACCOUNT],
            seqs: vec![602],
            descriptions: vec![text("description")],
            metadata: vec![Some(json!({"of": "the note"}))],
            reasons: vec![text("reason")],
            actors: vec![text("actor")],
        },
        refunds: RefundColumns {
            account_ids: vec![ACCOUNT],
            seqs: vec![702],
            charged: vec![703],
            refunded: vec![704],
        },
        free_calls: FreeCallColumns {
            account_ids: vec![ACCOUNT],
            tools: vec!["free tool".to_owned()],
            day_nos: vec![803],
            used: vec![804],
            allowed: vec![805],
        },
        repairs: RepairColumns {
            account_ids: vec![ACCOUNT],
            was_on: vec![day(20).to_sqlx()],
            spent_on: vec![day(21).to_sqlx()],
            day_nos: vec![904],
            month_nos: vec![905],
            day_carried: vec![906],
            month_carried: vec![907],
            reasons: vec!["repair's reason".to_owned()],
            actors: vec!["repair's actor".to_owned()],
        },
        ..Columns::default()
    }
}

fn day(day: i8) -> Date {
    date(2026, 1, day)
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as the columns have it")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A database on which any value can be written: no rule of the schema's is asked.
async fn without_rules(database: &TestDatabase) -> PgConnection {
    let mut connection = database.connect_as_owner().await;
    raw_sql(
        "set session_replication_role = replica;
        set time zone 'UTC';
        do $$ declare rule record; begin
            for rule in select conrelid::regclass as of, conname from pg_constraint
                where contype = 'c' and conrelid <> 0 and conparentid = 0
                    and connamespace = 'public'::regnamespace
            loop
                execute format('alter table %s drop constraint %I', rule.of, rule.conname);
            end loop;
        end $$",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection
}

async fn assert_row(connection: &mut PgConnection, table: &str, expected: Value) {
    let statement = AssertSqlSafe(format!("select to_jsonb(r) from {table} r"));
    let row: Value = query_scalar(statement).fetch_one(connection).await.unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(row.get(name), Some(value), "{table}.{name}");
    }
}

#[tokio::test]
async fn every_column_of_a_batch_arrives_under_its_own_name() {
    let database = TestDatabase::new().await;
    let mut connection = without_rules(&database).await;
    query("insert into account (account_id, version, spent_on) values ($1, 101, '2026-01-01')")
        .bind(ACCOUNT)
        .execute(&mut connection)
        .await
        .unwrap();
    let columns = columns();
    let written = write_batch(&mut connection, second(28), &columns)
        .await
        .unwrap();
    assert_eq!(
        (written.accounts, written.placed, written.changed),
        (1, 1, 0)
    );
    assert_row(
        &mut connection,
        "account",
        json!({
            "account_id": ACCOUNT, "version": 102, "settled_micros": 102, "held_micros": 103,
            "overdraft_micros": 104, "spent_on": "2026-01-05", "begun_on": "2026-01-14", "day_no": 106, "month_no": 107,
            "carried_day_no": 115, "carried_month_no": 116, "day_spent_micros": 108, "month_spent_micros": 109, "total_spent_micros": 110,
            "request_count": 111, "last_request_at": "1970-01-01T00:00:12+00:00", "entry_seq": 113,
        }),
    )
    .await;
    assert_row(
        &mut connection,
        "entry",
        json!({
            "account_id": ACCOUNT, "seq": 202, "kind": "kind", "amount_micros": 204,
            "balance_after_micros": 205, "counterparty": "counterparty",
            "created_at": "1970-01-01T00:00:28+00:00", "day_no": 207, "month_no": 208,
            "request_id": "request", "tool": "tool", "price_version": 211,
            "hold_id": Uuid::from_u128(0x212), "refunds_seq": 213,
        }),
    )
    .await;
    assert_row(
        &mut connection,
        "idempotency_key",
        json!({
            "account_id": ACCOUNT, "key": "key", "command_hash": "\\x03", "answer": "\\x04",
            "hold_id": Uuid::from_u128(0x305),
        }),
    )
    .await;
    assert_row(
        &mut connection,
        "hold",
        json!({
            "account_id": ACCOUNT, "hold_id": Uuid::from_u128(0x402), "amount_micros": 403,
            "state": "state", "placed_at": "1970-01-01T00:00:28+00:00",
            "expires_at": "1970-01-01T00:00:15+00:00", "day_no": 406, "month_no": 407,
            "tool": "hold's tool", "price_version": 409, "waiver": "waiver",
            "request_id": "hold's request", "ended_at": "1970-01-01T00:00:28+00:00",
            "end_hash": "\\x0c", "end_answer": "\\x0d",
        }),
    )
    .await;
}

#[tokio::test]
async fn every_column_beside_a_batch_arrives_under_its_own_name() {
    let database = TestDatabase::new().await;
    let mut connection = without_rules(&database).await;
    query("insert into account (account_id, spent_on) values ($1, '2026-01-01')")
        .bind(ACCOUNT)
        .execute(&mut connection)
        .await
        .unwrap();
    let columns = columns();
    let conn = &mut connection;
    write_settings(conn, &columns.settings).await.unwrap();
    insert_notes(conn, &columns.notes).await.unwrap();
    write_refunds(conn, &columns.refunds).await.unwrap();
    write_free_calls(conn, &columns.free_calls).await.unwrap();
    insert_repairs(conn, second(28), &columns.repairs)
        .await
        .unwrap();
    for (table, expected) in [
        (
            "account",
            json!({
                "daily_limit_micros": 502, "monthly_limit_micros": 503,
                "low_balance_threshold_micros": 504, "time_zone": "zone", "billing_enabled": false,
                "suspended": true, "low_balance_warned_on": "2026-01-08",
                "balance_gone_on": "2026-01-09", "balance_gone_count": 510,
                "balance_gone_at": "1970-01-01T00:00:11+00:00", "balance_warned": "low",
                "warning_due_at": "1970-01-01T00:00:13+00:00", "day_limit_told": 514, "month_limit_told": 515,
            }),
        ),
        (
            "entry_note",
            json!({
                "account_id": ACCOUNT, "seq": 602, "description": "description",
                "metadata": {"of": "the note"}, "reason": "reason", "actor": "actor",
            }),
        ),
        (
            "charge_refund",
            json!({
                "account_id": ACCOUNT, "seq": 702, "charged_micros": 703, "refunded_micros": 704,
            }),
        ),
        (
            "free_call",
            json!({
                "account_id": ACCOUNT, "tool": "free tool", "day_no": 803, "used": 804, "allowed": 805,
            }),
        ),
        (
            "account_repair",
            json!({
                "account_id": ACCOUNT, "repaired_at": "1970-01-01T00:00:28+00:00",
                "was_on": "2026-01-20", "spent_on": "2026-01-21", "day_no": 904, "month_no": 905,
                "day_carried_micros": 906, "month_carried_micros": 907,
                "reason": "repair's reason", "actor": "repair's actor",
            }),
        ),
    ] {
        assert_row(&mut connection, table, expected).await;
    }
}
