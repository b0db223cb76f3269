//! `SponsorshipService`, and what `CreatePayment` says of a contribution.

pub mod admin;

use billing_proto::v1::{self, ErrorReason};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sqlx::{PgConnection, PgPool};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::queries::{self, Agreed};
use super::reader::{BadgesOf, MonthOf, SponsorshipReader};
use super::retold::recount_and_tell;
use super::subscription::Subscription;
use super::terms::{self, WORDING_VERSION_BYTES};
use super::totals::month_name;
use super::{GiftTerms, Profile, Supporter, shown, ulid};
use crate::field::{self, FieldError};
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;
use crate::ledger::grpc::{parse_account, parse_opening};
use crate::rpc::{Call, TENANT_BYTES, call_of, no_page, page_size, timestamp};
use crate::status::with_reason;

const MESSAGE_CHARS: usize = 500;
const BADGES_MAX: usize = 100;
const WALL_MAX: i64 = 200;
const WALL_DEFAULT: i64 = 100;
/// Of so many whose total was the least of a page, the next one begins behind the first whose total is still the
/// same: what they gave meanwhile, or got back, repeats an entry or two, and loses none.
const WALL_ENDS: usize = 3;
const LIST_MAX: i64 = 100;
const LIST_DEFAULT: i64 = 20;

/// What its giver says of a contribution; `field` is where.
pub fn parse_gift(field: &str, terms: v1::ContributionTerms) -> Result<GiftTerms, FieldError> {
    if !terms.is_anonymous && !terms.public_display_consent {
        return Err(FieldError::new(
            format!("{field}.public_display_consent"),
            "must be given, unless the contribution is anonymous",
        ));
    }
    let version = format!("{field}.wording_version");
    let version = field::optional_text(&version, terms.wording_version, WORDING_VERSION_BYTES)?;
    let is_public = !terms.is_anonymous && terms.public_display_consent;
    Ok(GiftTerms {
        is_anonymous: terms.is_anonymous,
        consented_to: is_public.then(|| version.unwrap_or_default()),
        message: parse_message(&format!("{field}.message"), &terms.message)?,
    })
}

fn parse_message(field: &str, message: &str) -> Result<Option<String>, FieldError> {
    let message = message.replace("\r\n", "\n");
    let message = message.trim();
    if message.chars().count() > MESSAGE_CHARS {
        let problem = format!("must have at most {MESSAGE_CHARS} characters");
        return Err(FieldError::new(field, problem));
    }
    if message.chars().any(is_hidden) {
        let problem = "must not contain control characters, nor what hides or turns text around";
        return Err(FieldError::new(field, problem));
    }
    Ok((!billing_proto::text::is_blank(message)).then(|| message.to_owned()))
}

/// Controls but line feeds, marks that turn the direction of text around, and tags that nobody sees. Joiners stay:
/// words of some languages, and faces, are written with them.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn no_contribution() -> Status {
    with_reason(
        ErrorReason::PaymentNotFound,
        "there is no such contribution",
        [],
    )
}

fn parse_ulid(text: String) -> Result<Uuid, Status> {
    let text = field::text("ulid", text, 64)?;
    ulid::parse(&text).ok_or_else(no_contribution)
}

fn parse_tenant(call: &Call, tenant: String) -> Result<String, Status> {
    let tenant = field::text("tenant_id", tenant, TENANT_BYTES)?;
    call.tenant(&tenant)?;
    Ok(tenant)
}

pub async fn get_contribution(
    reader: &SponsorshipReader,
    pool: &PgPool,
    request: Request<v1::GetContributionRequest>,
) -> Result<Response<v1::GetContributionResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let number = parse_ulid(request.ulid)?;
    let viewer = field::optional_text("viewer_user_id", request.viewer_user_id, 255)?;
    let found = call
        .query(queries::find_contribution(pool, &tenant, number))
        .await?;
    let found = found.ok_or_else(no_contribution)?;
    let account = found.id.account;
    let is_its_giver = viewer.is_some_and(|viewer| AccountId::of(&tenant, &viewer) == account);
    let standing = if is_its_giver || found.paid_within_the_hour {
        let question = BadgesOf {
            tenant_id: tenant,
            accounts: vec![account],
        };
        let found = reader.badges.read(question, call.deadline).await?;
        let supporter = found.supporters.first().and_then(Option::as_ref);
        shown::supporter(supporter, &found.terms.thresholds).standing
    } else {
        None
    };
    Ok(Response::new(v1::GetContributionResponse {
        contribution: Some(shown::contribution(found)),
        standing,
    }))
}

pub async fn list_contributions(
    pool: &PgPool,
    request: Request<v1::ListContributionsRequest>,
) -> Result<Response<v1::ListContributionsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let page = page_size(request.page_size, LIST_DEFAULT, LIST_MAX)?;
    let offset = field::number("offset", request.offset.into(), 0, 100_000)?;
    let listed = async {
        // In one snapshot: a contribution that is given back is not in the total any more.
        let mut snapshot = pool
            .begin_with("begin isolation level repeatable read, read only")
            .await?;
        let rows = queries::list_contributions(&mut *snapshot, account, page, offset).await?;
        let total = queries::count_contributions(&mut *snapshot, account).await?;
        let supporters = queries::find_supporters(&mut *snapshot, &[account]).await?;
        let sponsorship = terms::find(&mut *snapshot, &name.tenant_id).await?;
        snapshot.commit().await?;
        Ok((rows, total, supporters, sponsorship))
    };
    let (rows, total, supporters, sponsorship) = call.query(listed).await?;
    let supporter = shown::supporter(supporters.get(&account), &sponsorship.thresholds);
    Ok(Response::new(v1::ListContributionsResponse {
        contributions: rows.into_iter().map(shown::contribution).collect(),
        total: i32::try_from(total).unwrap_or(i32::MAX),
        standing: supporter.standing,
    }))
}

pub async fn get_subscription(
    pool: &PgPool,
    request: Request<v1::GetSubscriptionRequest>,
) -> Result<Response<v1::GetSubscriptionResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let found = call
        .query(queries::find_subscriptions(pool, account))
        .await?;
    // Of two that live the one that came first; an operator looks at the other.
    let lives = |one: &&Subscription| one.lives() && !one.needs_review;
    let shown = found.iter().find(lives).or_else(|| found.first()).cloned();
    Ok(Response::new(v1::GetSubscriptionResponse {
        subscription: shown.map(shown::subscription),
    }))
}

pub async fn set_contribution_anonymous(
    pool: &PgPool,
    request: Request<v1::SetContributionAnonymousRequest>,
) -> Result<Response<v1::SetContributionAnonymousResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let number = parse_ulid(request.ulid)?;
    let version = request.wording_version;
    let version = field::optional_text("wording_version", version, WORDING_VERSION_BYTES)?;
    let is_anonymous = request.is_anonymous;
    let id = PaymentId { account, number };
    let changed = async {
        let wording = match version {
            Some(version) => version,
            None => terms::find(pool, &name.tenant_id).await?.wording_version,
        };
        let mut transaction = pool.begin().await?;
        let before = queries::lock_supporters(&mut transaction, &[account]).await?;
        let wording = wording.as_str();
        if !queries::set_anonymous(&mut transaction, id, is_anonymous, wording).await? {
            return Ok(None);
        }
        let agreed = Agreed {
            payment: Some(id),
            what: if is_anonymous {
                "anonymous"
            } else {
                "public_display"
            },
            given: true,
            wording: (!is_anonymous).then_some(wording),
        };
        queries::insert_consents(&mut transaction, account, &[agreed]).await?;
        let after = before.clone();
        recount_and_tell(&mut transaction, &before, after).await?;
        let tenant = name.tenant_id.as_str();
        let shown = queries::find_contribution(&mut *transaction, tenant, number).await?;
        transaction.commit().await?;
        Ok(shown)
    };
    let changed = call.change(changed).await?.ok_or_else(no_contribution)?;
    Ok(Response::new(v1::SetContributionAnonymousResponse {
        contribution: Some(shown::contribution(changed)),
    }))
}

pub async fn get_badges(
    reader: &SponsorshipReader,
    request: Request<v1::GetBadgesRequest>,
) -> Result<Response<v1::GetBadgesResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let asked = request.user_ids.len();
    if asked == 0 || asked > BADGES_MAX {
        let problem = format!("must have between 1 and {BADGES_MAX} of them");
        return Err(FieldError::new("user_ids", problem).into());
    }
    let mut users = Vec::with_capacity(asked);
    for user in request.user_ids {
        users.push(field::text("user_ids", user, 255)?);
    }
    let accounts: Vec<AccountId> = users
        .iter()
        .map(|user| AccountId::of(&tenant, user))
        .collect();
    let question = BadgesOf {
        tenant_id: tenant,
        accounts,
    };
    let found = reader.badges.read(question, call.deadline).await?;
    let people = users.into_iter().zip(found.supporters);
    let badges = people.map(|(user, supporter)| {
        let is_owner = user == request.viewer_user_id;
        shown::badge(user, supporter, &found.terms, is_owner)
    });
    Ok(Response::new(v1::GetBadgesResponse {
        badges: badges.collect(),
    }))
}

pub async fn list_supporters(
    reader: &SponsorshipReader,
    pool: &PgPool,
    request: Request<v1::ListSupportersRequest>,
) -> Result<Response<v1::ListSupportersResponse>, Status> {
    let (call, request) = call_of(request)?;
    let period = request.period();
    let monthly = match request.support() {
        v1::WallSupport::Unspecified | v1::WallSupport::All => None,
        v1::WallSupport::Active => Some(true),
        v1::WallSupport::Past => Some(false),
    };
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let page = page_size(request.page_size, WALL_DEFAULT, WALL_MAX)?;
    let behind = parse_wall_token(request.page_token)?;
    let question = MonthOf {
        tenant_id: tenant.clone(),
    };
    let at_present = reader.months.read(question, call.deadline).await?;
    let sponsorship = at_present.sponsorship;
    // One more than the page, to know whether there is another.
    let most = page.saturating_add(1);
    let (mut rows, sum, month) = match period {
        v1::WallPeriod::Month => {
            let month = sponsorship.month_of(at_present.now);
            let rows = queries::list_wall_of_month(pool, &tenant, month, &behind, most, monthly);
            (call.query(rows).await?, month_name(month), Some(month))
        }
        v1::WallPeriod::Unspecified | v1::WallPeriod::All => {
            let rows = queries::list_wall(pool, &tenant, &behind, most, monthly);
            (call.query(rows).await?, "all".to_owned(), None)
        }
    };
    if rows.is_empty() && !behind.is_empty() {
        let problem = "the wall has changed where the page ended: begin again without it";
        return Err(FieldError::new("page_token", problem).into());
    }
    let sum = at_present.by_period.get(&sum);
    let mut total_count = sum.map_or(0, |share| share.named);
    if let Some(monthly) = monthly {
        let active = call
            .query(queries::count_monthly(pool, &tenant, month))
            .await?;
        let past = total_count.saturating_sub(active).max(0);
        total_count = if monthly { active } else { past };
    }
    let next_page_token = cut(&mut rows, page, behind);
    let zone = sponsorship.time_zone();
    let supporters = rows.into_iter().map(|row| v1::WallEntry {
        level: shown::level(sponsorship.thresholds.earned(row.public_minor)).into(),
        since: zone.to_datetime(row.since.to_jiff()).date().to_string(),
        monthly: row.monthly,
        name: row.name,
        message: row.message.unwrap_or_default(),
    });
    Ok(Response::new(v1::ListSupportersResponse {
        supporters: supporters.collect(),
        total_count,
        next_page_token,
    }))
}

/// Leaves a page of what was read, and says where the next one begins; empty: there is none.
fn cut(rows: &mut Vec<queries::WallRow>, page: i64, behind: Vec<Uuid>) -> String {
    let most = usize::try_from(page).unwrap_or_default();
    let more = rows.len() > most;
    rows.truncate(most);
    if !more {
        return String::new();
    }
    let ends = rows.iter().rev().map(|row| row.wall_key).chain(behind);
    let ends: Vec<String> = ends.take(WALL_ENDS).map(|key| key.to_string()).collect();
    ends.join(".")
}

/// The keys of those at whom pages ended, the newest first.
fn parse_wall_token(token: String) -> Result<Vec<Uuid>, FieldError> {
    let Some(token) = field::optional_text("page_token", token, 128)? else {
        return Ok(Vec::new());
    };
    let keys: Result<Vec<Uuid>, _> = token.split('.').map(Uuid::try_parse).collect();
    keys.map_err(|_| no_page())
}

pub async fn get_progress(
    reader: &SponsorshipReader,
    request: Request<v1::GetProgressRequest>,
) -> Result<Response<v1::GetProgressResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let question = MonthOf { tenant_id: tenant };
    let found = reader.months.read(question, call.deadline).await?;
    let sponsorship = found.sponsorship;
    let name = month_name(sponsorship.month_of(found.now));
    let share = found.by_period.get(&name).copied().unwrap_or_default();
    Ok(Response::new(v1::GetProgressResponse {
        goal_minor: sponsorship.goal_minor,
        current_minor: share.net_minor,
        supporters: share.supporters,
        month: name,
        pending_minor: found.pending_minor,
        resets_at: next_month(found.now, &sponsorship.time_zone()).map(timestamp),
    }))
}

/// When the month after that of a moment begins.
fn next_month(at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let first = zone.to_datetime(at).date().first_of_month();
    let next = first.checked_add(1.month()).ok()?;
    let begins = next.to_zoned(zone.clone()).ok()?;
    Some(begins.timestamp())
}

pub async fn get_supporter(
    pool: &PgPool,
    request: Request<v1::GetSupporterRequest>,
) -> Result<Response<v1::GetSupporterResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let found = call.query(look_up(pool, account, &name)).await?;
    Ok(Response::new(v1::GetSupporterResponse {
        supporter: Some(found),
    }))
}

async fn look_up(
    pool: &PgPool,
    account: AccountId,
    name: &Opening,
) -> Result<v1::Supporter, sqlx::Error> {
    let supporters = queries::find_supporters(pool, &[account]).await?;
    let sponsorship = terms::find(pool, &name.tenant_id).await?;
    Ok(shown::supporter(
        supporters.get(&account),
        &sponsorship.thresholds,
    ))
}

/// What a person wants changed of how they are shown.
struct ProfileChange {
    /// Empty: none.
    display_name: Option<String>,
    is_anonymous: Option<bool>,
    show_badge: Option<bool>,
}

impl ProfileChange {
    fn parse(request: &v1::UpdateSupporterRequest) -> Result<Self, FieldError> {
        let name = |name: &String| match name.trim() {
            "" => Ok(String::new()),
            name => billing_proto::contact::name(name).ok_or_else(|| {
                let problem = "must be a name: at most 255 bytes, no links, no control characters";
                FieldError::new("display_name", problem)
            }),
        };
        Ok(Self {
            display_name: request.display_name.as_ref().map(name).transpose()?,
            is_anonymous: request.is_anonymous,
            show_badge: request.show_badge,
        })
    }

    /// Changes how somebody is shown, and says what they agreed to by that.
    fn make(&self, profile: &mut Profile) -> Vec<Agreed<'static>> {
        let mut agreed = Vec::new();
        let mut note = |what, given| {
            agreed.push(Agreed {
                payment: None,
                what,
                given,
                wording: None,
            });
        };
        let named = self.display_name.clone();
        let named = named.map(|name| Some(name).filter(|name| !name.is_empty()));
        if let Some(name) = named.filter(|name| *name != profile.display_name) {
            note("display_name", name.is_some());
            profile.display_name = name;
        }
        if let Some(is_anonymous) = self.is_anonymous.filter(|is| *is != profile.is_anonymous) {
            note("anonymous", is_anonymous);
            profile.is_anonymous = is_anonymous;
        }
        if let Some(show_badge) = self.show_badge.filter(|shows| *shows != profile.show_badge) {
            note("show_badge", show_badge);
            profile.show_badge = show_badge;
        }
        agreed
    }
}

pub async fn update_supporter(
    pool: &PgPool,
    request: Request<v1::UpdateSupporterRequest>,
) -> Result<Response<v1::UpdateSupporterResponse>, Status> {
    let (call, mut request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account.take())?;
    let change = ProfileChange::parse(&request)?;
    let changed = async {
        let mut transaction = pool.begin().await?;
        change_profile(&mut transaction, account, &name, &change).await?;
        transaction.commit().await?;
        look_up(pool, account, &name).await
    };
    let changed = call.change(changed).await?;
    Ok(Response::new(v1::UpdateSupporterResponse {
        supporter: Some(changed),
    }))
}

async fn change_profile(
    conn: &mut PgConnection,
    account: AccountId,
    name: &Opening,
    change: &ProfileChange,
) -> Result<(), sqlx::Error> {
    queries::insert_supporters(conn, &[(account, name, None)]).await?;
    let before = queries::lock_supporters(conn, &[account]).await?;
    let mut after: Vec<Supporter> = before.clone();
    for supporter in &mut after {
        let agreed = change.make(&mut supporter.profile);
        queries::insert_consents(conn, account, &agreed).await?;
    }
    recount_and_tell(conn, &before, after).await
}
