//! The grown database: made beside the stage's own, on the same server, with a core of its own.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "sizes, for people to read"
)]

use std::time::Duration;

use anyhow::Result;
use billing_stage::core_beside;
use billing_stage::database::{self, Urls};
use sqlx::{Connection, PgConnection};

use super::fill::{Size, TABLES, fill, read_pattern};
use crate::scenario::ground::{Ground, audit};
use crate::scenario::report::ScenarioReport;
use crate::server::number;

const DATABASE: &str = "billing_grown";

pub struct Grown {
    urls: Urls,
    size: Size,
    filled_in: Duration,
    /// Charges made since.
    acknowledged: u64,
}

impl Grown {
    /// Makes, migrates and fills the database, and starts a core on it.
    pub async fn make(ground: &mut Ground, size: Size) -> Result<Self> {
        ground
            .execute_as_superuser(&format!("create database {DATABASE} owner billing_owner"))
            .await?;
        let server = &ground.stage.server;
        let mut urls = ground.stage.urls.clone();
        urls.owner = server.url("billing_owner", DATABASE);
        urls.core = server.url("billing_core", DATABASE);
        database::migrate(&core_beside()?, &urls).await?;
        let mut owner = PgConnection::connect(&ground.stage.urls.owner).await?;
        let pattern = read_pattern(&mut owner).await?;
        owner.close().await?;
        let filled_in = fill(&urls.owner, size, &pattern).await?;
        let settings = [("DATABASE_URL", urls.core.clone())];
        let core = ground.stage.add_core_of(core_beside()?, &settings)?;
        core.start().await?;
        Ok(Self {
            urls,
            size,
            filled_in,
            acknowledged: 0,
        })
    }

    /// How large it is, with what each row takes on the disk.
    pub async fn describe(&self, report: &mut ScenarioReport) -> Result<()> {
        let mut owner = PgConnection::connect(&self.urls.owner).await?;
        let mut total = 0.0;
        for table in TABLES {
            let bytes: i64 = sqlx::query_scalar("select pg_total_relation_size($1::regclass)")
                .bind(table)
                .fetch_one(&mut owner)
                .await?;
            let rows = self.size.rows_of(table);
            total += bytes as f64;
            let each = bytes as f64 / rows as f64;
            report.figure(
                format!("{table}: {rows} rows, with indexes, each"),
                each,
                "bytes",
            );
        }
        owner.close().await?;
        report.figure("the grown database", total / 1e9, "GB");
        report.figure("  filled in", self.filled_in.as_secs_f64(), "s");
        Ok(())
    }

    /// How many updates of accounts needed no new entry in an index, since they found room on their page:
    /// for the table's fillfactor.
    pub async fn describe_updates(&self, report: &mut ScenarioReport) -> Result<()> {
        let stayed: f64 = number(
            &self.urls.owner,
            "select n_tup_hot_upd::float8 / greatest(n_tup_upd, 1)
            from pg_stat_user_tables where relname = 'account'",
        )
        .await?;
        report.figure(
            "updates of accounts that stayed on their page",
            stayed * 100.0,
            "%",
        );
        Ok(())
    }

    /// So many charges more must be in the books at the end.
    pub fn acknowledge(&mut self, charges: u64) {
        self.acknowledged += charges;
    }

    /// Every acknowledged charge has its key, there are no others, and the books add up.
    pub async fn check_books(&self, report: &mut ScenarioReport) -> Result<()> {
        let keys: i64 = number(&self.urls.owner, "select count(*) from idempotency_key").await?;
        let expected = self.size.rows_of("idempotency_key") + self.acknowledged;
        if u64::try_from(keys) != Ok(expected) {
            report.wrong.push(format!(
                "the grown database should have {expected} keys, and has {keys}"
            ));
        }
        audit(&self.urls, report).await
    }
}
