//! Two cores in the middle of the same, for each lock and guard of the slices. Those of the ledger have their tests in
//! `ledger/tests/locks.rs`.

use std::collections::BTreeMap;

use billing_proto::v1;
use billing_proto::v1::PaymentState;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use tokio::task::JoinSet;
use tonic::Code;

use crate::events::core_that_tells;
use crate::payment::{attached, delivered, event, settled};
use crate::port::free;
use crate::sponsorship::{CENTS, contributions, gift, given, progress, told, until_two_wait};
use crate::support::{
    USD, account, assert_books_are_right, core, core_with_prices, eventually, price, run,
};

/// Triggers that call `stand(n)` let transactions stand at gate `n` until it is open, which for PostgreSQL is no
/// wait for a lock; those that call `stand(n, 'first')`, only whoever comes first.
const STAND: &str =
    "create function is_locked(class integer, gate integer) returns boolean language sql as $$
        select exists (select from pg_locks
            where locktype = 'advisory' and granted and classid = class::oid and objid = gate::oid
                and database = (select oid from pg_database where datname = current_database()))
    $$;
    create function stand() returns trigger language plpgsql as $$
    declare gate integer := tg_argv[0];
    begin
        if tg_argv[1] = 'first' and is_locked(77, gate) then
            return new;
        end if;
        perform pg_advisory_xact_lock_shared(77, gate);
        while not is_locked(78, gate) loop
            perform pg_sleep(0.01);
        end loop;
        return new;
    end $$;";

/// They close when it is dropped.
struct Gates(PgConnection);

impl Gates {
    async fn with(database: &TestDatabase, triggers: &str) -> Self {
        let mut owner = database.connect_as_owner().await;
        run(&mut owner, &[STAND, triggers].concat()).await.unwrap();
        Self(owner)
    }

    async fn count(&mut self, statement: String) -> i64 {
        let counting = query_scalar(AssertSqlSafe(statement));
        counting.fetch_one(&mut self.0).await.unwrap()
    }

    async fn until_there_stand(&mut self, gate: i32, transactions: i64) {
        let statement = format!(
            "select count(*) from pg_locks where locktype = 'advisory' and granted and classid = 77 and objid = {gate}
                and database = (select oid from pg_database where datname = current_database())"
        );
        eventually("they stand at the gate", async || {
            self.count(statement.clone()).await == transactions
        })
        .await;
    }

    async fn open(&mut self, gate: i32) {
        let open = format!("select pg_advisory_lock(78, {gate})");
        run(&mut self.0, &open).await.unwrap();
    }

    /// How many rows of a table there are, and how many of them nobody has locked.
    async fn rows(&mut self, table: &str) -> (i64, i64) {
        let all = format!("select count(*) from {table}");
        let free =
            format!("select count(*) from (select from {table} for update skip locked) as free");
        (self.count(all).await, self.count(free).await)
    }
}

async fn welcome(core: &TestCore, micros: i64) {
    let request = v1::SetTenantRequest {
        tenant: Some(v1::Tenant {
            tenant_id: "acme".to_owned(),
            welcome_grant_micros: micros,
            ..Default::default()
        }),
        reason: "a campaign".to_owned(),
        actor: "olga".to_owned(),
    };
    core.accounts().set_tenant(request).await.unwrap();
}

#[tokio::test]
async fn of_two_who_set_a_tenant_at_once_the_second_is_told_to_have_changed_what_the_first_set() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    welcome(&core, 1).await;
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, "begin; select from tenant for update")
        .await
        .unwrap();
    let ended = async {
        until_two_wait(&database).await;
        drop(owner);
    };
    tokio::join!(welcome(&core, 2), welcome(&another, 3), ended);
    let request = v1::ListAdminChangesRequest {
        tenant_id: "acme".to_owned(),
        page_size: 10,
        ..Default::default()
    };
    let told = core.admin().list_admin_changes(request).await.unwrap();
    let told = told.into_inner().changes;
    let of = |fields: &BTreeMap<String, String>| fields["welcome_grant_micros"].clone();
    // Newest first.
    let before: Vec<String> = told.iter().map(|change| of(&change.before)).collect();
    let after: Vec<String> = told.iter().map(|change| of(&change.after)).collect();
    assert_eq!(before.len(), 3);
    assert_eq!(
        before[..2],
        after[1..],
        "each begins where the one before it ended"
    );
}

/// Takes version 2 of a price back, which has been set by mistake. The version that takes over from it.
async fn take_back(core: &TestCore) -> Result<i64, Code> {
    let request = v1::CancelPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        version: 2,
        reason: "too dear".to_owned(),
        actor: "olga".to_owned(),
        or_restore: true,
    };
    let answer = core.prices().cancel_price(request).await;
    let answer = answer.map_err(|status| status.code())?;
    Ok(answer.into_inner().restored.unwrap().version)
}

#[tokio::test]
async fn of_two_who_take_a_price_back_at_once_the_second_finds_what_the_first_has_restored() {
    let held = v1::Price {
        per_call_micros: 10,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[held]).await;
    let another = TestCore::start(&database).await;
    // Both have started.
    for core in [&core, &another] {
        progress(core).await;
    }
    let mistake = v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros: 9_999,
        ..Default::default()
    };
    core.prices().set_price(mistake).await.unwrap();
    // It can be read all the same.
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, "begin; lock table price in exclusive mode")
        .await
        .unwrap();
    let ended = async {
        until_two_wait(&database).await;
        drop(owner);
    };
    let (one, other, ()) = tokio::join!(take_back(&core), take_back(&another), ended);
    assert_eq!([one, other], [Ok(3), Ok(3)]);
}

type Batch<'a> = (&'a TestCore, [v1::ApplyProviderEventRequest; 2]);

/// For each core a batch: somebody's top-up is paid, and a contribution of the one whose top-up is the other core's.
async fn crosswise<'a>(core: &'a TestCore, another: &'a TestCore) -> Vec<Batch<'a>> {
    let mut batches = Vec::new();
    for (core, payer, giver) in [(core, "alice", "bob"), (another, "bob", "alice")] {
        let top_up = attached(core, payer, "1").await;
        let paid = crate::payment::state(PaymentState::Succeeded);
        let credited = event(&format!("evt_{payer}"), &top_up, paid);
        let contribution = given(core, gift(giver, "2")).await;
        let paid = crate::sponsorship::state(PaymentState::Succeeded);
        batches.push((core, [credited, told("paid", &contribution, paid)]));
    }
    batches
}

fn send(core: &TestCore, event: v1::ApplyProviderEventRequest, calls: &mut JoinSet<()>) {
    let gateway = core.payments();
    calls.spawn(async move { drop(delivered(gateway, event).await.unwrap()) });
}

/// The counters of the outbox are the last that a payment's transaction locks, of all its accounts in one order. Were
/// those of a top-up locked before the contributions have settled, each of these two batches would hold the one
/// that the other waits for.
#[tokio::test]
async fn top_ups_beside_contributions_lock_no_outbox_before_these_have_settled() {
    let (database, core) = core_that_tells().await;
    let another = TestCore::start(&database).await;
    for user in ["alice", "bob"] {
        // It is told, so they have their counters.
        core.grant(&account(user), USD).await;
    }
    let batches = crosswise(&core, &another).await;
    let triggers = "create trigger gathering before insert on provider_event
            for each row when (new.event_id like 'gate%') execute function stand(1);
        create trigger settling before insert on supporter for each row execute function stand(2)";
    let mut gates = Gates::with(&database, triggers).await;
    let mut calls = JoinSet::new();
    for (number, (core, _)) in batches.iter().enumerate() {
        let unknown = v1::Payment {
            provider_reference: "pi_unknown".to_owned(),
            ..Default::default()
        };
        let pending = crate::payment::state(PaymentState::Pending);
        let first = event(&format!("gate_{number}"), &unknown, pending);
        send(core, first, &mut calls);
    }
    gates.until_there_stand(1, 2).await;
    // Behind these gather the others.
    for (core, events) in batches {
        for event in events {
            send(core, event, &mut calls);
        }
        // They are sent while the first one waits for its answer, and come ahead of the second.
        for _ in 0..2 {
            progress(core).await;
        }
    }
    gates.open(1).await;
    gates.until_there_stand(2, 2).await;
    let (_, free) = gates.rows("account").await;
    assert_eq!(free, 0, "each batch has a top-up, too");
    let (counters, free) = gates.rows("outbox_subject").await;
    assert!(counters >= 2, "{counters}");
    assert_eq!(free, counters, "nobody has locked the outbox yet");
    gates.open(2).await;
    calls.join_all().await;
    for user in ["alice", "bob"] {
        assert_eq!(settled(&core, user).await, 11 * USD);
        let given = contributions(&core, user).await.standing.unwrap();
        assert_eq!(given.total_minor, CENTS);
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn of_two_cores_that_switch_events_on_only_the_first_forgets_what_was_there() {
    let database = TestDatabase::new().await;
    let before = "create trigger switching before insert on outbox_channel
            for each row execute function stand(1, 'first');
        insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, next_attempt_at)
        values ('event', gen_random_uuid(), 1, 0, 'hold.expired', '{}', now(), now())";
    let mut gates = Gates::with(&database, before).await;
    // Nobody listens there: what is told waits.
    let broker = format!("amqp://guest:guest@{}/%2f", free().await);
    let arguments = ["--amqp-url", &broker];
    let second = TestCore::start_with(&database, &arguments).await;
    // It has seen that they are off.
    gates.until_there_stand(1, 1).await;
    let first = TestCore::start_with(&database, &arguments).await;
    first.grant(&account("alice"), USD).await;
    gates.open(1).await;
    second.grant(&account("bob"), USD).await;
    let mut owner = database.connect_as_owner().await;
    let told: Vec<String> = query_scalar(
        "select coalesce(user_id, 'from before') from outbox_message left join account_profile using (account_id)
        where channel = 'event' order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(told, ["alice", "bob"]);
}
