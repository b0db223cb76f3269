//! Badges that have become others, told to other systems, whatever made them so: a gift, how somebody wants to be
//! shown, an administrator's word, or other thresholds.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::shown::public_given;
use super::{Badge, Sponsorship, Supporter, Thresholds, queries, recount};
use crate::database::clock;
use crate::id::AccountId;
use crate::outbox::{self, Channel, Notice};

/// Makes anew what follows from how supporters are shown now, whose rows are locked, and tells of badges that are
/// others now. Joins the caller's transaction.
pub async fn recount_and_tell(
    conn: &mut PgConnection,
    before: &[Supporter],
    after: Vec<Supporter>,
) -> Result<(), sqlx::Error> {
    let after = recount(conn, before, after).await?;
    let tenants: Vec<&str> = after.iter().map(|one| &*one.tenant_id).collect();
    let sponsorships = queries::find_sponsorships(&mut *conn, &tenants).await?;
    let notices = badges(before, &after, &sponsorships);
    tell(conn, &notices).await
}

/// Tells of badges that other thresholds make others. Locks every supporter of the tenant: who gives meanwhile
/// waits, and finds the new thresholds. Joins the caller's transaction, which has written them.
pub async fn tell_of_thresholds(
    conn: &mut PgConnection,
    old: &Sponsorship,
    new: &Sponsorship,
) -> Result<(), sqlx::Error> {
    if old.thresholds == new.thresholds || !outbox::tells_events(&mut *conn).await? {
        return Ok(());
    }
    let accounts = queries::accounts_of_tenant(&mut *conn, &new.tenant_id).await?;
    let supporters = queries::lock_supporters(conn, &accounts).await?;
    let changed = supporters.iter().filter_map(|one| {
        let had = Worn::of(one, &old.thresholds);
        Some((one.account, Worn::of(one, &new.thresholds).told(had)?))
    });
    let notices: Vec<_> = changed.collect();
    tell(conn, &notices).await
}

async fn tell(conn: &mut PgConnection, notices: &[(AccountId, Notice)]) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let now = clock(&mut *conn).await?;
    outbox::enqueue(conn, notices, now).await
}

/// What is told of supporters whose badges are others now.
pub fn badges(
    before: &[Supporter],
    after: &[Supporter],
    sponsorships: &HashMap<String, Sponsorship>,
) -> Vec<(AccountId, Notice)> {
    let changed = before.iter().zip(after).filter_map(|(before, after)| {
        let sponsorship = sponsorships.get(&after.tenant_id);
        let thresholds = sponsorship.map_or(Thresholds::DEFAULT, |set| set.thresholds);
        let had = Worn::of(before, &thresholds);
        Some((after.account, Worn::of(after, &thresholds).told(had)?))
    });
    changed.collect()
}

/// A badge: as its owner sees it, and as anybody does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Worn {
    own: Option<Badge>,
    public: Option<Badge>,
    /// Nobody sees another one than its owner, who hides nothing.
    is_public: bool,
}

impl Worn {
    fn of(supporter: &Supporter, thresholds: &Thresholds) -> Self {
        let (profile, totals) = (&supporter.profile, &supporter.totals);
        let public = public_given(profile, totals);
        let own = thresholds.earned(totals.all.net_minor);
        let public = thresholds.earned(public.0);
        Self {
            own,
            public,
            is_public: own == public && (profile.show_badge || profile.may_be_named()),
        }
    }

    /// None where nobody sees a difference.
    fn told(self, before: Self) -> Option<Notice> {
        let has_changed = (self.own, self.public) != (before.own, before.public);
        has_changed.then(|| Notice {
            channel: Channel::Event,
            kind: "badge.updated",
            payload: json!({
                // What was before is told, too.
                "public": self.is_public && before.own == before.public,
                "badge": name(self.own),
                "public_badge": name(self.public),
                "badge_before": name(before.own),
                "public_badge_before": name(before.public),
            }),
        })
    }
}

fn name(badge: Option<Badge>) -> Value {
    badge.map(Badge::name).into()
}
