//! People: what is stored of them is given out as a whole, and erased everywhere.

mod erasure;
mod export;
mod life;
mod meanwhile;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};

use crate::support::{account, eventually};

fn erase_request(user: &str) -> v1::ErasePersonRequest {
    v1::ErasePersonRequest {
        account: Some(account(user)),
        actor: "olga".to_owned(),
        emails: Vec::new(),
    }
}

/// Erases until it is finished; answers as the last request was.
pub async fn erase(core: &TestCore, user: &str) -> v1::ErasePersonResponse {
    let mut last = None;
    eventually("the erasure is finished", async || {
        let mut admin = core.sponsorship_admin();
        let answer = admin.erase_person(erase_request(user)).await;
        let answer = answer.unwrap().into_inner();
        let is_finished = answer.finished_at.is_some();
        last = Some(answer);
        is_finished
    })
    .await;
    last.unwrap()
}

/// Every column of every table that has this word, whatever its type.
async fn columns_with(database: &TestDatabase, word: &str) -> Vec<String> {
    let mut owner = database.connect_as_owner().await;
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "select c.table_name::text, c.column_name::text, c.data_type::text
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE' order by 1, 2",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut with = Vec::new();
    for (table, column, kind) in columns {
        let text = if kind == "bytea" {
            format!("encode({column}, 'escape')")
        } else {
            format!("{column}::text")
        };
        let search = format!(
            "select exists (select from {table} where position(lower($1) in lower({text})) > 0)"
        );
        let found: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(search))
            .bind(word)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        if found {
            with.push(format!("{table}.{column}"));
        }
    }
    with
}
