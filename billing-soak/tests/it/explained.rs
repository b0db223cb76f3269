//! The soak's own checker, for tests that make its load and faults of their own.

use std::sync::Arc;

use anyhow::{Result, ensure};
use billing_soak::ending::settle;
use billing_soak::journal::Operation;
use billing_soak::load::Load;
use billing_soak::verdict::verify;
use billing_stage::Stage;
use sqlx::{Connection, PgConnection};

/// Everything that was told is in the books, once, and nothing else is. The URL is the superuser's.
pub async fn is_explained(
    load: &Arc<Load>,
    mut operations: Vec<Operation>,
    stage: &Stage,
    url: &str,
) -> Result<()> {
    let mut database = PgConnection::connect(url).await?;
    let unknown = settle(load, &mut operations, &mut database).await?;
    let audit = stage.audit().await;
    let began = load.journal.began_micros();
    let verified = verify(operations, &mut database, began, audit).await?;
    let findings = [unknown.findings, verified.findings].concat();
    ensure!(findings.is_empty(), "{findings:#?}");
    Ok(())
}
