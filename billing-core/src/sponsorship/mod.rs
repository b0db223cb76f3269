//! Contributions, and what follows from them: badges, the wall of supporters, the progress of a month.
//!
//! A contribution is a payment that credits nobody's account. `payment/` asks this slice, with plain values;
//! nothing here knows how a payment comes in. What people see is read from sums that are kept with the money,
//! in its own transaction; `totals` makes them anew from all that a person gave.

pub mod audit;
mod badge;
mod forget;
pub mod grpc;
pub mod message;
pub mod moderation;
mod queries;
mod reader;
mod retold;
mod shown;
mod subscription;
pub mod terms;
mod told;
mod totals;
pub mod ulid;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub use badge::{Badge, Thresholds};
pub use forget::forget;
pub use queries::{find_live as live_subscription, find_live_references as live_references};
pub use reader::SponsorshipReader;
pub use subscription::{Reported, SubscriptionReport, SubscriptionState};
pub use told::{Cause, failed};
pub use totals::{Period, Totals};

use crate::database::clock;
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;
use crate::money::Micros;
use crate::outbox::Notice;
use totals::Share;

/// The least and the most that may be given at once, in cents.
pub const LEAST_MINOR: i64 = 500;
pub const MOST_MINOR: i64 = 1_000_000;

/// What a contribution is called in public.
pub fn ulid_of(payment: PaymentId) -> String {
    ulid::of(payment.number)
}

/// What a contribution credits: nothing, whatever it is worth.
pub const fn credit() -> Micros {
    Micros::ZERO
}

/// What its giver says of a contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiftTerms {
    /// Stands above consent.
    pub is_anonymous: bool,
    /// To which words they consented; none: they did not. Empty: the tenant's present ones.
    pub consented_to: Option<String>,
    pub message: Option<String>,
}

/// How a tenant is supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sponsorship {
    pub tenant_id: String,
    pub goal_minor: i64,
    pub thresholds: Thresholds,
    pub zone: String,
    pub presets_minor: Vec<i64>,
    pub shows_totals: bool,
    pub wording: String,
    pub wording_version: String,
}

impl Sponsorship {
    /// Of a tenant that was never set. The schema has the same.
    pub fn unset(tenant_id: String) -> Self {
        Self {
            tenant_id,
            goal_minor: 0,
            thresholds: Thresholds::DEFAULT,
            zone: "UTC".to_owned(),
            presets_minor: vec![1_000, 2_500, 5_000],
            shows_totals: false,
            wording: String::new(),
            wording_version: "1".to_owned(),
        }
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// The first day of a moment's calendar month.
    fn month_of(&self, at: Timestamp) -> Date {
        self.time_zone().to_datetime(at).date().first_of_month()
    }
}

/// How a person is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub display_name: Option<String>,
    pub is_anonymous: bool,
    pub show_badge: bool,
    /// By an administrator.
    pub hidden: bool,
}

impl Profile {
    /// Whether the wall may name them.
    pub const fn is_shown(&self) -> bool {
        self.may_be_named() && self.display_name.is_some()
    }

    /// Neither they nor an administrator want otherwise.
    const fn may_be_named(&self) -> bool {
        !self.is_anonymous && !self.hidden
    }
}

/// A person who supports a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supporter {
    pub account: AccountId,
    pub tenant_id: String,
    pub profile: Profile,
    pub totals: Totals,
    /// They support monthly, and the newest payment of that names them.
    pub monthly: bool,
}

/// What a contribution that is paid has come to.
#[derive(Clone, Debug)]
pub struct Settled {
    pub payment: PaymentId,
    pub giver: Opening,
    /// The number of the first payment of its subscription.
    pub subscription: Option<Uuid>,
    /// The provider's time of its payment.
    pub paid_at: Timestamp,
    /// What its giver has paid.
    pub paid_minor: i64,
    /// Of that, what refunds and disputes left.
    pub net_minor: i64,
    /// Which of the two changed it last.
    pub cause: Cause,
    /// What is told of the payment whatever follows from it.
    pub described: Value,
}

/// What is new of a contribution.
#[derive(Debug, Default)]
pub struct News {
    /// What more there is of it, signed.
    pub moved_minor: i64,
    pub notices: Vec<Notice>,
}

/// What is new of all that was settled and reported, in its order.
#[derive(Debug, Default)]
pub struct AllNews {
    pub gifts: Vec<News>,
    pub subscriptions: Vec<Vec<Notice>>,
}

/// Whether a contribution names its giver; when they consented to that, and to which words.
#[derive(Clone, Debug)]
struct Naming {
    is_anonymous: bool,
    consented: Option<(Timestamp, String)>,
}

/// What is known of a contribution.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// When it was paid, and the month that it counts in.
    paid: Option<(Timestamp, Date)>,
    net_minor: i64,
    /// It names nobody: also where it began at its provider, and nobody was asked.
    is_anonymous: bool,
}

/// Begins a contribution beside its payment, which the caller writes in the same transaction and before. Locks
/// the supporter's row, which the caller has made by [`open`].
pub async fn record(
    conn: &mut PgConnection,
    payment: PaymentId,
    giver: &Opening,
    terms: &GiftTerms,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let wording = match terms
        .consented_to
        .as_deref()
        .filter(|_| !terms.is_anonymous)
    {
        None => None,
        Some("") => Some(
            queries::find_sponsorships(&mut *conn, &[giver.tenant_id.as_str()])
                .await?
                .remove(&giver.tenant_id)
                .map_or_else(|| "1".to_owned(), |found| found.wording_version),
        ),
        Some(version) => Some(version.to_owned()),
    };
    queries::insert_contribution(conn, payment, giver, terms, wording.as_deref(), now).await
}

/// The supporter's row, locked: whoever gives at the same time waits. `name` is how they are called
/// where they had no row before.
pub async fn open(
    conn: &mut PgConnection,
    account: AccountId,
    giver: &Opening,
    name: Option<&str>,
) -> Result<(), sqlx::Error> {
    queries::insert_supporters(conn, &[(account, giver, name)]).await?;
    queries::lock_supporters(conn, &[account]).await?;
    Ok(())
}

/// Whether a contribution names its giver, and by which words, as these terms would now.
pub async fn stands_as(
    conn: &mut PgConnection,
    payment: PaymentId,
    giver: &Opening,
    terms: &GiftTerms,
) -> Result<bool, sqlx::Error> {
    let Some(stands) = queries::find_naming(conn, payment).await? else {
        return Ok(false);
    };
    let wanted = match &terms.consented_to {
        None => None,
        Some(version) if version.is_empty() => {
            let tenant = giver.tenant_id.as_str();
            let mut found = queries::find_sponsorships(&mut *conn, &[tenant]).await?;
            let unset = || Sponsorship::unset(tenant.to_owned());
            Some(found.remove(tenant).unwrap_or_else(unset).wording_version)
        }
        Some(version) => Some(version.clone()),
    };
    Ok(stands == wanted)
}

/// Notes what contributions have come to and how subscriptions stand, all of them in one go, and makes the sums anew
/// that follow; answers one by one with what is new. The same news again changes nothing. Joins the caller's
/// transaction, which must be READ COMMITTED and must be rolled back on an error.
pub async fn settle(
    conn: &mut PgConnection,
    settled: &[Settled],
    reported: &[Reported],
) -> Result<AllNews, sqlx::Error> {
    if settled.is_empty() && reported.is_empty() {
        return Ok(AllNews::default());
    }
    let gifts = settled.iter().map(|one| (one.payment.account, &one.giver));
    let subscriptions = reported.iter().map(|one| (one.first.account, &one.giver));
    let givers: BTreeMap<AccountId, &Opening> = gifts.chain(subscriptions).collect();
    let new: Vec<_> = givers
        .iter()
        .map(|(account, giver)| (*account, *giver, None))
        .collect();
    queries::insert_supporters(conn, &new).await?;
    let accounts: Vec<AccountId> = givers.keys().copied().collect();
    let before = queries::lock_supporters(conn, &accounts).await?;
    let mut settling = Settling::read(conn, settled, &before).await?;
    let mut gifts: Vec<News> = settled.iter().map(|one| settling.take(one)).collect();
    if !settling.changed.is_empty() {
        let (changed, inherited) = (&settling.changed, &settling.inherited);
        queries::write_contributions(conn, changed, inherited, &givers).await?;
    }
    let mut changes = Vec::new();
    if !reported.is_empty() {
        let now = clock(&mut *conn).await?;
        changes = subscription::note(conn, reported, now).await?;
    }
    if settling.changed.is_empty() && changes.iter().all(Option::is_none) {
        let subscriptions = changes.iter().map(|_| Vec::new()).collect();
        return Ok(AllNews {
            gifts,
            subscriptions,
        });
    }
    let after = recount(conn, &before, before.clone()).await?;
    for (account, notice) in retold::badges(&before, &after, &settling.sponsorships) {
        // Behind what made it another one.
        let last = settled
            .iter()
            .rposition(|one| one.payment.account == account);
        if let Some(news) = last.and_then(|place| gifts.get_mut(place)) {
            news.notices.push(notice);
        }
    }
    Ok(AllNews {
        gifts,
        subscriptions: told_of_subscriptions(&changes, &before, &after),
    })
}

/// What is told of each change of a subscription, by its giver before and after.
fn told_of_subscriptions(
    changes: &[Option<subscription::Change>],
    before: &[Supporter],
    after: &[Supporter],
) -> Vec<Vec<Notice>> {
    // Of what is somebody's secret, its end is one too.
    let seen = |account: AccountId| {
        let both = before.iter().zip(after);
        both.filter(|(_, after)| after.account == account)
            .any(|(before, after)| {
                (before.monthly || after.monthly) && after.profile.may_be_named()
            })
    };
    let told = changes.iter().map(|change| {
        let told = |change: &subscription::Change| {
            subscription::news(change, seen(change.after.first.account))
        };
        change.as_ref().map(told).unwrap_or_default()
    });
    told.collect()
}

/// What is known of the contributions of a batch, and what changes of them.
struct Settling {
    sponsorships: HashMap<String, Sponsorship>,
    known: BTreeMap<PaymentId, Known>,
    /// How renewals name their givers that are not known yet.
    inherited: BTreeMap<PaymentId, Naming>,
    /// What each supporter's contributions come to.
    totals: HashMap<AccountId, i64>,
    /// Who may be named.
    named: BTreeSet<AccountId>,
    changed: BTreeMap<PaymentId, Known>,
}

impl Settling {
    async fn read(
        conn: &mut PgConnection,
        settled: &[Settled],
        supporters: &[Supporter],
    ) -> Result<Self, sqlx::Error> {
        let payments: BTreeSet<PaymentId> = settled.iter().map(|one| one.payment).collect();
        let tenants: BTreeSet<&str> = settled.iter().map(|one| &*one.giver.tenant_id).collect();
        let tenants: Vec<&str> = tenants.into_iter().collect();
        let known = queries::find_contributions(conn, &payments).await?;
        let renewals: BTreeMap<PaymentId, Uuid> = settled
            .iter()
            .filter(|one| !known.contains_key(&one.payment))
            .filter_map(|one| Some((one.payment, one.subscription?)))
            .collect();
        let inherited = if renewals.is_empty() {
            BTreeMap::new()
        } else {
            queries::find_inherited(conn, &renewals).await?
        };
        Ok(Self {
            sponsorships: queries::find_sponsorships(&mut *conn, &tenants).await?,
            known,
            inherited,
            totals: supporters
                .iter()
                .map(|supporter| (supporter.account, supporter.totals.all.net_minor))
                .collect(),
            named: supporters
                .iter()
                .filter(|supporter| supporter.profile.may_be_named())
                .map(|supporter| supporter.account)
                .collect(),
            changed: BTreeMap::new(),
        })
    }

    /// Notes what a contribution has come to; what is new of that.
    fn take(&mut self, one: &Settled) -> News {
        let known = self.known.get(&one.payment).copied();
        let paid = known.and_then(|known| known.paid);
        let moved_minor = one
            .net_minor
            .saturating_sub(known.map_or(0, |known| known.net_minor));
        if paid.is_some_and(|(at, _)| at == one.paid_at) && moved_minor == 0 {
            return News::default();
        }
        let tenant = &one.giver.tenant_id;
        let unset = || Sponsorship::unset(tenant.clone());
        let sponsorship = self
            .sponsorships
            .entry(tenant.clone())
            .or_insert_with(unset);
        let inherited = || {
            let naming = self.inherited.get(&one.payment);
            naming.is_none_or(|naming| naming.is_anonymous)
        };
        let now = Known {
            // It stays in its month whatever becomes of the zone, unless it turns out to be paid before.
            paid: paid
                .filter(|(at, _)| *at == one.paid_at)
                .or_else(|| Some((one.paid_at, sponsorship.month_of(one.paid_at)))),
            net_minor: one.net_minor,
            is_anonymous: known.map_or_else(inherited, |known| known.is_anonymous),
        };
        self.known.insert(one.payment, now);
        self.changed.insert(one.payment, now);
        let total = self.totals.entry(one.payment.account).or_default();
        let total_before = *total;
        *total = total.saturating_add(moved_minor);
        if paid.is_some() && moved_minor == 0 {
            return News::default();
        }
        let news = told::News {
            is_first: paid.is_none(),
            moved_minor,
            total_before,
            total_after: *total,
            is_public: !now.is_anonymous && self.named.contains(&one.payment.account),
        };
        News {
            moved_minor,
            notices: told::settled(one, news, &sponsorship.thresholds),
        }
    }
}

/// Makes anew what follows from the contributions of supporters whose rows are locked, and from how they are
/// shown now. The tenants' sums get what changed. Answers with the supporters as they are then.
async fn recount(
    conn: &mut PgConnection,
    before: &[Supporter],
    mut after: Vec<Supporter>,
) -> Result<Vec<Supporter>, sqlx::Error> {
    let accounts: Vec<AccountId> = after.iter().map(|supporter| supporter.account).collect();
    let mut gifts = queries::find_gifts(conn, &accounts).await?;
    let monthly = queries::find_monthly(conn, &accounts).await?;
    let mut sums: BTreeMap<(&str, Period), Share> = BTreeMap::new();
    for (before, after) in before.iter().zip(&mut after) {
        let gifts = gifts.remove(&after.account).unwrap_or_default();
        after.totals = Totals::of(&gifts);
        after.monthly = monthly.contains(&after.account);
        // A month of which nothing is left, since a gift turned out to be of another, is written as 0.
        for month in before.totals.months.keys() {
            after.totals.months.entry(*month).or_default();
        }
        let changes = totals::changes(
            (&before.totals, before.profile.is_shown()),
            (&after.totals, after.profile.is_shown()),
        );
        for (period, share) in changes {
            let key = (before.tenant_id.as_str(), period);
            sums.entry(key).or_default().add(share);
        }
    }
    queries::write_supporters(conn, &after).await?;
    queries::write_months(conn, &after).await?;
    queries::add_to_sums(conn, &sums).await?;
    Ok(after)
}
