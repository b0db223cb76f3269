//! How the statements of the hot path find their rows.

use billing_testkit::TestDatabase;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::super::apply::apply;
use super::super::command::{Command, Overage};
use super::super::queries::find_accounts;
use super::super::session::hot_path;
use super::commands::{capture, charge, charge_tool, hold_id, id, place, post, prices, refund};
use crate::database::Database;

// Generic plans are kept while the tables grow, so even those made for tables of no rows, or of a few,
// must find their rows by key: reading a table whole for each batch is right for that moment only.

#[tokio::test]
async fn plans_made_for_empty_tables_find_their_rows_by_key() {
    let database = TestDatabase::new().await;
    analyze(&database).await;
    let mut connection = connect(&database).await;
    every_statement(&mut connection, "first").await;
    assert_by_key(&mut connection).await;
}

#[tokio::test]
async fn plans_made_for_a_few_rows_find_their_rows_by_key() {
    let database = TestDatabase::new().await;
    every_statement(&mut connect(&database).await, "first").await;
    analyze(&database).await;
    let mut connection = connect(&database).await;
    every_statement(&mut connection, "second").await;
    assert_by_key(&mut connection).await;
}

pub(crate) async fn connect(database: &TestDatabase) -> PgConnection {
    let mut connection = Database::on(database.application())
        .connect(&hot_path())
        .await
        .unwrap();
    prepare_foreign_keys(&mut connection).await;
    connection
}

/// What the server itself asks for each row that a foreign key is checked for, by plans that it keeps as
/// any other.
async fn prepare_foreign_keys(connection: &mut PgConnection) {
    let statements: Vec<String> = sqlx::query_scalar(
        "select format('prepare %I (%s) as select from only %s where %s', c.conname,
            string_agg(a.atttypid::regtype::text, ', ' order by k.place), c.confrelid::regclass,
            string_agg(format('%I = $%s', a.attname, k.place), ' and ' order by k.place))
        from pg_constraint c cross join unnest(c.confkey) with ordinality as k (attnum, place)
            join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum
        where c.contype = 'f' group by c.oid",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert!(!statements.is_empty());
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

pub(crate) async fn analyze(database: &TestDatabase) {
    let mut owner = PgConnection::connect_with(&database.owner()).await.unwrap();
    sqlx::raw_sql("vacuum analyze")
        .execute(&mut owner)
        .await
        .unwrap();
}

/// Explains every statement that the connection has prepared.
pub(crate) async fn assert_by_key(connection: &mut PgConnection) {
    let mut plans = 0;
    let statements: Vec<(String, i32)> =
        sqlx::query_as("select name, cardinality(parameter_types) from pg_prepared_statements")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    for (name, parameters) in statements.into_iter().filter(|(_, number)| *number > 0) {
        let nothing = vec!["null"; usize::try_from(parameters).unwrap()].join(", ");
        let explain = format!("explain execute \"{name}\" ({nothing})");
        let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let plan = plan.join("\n");
        for node in plan.split("->").filter(|node| reads_a_table(node)) {
            assert!(node.contains("Index Cond"), "{node}\nin\n{plan}");
            // Nor may a part of the key be left to look at.
            let left = node
                .lines()
                .find(|line| line.contains("Filter") && line.contains("_id = "));
            assert_eq!(left, None, "in\n{plan}");
        }
        plans += usize::from(plan.contains("Index Cond"));
    }
    assert!(plans >= 5, "{plans} plans only");
}

/// A node of a plan, with what is said about it.
fn reads_a_table(node: &str) -> bool {
    ["Seq Scan", "Index Scan", "Index Only Scan"]
        .iter()
        .any(|scan| node.contains(scan))
}

/// Everything that a batch may do, and a read, on a few accounts of their own.
async fn every_statement(connection: &mut PgConnection, name: &str) {
    let hold = |number| hold_id(u8::try_from(name.len()).unwrap() * 10 + number);
    let users = [format!("{name}-a"), format!("{name}-b")];
    for (number, user) in (0..).zip(&users) {
        let placed = [
            post(user, "credit", 1_000),
            charge(user, "charge", 10, Overage::Reject),
            charge_tool(user, "tool", "five-free"),
            place(user, "hold", hold(number), 10, 60),
        ];
        batch(connection, &placed).await;
        let ended = [
            capture(user, hold(number), 5, Overage::Reject),
            refund(user, "refund", 2, Some(1)),
            charge(user, "charge", 10, Overage::Reject),
        ];
        batch(connection, &ended).await;
    }
    let ids = users.map(|user| id(&user).uuid());
    let found = find_accounts(connection, &ids).await.unwrap();
    assert_eq!(found.len(), 2);
}

async fn batch(connection: &mut PgConnection, commands: &[Command]) {
    let prices = prices();
    let mut transaction = connection.begin().await.unwrap();
    let outcomes = apply(&mut transaction, &prices, commands).await.unwrap();
    transaction.commit().await.unwrap();
    for outcome in outcomes {
        outcome.unwrap();
    }
}
