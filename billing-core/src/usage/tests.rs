//! Sums answer as the entries do.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use billing_testkit::TestDatabase;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::{Answer, Question, Usage, grpc, of, queries};
use crate::id::AccountId;
use crate::money::Micros;

/// An entry: seconds after the one before, its kind by number, its amount, its tool by number.
type Made = (i64, u8, i64, u8);

/// What happens next to an account.
#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Made>),
    /// So many entries are summed up: above those that are, or below.
    SumUp(bool, i64),
    /// From and to, each by seconds since some entry; the zone by number.
    Ask((usize, i64), (usize, i64), usize),
}

const ZONES: [&str; 5] = [
    "UTC",
    "Europe/Kyiv",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Cairo",
];
const TOOLS: [Option<&str>; 4] = [None, Some("search"), Some("draw"), Some("ask")];

fn step() -> impl Strategy<Value = Step> {
    // Ties, minutes, and nights.
    let gap = prop_oneof![Just(0), 0..400_i64, 0..2_000_i64, 0..40_000_i64];
    let made = (gap, 0..6_u8, 1..1_000_i64, 0..4_u8);
    let since = prop_oneof![Just(0), -2..2_i64, -1_000..1_000_i64, -400_000..400_000_i64];
    let moment = (0..1_000_usize, since);
    prop_oneof![
        2 => proptest::collection::vec(made, 1..60).prop_map(Step::Write),
        2 => (any::<bool>(), 1..200_i64).prop_map(|(up, many)| Step::SumUp(up, many)),
        3 => (moment.clone(), moment, 0..ZONES.len())
            .prop_map(|(a, b, zone)| Step::Ask(a, b, zone)),
    ]
}

struct Account {
    id: AccountId,
    entries: i64,
    newest: Timestamp,
    /// Of each entry.
    times: Vec<Timestamp>,
}

fn start() -> Timestamp {
    // Before the nights on which clocks change in most of the zones, and all that follows is past.
    "2024-03-20T11:03:07.25Z".parse().unwrap()
}

async fn write(owner: &mut PgConnection, account: &mut Account, made: Vec<Made>) {
    for (gap, kind, amount, tool) in made {
        account.newest += SignedDuration::from_secs(gap);
        account.entries += 1;
        account.times.push(account.newest);
        let (kind, amount, refunds) = match kind {
            0 => ("grant", amount, None),
            1 if account.entries > 1 => ("refund", amount, Some(1_i64)),
            _ => ("charge", -amount, None),
        };
        sqlx::query(
            "insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
                created_at, day_no, month_no, tool, refunds_seq)
            values ($1, $2, $3, $4, 0, 'usage', $5, 1, 1, $6, $7)",
        )
        .bind(account.id.uuid())
        .bind(account.entries)
        .bind(kind)
        .bind(amount)
        .bind(account.newest.to_sqlx())
        .bind(TOOLS[usize::from(tool)])
        .bind(refunds)
        .execute(&mut *owner)
        .await
        .unwrap();
    }
    sqlx::query(
        "insert into account (account_id, spent_on, entry_seq) values ($1, '2024-03-20', $2)
        on conflict (account_id) do update set entry_seq = excluded.entry_seq",
    )
    .bind(account.id.uuid())
    .bind(account.entries)
    .execute(owner)
    .await
    .unwrap();
}

async fn sum_up(pool: &PgPool, account: &Account, up: bool, many: i64) {
    let mut transaction = pool.begin().await.unwrap();
    let from = (account.entries / 2).max(1);
    let summed = queries::lock_summed(&mut transaction, account.id, from)
        .await
        .unwrap();
    let step = if up {
        summed.end..(summed.end + many).min(account.entries + 1).max(summed.end)
    } else {
        (summed.start - many).max(1)..summed.start
    };
    queries::sum_up(&mut transaction, account.id, &step)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// The statements that read all entries of a span.
async fn by_entries(pool: &PgPool, question: &Question) -> Answer {
    let starts: Vec<SqlTimestamp> = question.days.iter().map(|day| day.to_sqlx()).collect();
    let spent = "(-sum(amount_micros))::bigint, count(*) filter (where kind = 'charge')
        from entry where account_id = $1 and created_at >= $2 and created_at < $3 and kind in ('charge', 'refund')
        group by 1 order by";
    let days: Vec<(i32, i64, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "select width_bucket(created_at, $4), {spent} 1"
    )))
    .bind(question.account.uuid())
    .bind(question.from.to_sqlx())
    .bind(question.to.to_sqlx())
    .bind(&starts)
    .fetch_all(pool)
    .await
    .unwrap();
    let tools: Vec<(String, i64, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "select coalesce(tool, ''), {spent} 2 desc, 1"
    )))
    .bind(question.account.uuid())
    .bind(question.from.to_sqlx())
    .bind(question.to.to_sqlx())
    .fetch_all(pool)
    .await
    .unwrap();
    Answer {
        days: days
            .into_iter()
            .map(|(day, spent, charges)| usage(usize::try_from(day).unwrap(), spent, charges))
            .collect(),
        tools: tools
            .into_iter()
            .map(|(tool, spent, charges)| usage(tool, spent, charges))
            .collect(),
    }
}

fn usage<T>(of: T, spent: i64, charges: i64) -> Usage<T> {
    let spent = Micros::new(spent);
    Usage { of, spent, charges }
}

fn question(account: &Account, from: Timestamp, to: Timestamp, zone: &str) -> Question {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let days = grpc::days_between(from, to, &zone);
    Question {
        account: account.id,
        from,
        to,
        days: days.into_iter().map(|(_, start)| start).collect(),
        now: account.newest + SignedDuration::from_secs(1),
    }
}

async fn carry_out(pool: &PgPool, owner: &mut PgConnection, name: usize, steps: Vec<Step>) {
    let mut account = Account {
        id: AccountId::of("acme", &name.to_string()),
        entries: 0,
        newest: start(),
        times: Vec::new(),
    };
    write(owner, &mut account, vec![(0, 2, 5, 1)]).await;
    for step in steps {
        match step {
            Step::Write(made) => write(owner, &mut account, made).await,
            Step::SumUp(up, many) => sum_up(pool, &account, up, many).await,
            Step::Ask(from, to, zone) => {
                let at = |(entry, since): (usize, i64)| {
                    account.times[entry % account.times.len()] + SignedDuration::from_secs(since)
                };
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                let whole = |at: Timestamp| at - SignedDuration::from_secs(at.as_second() % 900);
                for (from, to) in [(from, to), (whole(from), whole(to)), (from, whole(to))] {
                    if from < to {
                        let asked = question(&account, from, to, ZONES[zone]);
                        let answer = of(pool, &asked).await.unwrap();
                        assert_eq!(answer, by_entries(pool, &asked).await, "{asked:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn usage_by_sums_is_usage_by_entries_whatever_was_summed_up_when() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pool, owner) = runtime.block_on(async {
        let database = TestDatabase::new().await;
        (database.pool().await, database.connect_as_owner().await)
    });
    let (owner, cases) = (RefCell::new(owner), Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(48));
    runner
        .run(&proptest::collection::vec(step(), 1..24), |steps| {
            cases.set(cases.get() + 1);
            runtime.block_on(carry_out(
                &pool,
                &mut owner.borrow_mut(),
                cases.get(),
                steps,
            ));
            Ok(())
        })
        .unwrap();
}

/// How many rows of entries this connection has read since the last time.
async fn entries_read(pool: &PgPool) -> i64 {
    sqlx::query("select pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query_scalar(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
        where relname = 'entry'",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

/// An account with so many charges, one a minute.
async fn fill(owner: &mut PgConnection, charges: i64) -> Account {
    let account = Account {
        id: AccountId::of("acme", "alice"),
        entries: charges,
        newest: start(),
        times: Vec::new(),
    };
    let filling = format!(
        "insert into account (account_id, spent_on, entry_seq) values ('{0}', '2024-03-20', {charges});
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at,
            day_no, month_no, tool)
        select '{0}', n, 'charge', -1, 0, 'usage', '{1}'::timestamptz - interval '1 minute' * ({charges} - n), 1, 1,
            'tool-' || n % 3
        from generate_series(1, {charges}) as n; analyze entry",
        account.id.uuid(),
        account.newest,
    );
    sqlx::raw_sql(AssertSqlSafe(filling))
        .execute(owner)
        .await
        .unwrap();
    account
}

#[tokio::test]
async fn the_first_question_about_a_long_history_reads_it_and_the_next_hardly_anything() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_as_owner().await;
    // One connection, whose own figures are read.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(database.application())
        .await
        .unwrap();
    let mut account = fill(&mut owner, 30_000).await;
    let month = SignedDuration::from_hours(30 * 24);
    let mut read = Vec::new();
    for _ in 0..3 {
        let before = entries_read(&pool).await;
        let asked = question(
            &account,
            account.newest - month,
            account.newest + SignedDuration::from_secs(1),
            "Europe/Kyiv",
        );
        let answer = of(&pool, &asked).await.unwrap();
        read.push(entries_read(&pool).await - before);
        assert_eq!(answer, by_entries(&pool, &asked).await);
        let charges: i64 = answer.days.iter().map(|day| day.charges).sum();
        assert_eq!(charges, account.entries);
        // A few more, which nobody has asked about.
        write(&mut owner, &mut account, vec![(60, 2, 1, 1); 5]).await;
    }
    assert!((30_000..35_000).contains(&read[0]), "{read:?}");
    assert!(read[1..].iter().all(|rows| *rows < 2_000), "{read:?}");
}

#[tokio::test]
async fn entries_of_a_clock_that_was_ahead_hide_no_others() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_as_owner().await;
    let pool = database.pool().await;
    let account = fill(&mut owner, 8_000).await;
    // In the middle, where halving looks first.
    let ahead = "set session_replication_role = replica;
        update entry set created_at = '2051-01-01' where seq between 3950 and 4050";
    sqlx::raw_sql(ahead).execute(&mut owner).await.unwrap();
    let hours = SignedDuration::from_hours;
    for (from, to) in [(133, 0), (60, 0), (60, 10), (100, 80), (67, 66)] {
        let from = account.newest - hours(from);
        let to = account.newest - hours(to);
        for _ in 0..2 {
            let asked = question(&account, from, to, "Europe/Kyiv");
            let answer = of(&pool, &asked).await.unwrap();
            assert_eq!(answer, by_entries(&pool, &asked).await, "{from} {to}");
        }
    }
}
