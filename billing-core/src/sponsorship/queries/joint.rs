//! Reads that many share: one statement each, which finds its rows by key.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgExecutor, query};
use uuid::Uuid;

use super::super::totals::{Given, Share};
use super::super::{Profile, Sponsorship, Thresholds, Totals};
use super::read::SupporterRow;
use crate::id::AccountId;

/// What the badges of accounts are made of.
#[derive(Debug, Default)]
pub struct Badges {
    /// Those who have begun a contribution or said how they want to be shown.
    pub supporters: HashMap<AccountId, SupporterRow>,
    /// How tenants are supported that were ever set.
    pub terms: HashMap<String, BadgeTerms>,
}

/// By which a tenant's badges are shown.
#[derive(Clone, Copy, Debug)]
pub struct BadgeTerms {
    pub thresholds: Thresholds,
    pub shows_totals: bool,
}

/// Of a tenant that was never set.
impl Default for BadgeTerms {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::DEFAULT,
            shows_totals: false,
        }
    }
}

/// Two kinds of rows, in one round trip: supporters, and terms of tenants.
pub async fn find_badges(
    executor: impl PgExecutor<'_>,
    accounts: &[Uuid],
    tenants: &[&str],
) -> Result<Badges, sqlx::Error> {
    let rows = query!(
        r#"select account_id as "account_id?", is_anonymous as "is_anonymous?", show_badge as "show_badge?",
            hidden as "hidden?", net_minor as "net_minor?", contributions as "contributions?",
            first_at as "first_at?: SqlTimestamp", public_minor as "public_minor?",
            public_contributions as "public_contributions?", public_since as "public_since?: SqlTimestamp",
            null as tenant_id, null::bigint as bronze, null::bigint as silver, null::bigint as gold,
            null::bigint as platinum, null::boolean as shows_totals
        from supporter where account_id = any($1)
        union all
        select null, null, null, null, null, null, null, null, null, null,
            tenant_id, bronze_minor, silver_minor, gold_minor, platinum_minor, shows_totals
        from sponsorship where tenant_id = any($2)"#,
        accounts,
        tenants as &[&str],
    )
    .fetch_all(executor)
    .await?;
    let mut found = Badges::default();
    for row in rows {
        if let Some(account) = row.account_id {
            let supporter = SupporterRow {
                profile: Profile {
                    // No badge tells it.
                    display_name: None,
                    is_anonymous: row.is_anonymous.unwrap_or_default(),
                    show_badge: row.show_badge.unwrap_or_default(),
                    hidden: row.hidden.unwrap_or_default(),
                },
                totals: Totals {
                    all: Given {
                        net_minor: row.net_minor.unwrap_or_default(),
                        public_minor: row.public_minor.unwrap_or_default(),
                    },
                    contributions: row.contributions.unwrap_or_default(),
                    first_at: row.first_at.map(SqlTimestamp::to_jiff),
                    public_contributions: row.public_contributions.unwrap_or_default(),
                    public_since: row.public_since.map(SqlTimestamp::to_jiff),
                    months: BTreeMap::new(),
                },
            };
            let account = AccountId::from_uuid(account);
            found.supporters.insert(account, supporter);
        } else if let Some(tenant) = row.tenant_id {
            let unset = Thresholds::DEFAULT;
            let terms = BadgeTerms {
                thresholds: Thresholds {
                    bronze: row.bronze.unwrap_or(unset.bronze),
                    silver: row.silver.unwrap_or(unset.silver),
                    gold: row.gold.unwrap_or(unset.gold),
                    platinum: row.platinum.unwrap_or(unset.platinum),
                },
                shows_totals: row.shows_totals.unwrap_or_default(),
            };
            found.terms.insert(tenant, terms);
        }
    }
    Ok(found)
}

/// How a tenant is supported at present.
#[derive(Clone, Debug)]
pub struct MonthRow {
    /// By the database's clock.
    pub now: Timestamp,
    /// Without presets and wording.
    pub sponsorship: Sponsorship,
    /// On its way: read by an index that has nothing else in it.
    pub pending_minor: i64,
    /// Of the months that may be the present one somewhere, and of all time.
    pub by_period: HashMap<String, Share>,
}

/// How tenants are supported at present, each of them.
pub async fn find_months(
    executor: impl PgExecutor<'_>,
    tenants: &[&str],
) -> Result<HashMap<String, MonthRow>, sqlx::Error> {
    let rows = query!(
        r#"select n.tenant_id as "tenant_id!", now.at as "now!: SqlTimestamp", (
                select coalesce(sum(p.amount_minor), 0)::bigint from payment p
                where p.tenant_id = n.tenant_id and p.processing and p.purpose = 'contribution'
                    and p.state in ('created', 'pending', 'requires_action')
            ) as "pending!", s.period as "period?", s.net_minor as "net_minor?",
            s.supporters as "supporters?", s.named as "named?", t.goal_minor as "goal_minor?",
            t.zone as "zone?", t.bronze_minor as "bronze_minor?", t.silver_minor as "silver_minor?",
            t.gold_minor as "gold_minor?", t.platinum_minor as "platinum_minor?"
        from (select clock_timestamp() as at) now cross join unnest($1::text[]) as n (tenant_id)
        left join sponsorship t on t.tenant_id = n.tenant_id
        left join sponsorship_sum s on s.tenant_id = n.tenant_id
            and s.period >= to_char(now.at at time zone 'UTC' - interval '1 day', 'YYYY-MM')"#,
        tenants as &[&str],
    )
    .fetch_all(executor)
    .await?;
    let mut found: HashMap<String, MonthRow> = HashMap::new();
    for row in rows {
        let month = found.entry(row.tenant_id).or_insert_with_key(|tenant| {
            let mut sponsorship = Sponsorship::unset(tenant.clone());
            let unset = sponsorship.thresholds;
            sponsorship.goal_minor = row.goal_minor.unwrap_or_default();
            sponsorship.zone = row.zone.unwrap_or(sponsorship.zone);
            sponsorship.thresholds = Thresholds {
                bronze: row.bronze_minor.unwrap_or(unset.bronze),
                silver: row.silver_minor.unwrap_or(unset.silver),
                gold: row.gold_minor.unwrap_or(unset.gold),
                platinum: row.platinum_minor.unwrap_or(unset.platinum),
            };
            MonthRow {
                now: row.now.to_jiff(),
                sponsorship,
                pending_minor: row.pending,
                by_period: HashMap::new(),
            }
        });
        let share = row.net_minor.zip(row.supporters).zip(row.named);
        if let (Some(period), Some(((net_minor, supporters), named))) = (row.period, share) {
            let share = Share {
                net_minor,
                supporters,
                named,
            };
            month.by_period.insert(period, share);
        }
    }
    Ok(found)
}
