//! What strangers ask most, as it is committed: whoever waits shares a query, as checks do.

use std::collections::HashMap;

use sqlx::PgConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::queries::{self, BadgeTerms, Badges, MonthRow, SupporterRow};
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

/// Of people of a tenant, in the order of the question. None: nothing is known of them.
#[derive(Clone, Debug)]
pub struct BadgesFound {
    pub supporters: Vec<Option<SupporterRow>>,
    pub terms: BadgeTerms,
}

impl Question for BadgesOf {
    type Answer = BadgesFound;

    async fn ask(
        connection: &mut PgConnection,
        questions: &[&Self],
    ) -> Result<Vec<BadgesFound>, sqlx::Error> {
        let accounts = questions.iter().flat_map(|question| &question.accounts);
        let accounts: Vec<Uuid> = accounts.map(|account| account.uuid()).collect();
        let tenants = distinct(questions.iter().map(|question| &question.tenant_id));
        let found: Badges = queries::find_badges(connection, &accounts, &tenants).await?;
        let one = |account: &AccountId| found.supporters.get(account).cloned();
        let all = |question: &&Self| BadgesFound {
            supporters: question.accounts.iter().map(one).collect(),
            terms: found
                .terms
                .get(&question.tenant_id)
                .copied()
                .unwrap_or_default(),
        };
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
        let tenants = distinct(questions.iter().map(|question| &question.tenant_id));
        let found: HashMap<String, MonthRow> = queries::find_months(connection, &tenants).await?;
        let one = |question: &&Self| found.get(&question.tenant_id).cloned();
        // Each tenant that was asked about has a row.
        questions
            .iter()
            .map(|question| one(question).ok_or(sqlx::Error::RowNotFound))
            .collect()
    }
}

fn distinct<'a>(tenants: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut tenants: Vec<&str> = tenants.map(String::as_str).collect();
    tenants.sort_unstable();
    tenants.dedup();
    tenants
}
