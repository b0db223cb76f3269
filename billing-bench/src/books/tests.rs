//! The check is checked: it must see what is wrong.

use billing_stage::{Stage, core_beside};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Books, Page};
use crate::load::{TENANT, account_id, seed, user};

struct Ground {
    stage: Stage,
    superuser: PgConnection,
    books: Books,
}

impl Ground {
    async fn prepare() -> Self {
        let (stage, _) = Stage::set(core_beside().unwrap(), 0).await.unwrap();
        seed(&stage.urls.owner, 3).await.unwrap();
        let superuser = PgConnection::connect(&stage.superuser_url()).await.unwrap();
        let books = Books::open(&stage.superuser_url()).await.unwrap();
        Self {
            stage,
            superuser,
            books,
        }
    }

    /// Runs statements on the first account, `:id`, and checks the books.
    async fn after(&mut self, statements: &str) -> Page {
        let id = account_id(TENANT, &user(0));
        let statements = statements.replace(":id", &format!("'{id}'"));
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut self.superuser)
            .await
            .unwrap();
        self.books.check().await.unwrap()
    }
}

/// A charge of 5, booked as it must be but for what is replaced in it.
const CHARGE: &str = "
    insert into idempotency_key (account_id, key, command_hash, answer)
    values (:id, 'c:' || 'KEY', decode(repeat('00', 32), 'hex'), '\\x00');
    with moved as (
        update account set settled_micros = settled_micros - 5, total_spent_micros = total_spent_micros + 5,
            day_spent_micros = day_spent_micros + 5, month_spent_micros = month_spent_micros + 5,
            request_count = request_count + 1, entry_seq = entry_seq + 1 where account_id = :id
        returning settled_micros, entry_seq
    )
    insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at,
        day_no, month_no, request_id)
    select :id, entry_seq, 'charge', -5, settled_micros, 'usage', now(), 1, 1, 'KEY' from moved";

#[tokio::test]
async fn a_charge_that_is_booked_as_it_must_be_is_found_right() {
    let mut ground = Ground::prepare().await;
    let page = ground.after("select 1").await;
    assert_eq!((page.charges, page.faults(0).len()), (0, 0));
    for key in ["one", "two"] {
        let page = ground.after(&CHARGE.replace("KEY", key)).await;
        assert_eq!((page.charges, page.faults(1).len()), (1, 0), "{key}");
    }
    let whole = ground.books.whole().await.unwrap();
    assert_eq!((whole.charges, whole.keys), (2, 2));
    ground.stage.audit().await.unwrap();
}

#[tokio::test]
async fn more_or_fewer_answers_than_charges_are_a_fault() {
    let mut ground = Ground::prepare().await;
    for (key, told) in [("lost", 2), ("untold", 0)] {
        let page = ground.after(&CHARGE.replace("KEY", key)).await;
        let faults = page.faults(told);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("1 are in the books"), "{faults:?}");
    }
}

#[tokio::test]
async fn each_rule_that_is_broken_is_named() {
    let mut ground = Ground::prepare().await;
    let cases = [
        (
            "settled_micros - 5",
            "settled_micros - 6",
            "settled is not the sum",
        ),
        (
            "total_spent_micros + 5",
            "total_spent_micros + 4",
            "total spent is not",
        ),
        (
            "request_count + 1",
            "request_count + 2",
            "request count is not",
        ),
        ("entry_seq + 1", "entry_seq + 2", "entries have gaps"),
        (
            "-5, settled_micros",
            "-5, settled_micros + 1",
            "last balance is not",
        ),
        ("1, 1, 'KEY'", "1, 1, 'another'", "without a key"),
        (
            "settled_micros - 5",
            "settled_micros - 5, held_micros = 7",
            "held is not the sum",
        ),
        (
            "settled_micros - 5",
            "settled_micros - 5, held_micros = 0, overdraft_micros = 1",
            "nobody authorised",
        ),
    ];
    for (number, (right, wrong, expected)) in cases.into_iter().enumerate() {
        let charge = CHARGE.replace(right, wrong);
        let page = ground
            .after(&charge.replace("KEY", &number.to_string()))
            .await;
        let findings = page.findings.join("\n");
        assert!(findings.contains(expected), "{wrong}: {findings}");
    }
}
