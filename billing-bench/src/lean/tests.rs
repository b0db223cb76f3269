//! The lean statement does what the product does, or the comparison would say nothing.

use std::time::Duration;

use billing_stage::{Stage, core_beside};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::builtin::Builtin;
use super::driver::Driver;
use super::pgbench::Script;
use super::{Inputs, statement};
use crate::books::Books;
use crate::load::{FUNDS_MICROS, TENANT, account_id, seed, user};

struct Ground {
    stage: Stage,
    superuser: PgConnection,
}

impl Ground {
    async fn prepare() -> Self {
        let (stage, _) = Stage::set(core_beside().unwrap(), 0).await.unwrap();
        seed(&stage.urls.owner, 1).await.unwrap();
        let superuser = PgConnection::connect(&stage.superuser_url()).await.unwrap();
        Self { stage, superuser }
    }

    /// What the statement answers; the database's code where it refuses.
    async fn charge(&mut self, key: &str, amount_micros: i64) -> Result<i64, String> {
        let account_id = format!("'{}'::uuid", account_id(TENANT, &user(0)));
        let statement = statement(&Inputs {
            account_id: &account_id,
            amount_micros: "$1::bigint",
            key: "'c:' || $2",
            request_id: "$2",
            command_hash: "decode(repeat('00', 32), 'hex')",
            answer: "'\\x00'::bytea",
        });
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(amount_micros)
            .bind(key)
            .fetch_one(&mut self.superuser)
            .await;
        match row {
            Ok(row) => Ok(row.get("done")),
            Err(error) => Err(error
                .as_database_error()
                .unwrap()
                .code()
                .unwrap()
                .into_owned()),
        }
    }

    async fn set(&mut self, what: &'static str) {
        sqlx::raw_sql(what)
            .execute(&mut self.superuser)
            .await
            .unwrap();
    }

    /// Settled, spent today, spent this month, entries, keys.
    async fn standing(&mut self) -> [i64; 5] {
        let row = sqlx::query(
            "select settled_micros, day_spent_micros, month_spent_micros, entry_seq,
                (select count(*) from idempotency_key) as keys from account",
        )
        .fetch_one(&mut self.superuser)
        .await
        .unwrap();
        [0, 1, 2, 3, 4].map(|column: usize| row.get(column))
    }
}

const DENIED: &str = "22012";

#[tokio::test]
async fn a_key_takes_effect_once_and_the_audit_agrees() {
    let mut ground = Ground::prepare().await;
    assert_eq!(ground.charge("one", 5).await, Ok(1));
    assert_eq!(ground.charge("one", 5).await, Ok(0));
    assert_eq!(ground.charge("two", 6).await, Ok(1));
    let expected = [FUNDS_MICROS - 11, 11, 11, 3, 2];
    assert_eq!(ground.standing().await, expected);
    ground.stage.audit().await.unwrap();
}

#[tokio::test]
async fn what_balance_or_limits_do_not_suffice_for_leaves_nothing_behind() {
    let mut ground = Ground::prepare().await;
    assert_eq!(ground.charge("first", 5).await, Ok(1));
    let before = ground.standing().await;
    assert_eq!(
        ground.charge("all", FUNDS_MICROS).await,
        Err(DENIED.to_owned())
    );
    ground
        .set("update account set daily_limit_micros = 10")
        .await;
    assert_eq!(ground.charge("day", 6).await, Err(DENIED.to_owned()));
    ground
        .set("update account set daily_limit_micros = null, monthly_limit_micros = 10")
        .await;
    assert_eq!(ground.charge("month", 6).await, Err(DENIED.to_owned()));
    ground.set("update account set suspended = true").await;
    assert_eq!(ground.charge("suspended", 1).await, Err(DENIED.to_owned()));
    assert_eq!(ground.standing().await, before);
    ground.set("update account set suspended = false").await;
    assert_eq!(ground.charge("within", 5).await, Ok(1));
    ground.stage.audit().await.unwrap();
}

#[tokio::test]
async fn a_new_day_and_month_begin_at_nothing() {
    let mut ground = Ground::prepare().await;
    assert_eq!(ground.charge("old", 5).await, Ok(1));
    ground
        .set("update account set spent_on = spent_on - 40, daily_limit_micros = 10")
        .await;
    assert_eq!(ground.charge("new", 8).await, Ok(1));
    let expected = [FUNDS_MICROS - 13, 8, 8, 3, 2];
    assert_eq!(ground.standing().await, expected);
    ground.stage.audit().await.unwrap();
}

#[tokio::test]
async fn whoever_drives_it_tells_how_often_it_was_carried_out() {
    const UNIFORM: u64 = 50;
    let mut ground = Ground::prepare().await;
    super::seed(&mut ground.superuser, UNIFORM).await.unwrap();
    let mut books = Books::open(&ground.stage.superuser_url()).await.unwrap();
    let url = ground.stage.urls.core.clone();
    let pgbench = ground.stage.server.program("pgbench");
    let drivers = [
        Driver::prepare(pgbench, &url, UNIFORM).unwrap(),
        Driver::Builtin(Builtin::new(&url, UNIFORM)),
    ];
    for driver in &drivers {
        for script in [Script::Hot, Script::Uniform] {
            let told = driver.run(script, 3, Duration::from_secs(1)).await.unwrap();
            assert!(told.processed > 0 && told.per_second > 0.0, "{told:?}");
            let faults = books.check().await.unwrap().faults(told.processed);
            assert_eq!(faults, [""; 0], "{} {script:?}", driver.name());
        }
    }
    ground.stage.audit().await.unwrap();
}
