//! What strangers ask most, as it is committed: whoever waits shares a query, as checks do.

use std::collections::HashMap;

use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::queries::{self, BadgeRow, MonthRow};
use crate::database::Database;
use crate::id::AccountId;
use crate::ledger::{JointReads, Question};

/// Cheap to clone.
#[derive(Clone)]
pub struct SponsorshipReader {
    pub badges: JointReads<BadgesOf>,
    pub months: JointReads<MonthOf>,
}

impl SponsorshipReader {
    pub fn start(database: &Database, tasks: &mut JoinSet<()>) -> Self {
        Self {
            badges: JointReads::start("reader of badges", database, tasks),
            months: JointReads::start("reader of months", database, tasks),
        }
    }
}

/// Asks what the badges are made of, of people of a tenant, in their order.
pub struct BadgesOf {
    pub tenant_id: String,
    pub accounts: Vec<AccountId>,
}

impl Question for BadgesOf {
    type Answer = Vec<BadgeRow>;

    async fn ask(
        connection: &mut PgConnection,
        questions: &[&Self],
    ) -> Result<Vec<Vec<BadgeRow>>, sqlx::Error> {
        let (mut accounts, mut tenants) = (Vec::new(), Vec::new());
        for question in questions {
            for account in &question.accounts {
                accounts.push(account.uuid());
                tenants.push(question.tenant_id.as_str());
            }
        }
        let found = queries::find_badges(connection, &accounts, &tenants).await?;
        let one = |account: &AccountId| found.get(account).cloned().unwrap_or_default();
        let all = |question: &&Self| question.accounts.iter().map(one).collect();
        Ok(questions.iter().map(all).collect())
    }
}

/// Asks what a tenant's present month has come to, and all of its time.
pub struct MonthOf {
    pub tenant_id: String,
}

impl Question for MonthOf {
    type Answer = MonthRow;

    async fn ask(
        connection: &mut PgConnection,
        questions: &[&Self],
    ) -> Result<Vec<MonthRow>, sqlx::Error> {
        let mut tenants: Vec<&str> = questions
            .iter()
            .map(|question| question.tenant_id.as_str())
            .collect();
        tenants.sort_unstable();
        tenants.dedup();
        let found: HashMap<String, MonthRow> = queries::find_months(connection, &tenants).await?;
        let one = |question: &&Self| found.get(&question.tenant_id).cloned();
        // Each tenant that was asked about has a row.
        questions
            .iter()
            .map(|question| one(question).ok_or(sqlx::Error::RowNotFound))
            .collect()
    }
}
