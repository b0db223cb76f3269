//! Migrations beside those who read and write, and on databases that older versions made.

use std::time::Duration;

use billing_core::migrate::{self, MIGRATOR, Patience};
use billing_testkit::{TestCore, TestDatabase};
use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::support::{USD, amount, run};
use crate::user::User;

/// The newest of those that landed before the rules of migrations/README.md.
const LANDED_BEFORE_THE_RULES: i64 = 11;

/// Of those, they read a table or build an index while they keep everybody out.
const BLOCK_WHILE_THEY_READ: [i64; 3] = [6, 8, 11];

/// In milliseconds. To read or to index the rows below takes longer; where there are millions, a second
/// and more.
const LONGEST_WAIT_HERE: i64 = 50;

/// Rows for the migrations after one.
const FILLED: [(i64, &str); 4] = [
    (2, "insert into account (account_id, spent_on) select md5(n::text)::uuid, now()
        from generate_series(1, 2000) n"),
    (3, "insert into hold (account_id, hold_id, amount_micros, placed_at, expires_at, day_no, month_no)
        select md5((n % 2000 + 1)::text)::uuid, gen_random_uuid(), 1, now(), now(), 1, 1
        from generate_series(1, 50000) n"),
    (4, "insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
            created_at, day_no, month_no)
        select md5((n % 2000 + 1)::text)::uuid, n, 'charge', -1, 0, 'usage', now(), 1, 1
        from generate_series(1, 200000) n"),
    (6, "insert into payment (account_id, payment_id, tenant_id, user_id, provider, livemode, purpose,
            idempotency_key, content_hash, amount_minor, currency, rate, credit_micros, created_at)
        select md5((n % 2000 + 1)::text)::uuid, gen_random_uuid(), 'acme', 'u', 'stripe', false, 'top_up',
            n::text, sha256('content'), 100, 'USD', 1, 1000000, now() from generate_series(1, 200000) n;
        insert into provider_event (provider, event_id, event_type, livemode, provider_account, occurred_at,
            received_at, outcome)
        select 'stripe', n::text, 'a.report', false, '', now(), now(), 'applied'
        from generate_series(1, 200000) n"),
];

/// Does something to the schema with so much patience.
async fn with_patience<T>(
    database: &TestDatabase,
    seconds: u64,
    done: impl AsyncFnOnce(&mut Patience<'_>) -> T,
) -> T {
    let mut connection = database.connect_as_owner().await;
    let mut watcher = database.connect_as_owner().await;
    let patience = Duration::from_secs(seconds);
    let mut patience = Patience::new(&mut connection, &mut watcher, patience)
        .await
        .unwrap();
    done(&mut patience).await
}

/// A database whose schema is that of a version.
async fn at_version(version: i64) -> TestDatabase {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_as_owner().await;
    MIGRATOR.undo(&mut owner, version).await.unwrap();
    database
}

/// Reads and writes each of the tables, again and again until the end.
async fn traffic(database: &TestDatabase, tables: &[String], end: &CancellationToken) {
    let mut connection = database.connect_as_owner().await;
    run(&mut connection, "set application_name = 'traffic'")
        .await
        .unwrap();
    while !end.is_cancelled() {
        for table in tables {
            // Of no rows: it takes the locks of one that writes.
            let write = format!("insert into {table} select * from {table} where false");
            for statement in [format!("select from {table} limit 1"), write] {
                run(&mut connection, &statement).await.unwrap();
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// The longest, in milliseconds, that a statement of the traffic waits for a lock until the end, with it.
/// The server's own count: a busy machine looks no worse.
async fn longest_wait(database: &TestDatabase, end: &CancellationToken) -> (i64, String) {
    let mut connection = database.connect_as_owner().await;
    let mut longest = (0, String::new());
    while !end.is_cancelled() {
        let waits = sqlx::query_as(
            "select (extract(epoch from clock_timestamp() - l.waitstart) * 1000)::bigint, a.query
            from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where l.waitstart is not null and a.application_name = 'traffic' and a.datname = current_database()",
        )
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        longest = longest.max(waits.unwrap_or_default());
        sleep(Duration::from_millis(5)).await;
    }
    longest
}

/// How long statements waited beside what was done.
async fn beside_traffic<T>(
    database: &TestDatabase,
    done: impl Future<Output = T>,
) -> (T, (i64, String)) {
    let tables = tables(database).await;
    let end = CancellationToken::new();
    let done = async {
        let outcome = done.await;
        end.cancel();
        outcome
    };
    let (outcome, (), longest) = tokio::join!(
        done,
        traffic(database, &tables, &end),
        longest_wait(database, &end)
    );
    (outcome, longest)
}

async fn tables(database: &TestDatabase) -> Vec<String> {
    sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' and tablename <> '_sqlx_migrations'")
        .fetch_all(&mut database.connect_as_owner().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn nobody_waits_for_a_migration_for_longer_than_a_second() {
    let database = at_version(0).await;
    let mut owner = database.connect_as_owner().await;
    let contracts = |migration: &Migration| migration.description.starts_with("contract ");
    let mut migrations: Vec<&Migration> = MIGRATOR
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
        .collect();
    migrations.sort_by_key(|migration| contracts(migration));
    for migration in migrations {
        let version = migration.version;
        let migrated = with_patience(&database, 60, async |patience| {
            if contracts(migration) {
                migrate::contract(patience).await
            } else {
                migrate::up(patience, version).await
            }
        });
        let (migrated, (longest, statement)) = Box::pin(beside_traffic(&database, migrated)).await;
        migrated.unwrap();
        let landed = version <= LANDED_BEFORE_THE_RULES && BLOCK_WHILE_THEY_READ.contains(&version);
        assert!(
            landed || longest < LONGEST_WAIT_HERE,
            "migration {version} kept waiting for {longest} ms: {statement}"
        );
        for (_, fill) in FILLED.iter().filter(|(after, _)| *after == version) {
            run(&mut owner, fill).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_migration_gives_way_to_who_waits_behind_it_and_names_who_is_in_the_way() {
    let database = at_version(12).await;
    let mut long = database.connect_as_owner().await;
    run(&mut long, "begin; select from payment").await.unwrap();
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut long)
        .await
        .unwrap();
    let contracted = with_patience(&database, 3, async |patience| {
        migrate::contract(patience).await
    });
    let (contracted, (longest, statement)) = Box::pin(beside_traffic(&database, contracted)).await;
    let error = format!("{:#}", contracted.unwrap_err());
    assert!(
        error.contains("gave up after") && error.contains(&format!("process {pid} (")),
        "{error}"
    );
    assert!(
        (100..1_000).contains(&longest),
        "waited for {longest} ms: {statement}"
    );
    run(&mut long, "commit").await.unwrap();
    with_patience(&database, 3, async |patience| {
        migrate::contract(patience).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_build_of_an_index_that_was_broken_off_is_ended_by_the_next_attempt() {
    // Broken off while it was built, and when it was built but not yet noted.
    for valid in [false, true] {
        let database = at_version(11).await;
        let mut owner = database.connect_as_owner().await;
        let left = format!(
            "create unique index payment_key_of_account on payment ((account_id::text), idempotency_key);
            update pg_index set indisvalid = {valid} where indexrelid = 'payment_key_of_account'::regclass"
        );
        run(&mut owner, &left).await.unwrap();
        with_patience(&database, 10, async |patience| {
            migrate::up(patience, i64::MAX).await
        })
        .await
        .unwrap();
        let is_valid: bool = sqlx::query_scalar(
            "select indisvalid from pg_index where indexrelid = 'payment_key_of_account'::regclass",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        assert!(is_valid);
    }
}

#[tokio::test]
async fn two_who_migrate_at_once_wait_for_each_other() {
    let database = at_version(0).await;
    let up = || {
        with_patience(&database, 60, async |patience| {
            migrate::up(patience, i64::MAX).await
        })
    };
    let (one, other) = tokio::join!(up(), up());
    one.unwrap();
    other.unwrap();
}

#[tokio::test]
async fn cores_of_the_version_before_keep_payments_until_the_schema_contracts() {
    const OF_THE_VERSION_BEFORE: &str = "explain insert into payment
        select * from payment on conflict (account_id, idempotency_key) do nothing";
    let database = at_version(11).await;
    let mut owner = database.connect_as_owner().await;
    with_patience(&database, 10, async |patience| {
        migrate::up(patience, i64::MAX).await
    })
    .await
    .unwrap();
    run(&mut owner, OF_THE_VERSION_BEFORE).await.unwrap();
    let core = TestCore::start(&database).await;
    User::with(&core, "alice", USD).await;
    core.stop().await;
    with_patience(&database, 10, async |patience| {
        migrate::contract(patience).await
    })
    .await
    .unwrap();
    run(&mut owner, OF_THE_VERSION_BEFORE).await.unwrap_err();
}

/// What older texts of migrations had instead: version, today's lines, theirs.
const OLDER_LINES: [(i64, &str, &str); 6] = [
    (
        2,
        "    -- A tenant's accounts, for operators. With the account's id, as every unique key of a table that\n    -- may be distributed by account.\n",
        "",
    ),
    (4, "grant select, insert on entry_note", "grant select, insert, delete on entry_note"),
    (6, "calls an account; another name where it has lost the first.", "calls an account."),
    (6, "grant select, insert, update on provider_customer", "grant select, insert on provider_customer"),
    (8, "rate between 1 and 1000)", "rate > 0 and rate < 1000000)"),
    (
        11,
        "-- The same rule the other way round. With the account first, this index began as the primary key does, and
-- for a table of a few payments the planner thought it as good for finding one of them: kept as a generic
-- plan, it then read all payments of the account. Cores that know the old order work with this one.
alter table payment add constraint payment_used_key_once unique (idempotency_key, account_id);",
        "-- The same rule, in an index that is offered only to who looks for a key. The old one began as the primary
-- key does, and for a table of a few payments the planner thought it as good for finding one of them: kept
-- as a generic plan, it then read all payments of the account. Every key is longer than that.
create unique index payment_used_key on payment (account_id, idempotency_key) where idempotency_key <> '';",
    ),
];

/// The migrations as they once were.
fn older_texts() -> Migrator {
    let migrations = MIGRATOR.iter().filter(|migration| migration.version <= 11);
    let migrations = migrations.cloned().map(|migration| {
        let mut sql = migration.sql.as_str().to_owned();
        for (_, today, then) in OLDER_LINES.iter().filter(|(version, ..)| {
            *version == migration.version && migration.migration_type.is_up_migration()
        }) {
            assert!(sql.contains(today), "{today}");
            sql = sql.replace(today, then);
        }
        Migration::new(
            migration.version,
            migration.description,
            migration.migration_type,
            AssertSqlSafe(sql).into_sql_str(),
            migration.no_tx,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

/// All that a schema consists of.
async fn schema(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select line from (
            select concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
                from pg_constraint where connamespace = 'public'::regnamespace
            union all select pg_get_indexdef(indexrelid) || indisvalid from pg_index
                where indrelid::regclass::text in (select tablename from pg_tables where schemaname = 'public')
            union all select concat_ws(' ', relname, relkind, (select array_agg(a::text order by a::text)
                from unnest(relacl) a), reloptions) from pg_class where relnamespace = 'public'::regnamespace
            union all select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
                from information_schema.columns where table_schema = 'public'
            union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        ) as lines (line) order by line",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_database_that_older_texts_made_is_brought_up_to_todays() {
    let (database, today) = (at_version(0).await, TestDatabase::new().await);
    let mut owner = database.connect_as_owner().await;
    older_texts().run(&mut owner).await.unwrap();
    run(&mut owner, "insert into exchange_rate (currency, rate, source, fetched_at) values ('UAH', 41500, 'nbu', now())")
        .await
        .unwrap();
    let refused = MIGRATOR.run(&mut owner).await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::VersionMismatch(2)),
        "{refused}"
    );
    drop(owner);

    with_patience(&database, 10, async |patience| {
        migrate::up(patience, i64::MAX).await.unwrap();
        migrate::contract(patience).await.unwrap();
    })
    .await;
    let mut owner = database.connect_as_owner().await;
    let expected = schema(&mut today.connect_as_owner().await).await;
    let expected: Vec<String> = expected
        .iter()
        // The rate that slipped in stays.
        .map(
            |line| match line.strip_prefix("exchange_rate exchange_rate_range t ") {
                Some(check) => format!("exchange_rate exchange_rate_range f {check} NOT VALID"),
                None => line.clone(),
            },
        )
        .collect();
    assert_eq!(schema(&mut owner).await, expected);

    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    alice.charge("charge", amount(USD)).await;
    core.stop().await;
    with_patience(&database, 10, async |patience| {
        migrate::down(patience, Some(0)).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_version_that_was_rolled_back_to_leaves_a_newer_schema_as_it_is() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_as_owner().await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (900001, 'the future', true, '', 0)",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let before = schema(&mut owner).await;
    with_patience(&database, 5, async |patience| {
        migrate::up(patience, i64::MAX).await
    })
    .await
    .unwrap();
    for refused in [
        with_patience(&database, 5, async |patience| {
            migrate::contract(patience).await
        })
        .await,
        with_patience(&database, 5, async |patience| {
            migrate::down(patience, None).await
        })
        .await,
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("migration 900001, which this version does not know"),
            "{refused}"
        );
    }
    assert_eq!(schema(&mut owner).await, before);
}
