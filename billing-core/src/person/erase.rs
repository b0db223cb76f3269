//! Erasure: in short transactions, each of which may be the last one before a crash. The repeat goes on.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::queries::{self, Found, Searched};
use crate::id::{AccountId, EntrySeq};
use crate::outbox;
use crate::sponsorship;

/// Rows of one transaction: some milliseconds of locks.
const NOTES_AT_ONCE: i64 = 1_000;
const PAYMENTS_AT_ONCE: i64 = 100;
/// Events that are looked through at once; those without an account are read as a whole.
const EVENTS_AT_ONCE: i64 = 200;
const TOLD_MAX: usize = 100;
const RELAY_AGAIN: Duration = Duration::from_millis(100);

/// Whose data is to be erased.
#[derive(Clone, Debug)]
pub struct Erasure {
    pub account: AccountId,
    /// Who wants it.
    pub actor: String,
    /// Further addresses of theirs.
    pub emails: Vec<String>,
}

/// Something as its provider calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub provider: String,
    pub name: String,
}

/// A payment that may still be paid, or the first one of a subscription that takes money month after month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPayment {
    pub payment_id: String,
    pub provider: String,
    pub reference: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Erased {
    pub asked_at: Timestamp,
    /// None: the repeat goes on.
    pub finished_at: Option<Timestamp>,
    pub settled_micros: i64,
    pub held_micros: i64,
    pub open_payments: Vec<OpenPayment>,
    pub customers: Vec<Named>,
    /// Of which nothing had come, and whose bodies are gone.
    pub events_to_send_again: Vec<Named>,
    /// That are to be applied first, by their bodies: these are still there.
    pub events_to_apply: Vec<Named>,
}

/// Erases until all is done, or until `deadline`. `folder` is where this core writes mail that is not sent, and events.
pub async fn erase(
    pool: &PgPool,
    erasure: &Erasure,
    folder: Option<&Path>,
    deadline: Instant,
) -> Result<Erased, sqlx::Error> {
    let account = erasure.account;
    let begun = begin(pool, erasure).await?;
    let lease = outbox::mail_lease(pool, account).await?;
    let mut told = Told::default();
    let finished_at = if go_on(pool, account, &begun, deadline, &mut told).await?
        && mail_is_still(pool, account, lease, deadline).await?
        && forget_files(folder, account).await.is_ok()
    {
        told.customers = queries::delete_customers(pool, account).await?;
        queries::finish(pool, account, begun.asked_at).await?
    } else {
        None
    };
    let left = queries::find_left(pool, account).await?;
    Ok(Erased {
        asked_at: begun.asked_at,
        finished_at,
        settled_micros: left.settled_micros,
        held_micros: left.held_micros,
        open_payments: queries::find_open_payments(pool, account).await?,
        customers: told.customers,
        events_to_send_again: told.send_again,
        events_to_apply: told.apply,
    })
}

/// What has begun, and goes on.
struct Begun {
    asked_at: Timestamp,
    words: Vec<String>,
    searched: Searched,
    /// The newest entry then: what is noted of later ones is a new beginning.
    newest: EntrySeq,
}

#[derive(Default)]
struct Told {
    customers: Vec<Named>,
    send_again: Vec<Named>,
    apply: Vec<Named>,
}

/// What is seen from outside is gone when this is committed: the name on the wall, the messages, the badge, the
/// address, and mail that waits. Locks accounts, supporters, the tenant's sums and the outbox, in this order.
async fn begin(pool: &PgPool, erasure: &Erasure) -> Result<Begun, sqlx::Error> {
    let account = erasure.account;
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    let asked = queries::insert_erasure(conn, account, &erasure.actor, &erasure.emails).await?;
    let newest = queries::lock_account(conn, account).await?;
    queries::delete_contact(conn, account).await?;
    sponsorship::forget(conn, account).await?;
    outbox::forget_mail(conn, account).await?;
    queries::erase_repairs(conn, account, &asked.words).await?;
    transaction.commit().await?;
    Ok(Begun {
        asked_at: asked.asked_at,
        words: asked.words,
        searched: asked.searched,
        newest,
    })
}

/// Everything else, piece by piece; false where the time ends before.
async fn go_on(
    pool: &PgPool,
    account: AccountId,
    begun: &Begun,
    deadline: Instant,
    told: &mut Told,
) -> Result<bool, sqlx::Error> {
    let in_time = || Instant::now() < deadline;
    let mut behind = EntrySeq::new(0);
    while let Some(last) = {
        let span = (behind, begun.newest);
        queries::erase_notes(pool, account, span, &begun.words, NOTES_AT_ONCE).await?
    } {
        behind = last;
        if !in_time() {
            return Ok(false);
        }
    }
    // Before the events: whatever reports on these payments from now on keeps no body.
    while erase_payments(pool, account).await? {
        if !in_time() {
            return Ok(false);
        }
    }
    queries::erase_refunds(pool, account, &begun.words).await?;
    queries::erase_changes(pool, account, &begun.words).await?;
    search_events(pool, account, begun, deadline, told).await
}

/// A piece of the payments, whose locks wait for reports that are being booked. What was given with one that
/// began meanwhile is forgotten, too. False where there was none left.
async fn erase_payments(pool: &PgPool, account: AccountId) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    let locked = queries::lock_payments(conn, account, PAYMENTS_AT_ONCE).await?;
    if locked.is_empty() {
        return Ok(false);
    }
    queries::erase_payments(conn, account, &locked).await?;
    if queries::has_words(conn, account, &locked).await? {
        sponsorship::forget(conn, account).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Looks through all events for theirs, whose bodies go. True where it has seen all of them, and none that has
/// to be applied first.
async fn search_events(
    pool: &PgPool,
    account: AccountId,
    begun: &Begun,
    deadline: Instant,
    told: &mut Told,
) -> Result<bool, sqlx::Error> {
    let needles = queries::find_needles(pool, account, &begun.words).await?;
    let mut searched = begun.searched.clone();
    loop {
        let piece =
            queries::find_events(pool, account, &searched, &needles, EVENTS_AT_ONCE).await?;
        let Some(last) = piece.last else {
            break;
        };
        let (waiting, mut theirs): (Vec<_>, Vec<_>) =
            piece.found.into_iter().partition(|found| found.is_recorded);
        // The one lock order of all sessions.
        theirs.sort_unstable_by(|a, b| (&a.provider, &a.event_id).cmp(&(&b.provider, &b.event_id)));
        if !theirs.is_empty() {
            let mut transaction = pool.begin().await?;
            queries::erase_events(&mut transaction, &theirs, &needles).await?;
            transaction.commit().await?;
        }
        note(&mut told.apply, waiting);
        note(
            &mut told.send_again,
            theirs.into_iter().filter(|found| found.is_open).collect(),
        );
        searched = last;
        if told.apply.is_empty() {
            queries::note_searched(pool, account, &searched).await?;
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
    }
    Ok(told.apply.is_empty())
}

fn note(told: &mut Vec<Named>, found: Vec<Found>) {
    let room = TOLD_MAX.saturating_sub(told.len());
    told.extend(found.into_iter().take(room).map(|found| Named {
        provider: found.provider,
        name: found.event_id,
    }));
}

/// Waits until no relay is about to deliver what it read before: whoever has the share has taken it anew since,
/// or not in time.
async fn mail_is_still(
    pool: &PgPool,
    account: AccountId,
    lease: outbox::MailLease,
    deadline: Instant,
) -> Result<bool, sqlx::Error> {
    while outbox::mail_lease(pool, account).await? == lease && !lease.has_ended(pool).await? {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(RELAY_AGAIN).await;
    }
    Ok(true)
}

async fn forget_files(folder: Option<&Path>, account: AccountId) -> io::Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    let forgotten = outbox::forget_files(folder, account).await;
    if let Err(error) = &forgotten {
        tracing::error!(%account, %error, "mail and events in files are not erased");
    }
    forgotten
}
