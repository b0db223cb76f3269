//! The bugs, as docs/reliability.md shows them.

use std::fmt;

/// A bug that the core can be given, and what stands against it.
#[derive(Debug, PartialEq, Eq)]
pub struct SeededBug {
    /// As the core names it.
    pub name: &'static str,
    pub wrong: &'static str,
    /// The file of the core that `billing-core/seeded/` puts it into.
    pub place: &'static str,
    /// What must find it.
    pub test: Test,
    /// What the test then says, among other things. Where it fails and says anything else, something
    /// else is wrong.
    pub says: &'static str,
    /// What else would, in production too.
    pub besides: &'static str,
}

/// A test of the core, by its full name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// Beside the code.
    Unit(&'static str),
    /// Over gRPC.
    Wire(&'static str),
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(name) => f.write_str(name),
            Self::Wire(name) => write!(f, "it::{name}"),
        }
    }
}

pub const LIST: &[SeededBug] = &[
    SeededBug {
        name: "no-row-lock",
        wrong: "an account is read without locking its row",
        place: "ledger/apply.rs",
        test: Test::Unit(
            "ledger::tests::locks::of_a_hundred_parallel_charges_on_a_balance_of_sixty_sixty_are_allowed",
        ),
        says: "entry_pkey",
        besides: "`entry_pkey`; the row's `version`: what was decided on an older row is not written",
    },
    SeededBug {
        name: "lost-update",
        wrong: "neither lock nor `version`: the last to write wins",
        place: "ledger/apply.rs",
        test: Test::Unit(
            "ledger::tests::locks::of_parallel_holds_no_more_are_placed_than_the_balance_covers",
        ),
        says: "right: 20",
        besides: "`entry_pkey`, where an entry is written; the audit",
    },
    SeededBug {
        name: "no-fold",
        wrong: "an account has a row in the update for each entry, of which one is applied, and the rows are not counted",
        place: "ledger/columns.rs",
        test: Test::Unit(
            "ledger::tests::splits::a_charge_is_refunded_within_its_own_batch_and_never_beyond_itself",
        ),
        says: "entries have no gaps",
        besides: "`entry_pkey`, at the next entry; the audit",
    },
    SeededBug {
        name: "read-before-lock",
        wrong: "keys and holds are read before the accounts are locked",
        place: "ledger/apply.rs",
        test: Test::Unit("ledger::tests::locks::a_key_that_fifty_send_at_once_takes_effect_once"),
        says: "idempotency_key_pkey",
        besides: "`idempotency_key_pkey`; for holds, the count of rows written",
    },
    SeededBug {
        name: "unsorted-locks",
        wrong: "accounts are locked in the order in which they are named",
        place: "ledger/apply.rs",
        test: Test::Unit(
            "ledger::tests::locks::accounts_are_locked_in_the_order_of_their_ids_however_they_are_named",
        ),
        says: "could not obtain lock on row",
        besides: "PostgreSQL ends one of the two, which is tried again: time is lost, and no money",
    },
    SeededBug {
        name: "welcome-by-naming",
        wrong: "whoever names an account gives it the welcome grant, not whoever opened it",
        place: "ledger/apply.rs",
        test: Test::Unit(
            "ledger::tests::locks::an_account_that_fifty_see_first_is_opened_once_and_welcomed_once",
        ),
        says: "idempotency_key_pkey",
        besides: "`idempotency_key_pkey`: the welcome has a key",
    },
    SeededBug {
        name: "key-check-after-write",
        wrong: "a key is looked at only when the answer is stored, and the money has moved",
        place: "ledger/decide/mod.rs",
        test: Test::Wire(
            "charge::a_charge_is_taken_from_the_balance_once_however_often_it_is_sent",
        ),
        says: "settled_micros: 0,",
        besides: "nothing",
    },
    SeededBug {
        name: "batch-forgets-its-keys",
        wrong: "a key that was used earlier in the same batch counts as new",
        place: "ledger/decide/mod.rs",
        test: Test::Unit(
            "ledger::tests::splits::a_key_that_comes_twice_within_one_batch_takes_effect_once",
        ),
        says: "right: [Ok((1000, false)), Ok((900, false)), Ok((900, true)), Err(KeyReused)]",
        besides: "nothing",
    },
    SeededBug {
        name: "key-content-not-compared",
        wrong: "a key that was used for another request gets that one's answer",
        place: "ledger/decide/mod.rs",
        test: Test::Wire(
            "charge::a_key_that_was_used_for_something_else_is_refused_whatever_the_rpc",
        ),
        says: "value: ChargeResponse { decision: Allowed",
        besides: "nothing",
    },
    SeededBug {
        name: "denial-stored",
        wrong: "a denial uses its key up: asked again, it is answered as allowed, and nothing is charged",
        place: "ledger/decide/spend.rs",
        test: Test::Wire("charge::a_denial_is_not_stored_and_the_next_try_is_decided_afresh"),
        says: "left: (Allowed, true) right: (Allowed, false)",
        besides: "nothing",
    },
    SeededBug {
        name: "expiry-ignores-capture",
        wrong: "a hold whose time is up gives its amount back, though it was captured",
        place: "ledger/decide/hold.rs",
        test: Test::Unit(
            "ledger::tests::expiry::a_hold_that_was_captured_gives_nothing_back_when_its_time_is_up",
        ),
        says: "left: (-30, 80, -10) right: (30, 80, 50)",
        besides: "`account_held_not_negative`, where no other hold is placed; the audit",
    },
    SeededBug {
        name: "hold-ends-twice",
        wrong: "a hold that has ended can be captured and released again",
        place: "ledger/decide/hold.rs",
        test: Test::Unit(
            "ledger::tests::expiry::a_capture_at_the_moment_of_expiry_is_refused_and_the_amount_is_back",
        ),
        says: "right: Err(HoldEnded(Expired))",
        besides: "`entry_one_charge_per_hold`; the count of rows written; `account_held_not_negative`, where no other hold is placed",
    },
    SeededBug {
        name: "released-is-settled",
        wrong: "a hold that its caller released can be settled as if it had expired",
        place: "ledger/decide/hold.rs",
        test: Test::Unit(
            "ledger::tests::expiry::a_settlement_charges_what_has_expired_and_nothing_that_was_released",
        ),
        says: "right: Err(HoldEnded(Released))",
        besides: "trigger `hold_ends_once`; the count of rows written",
    },
    SeededBug {
        name: "limit-at-capture-only",
        wrong: "a hold counts against the limits when it is captured, not when it is placed",
        place: "ledger/decide/spend.rs",
        test: Test::Wire("limits::holds_and_charges_count_and_may_reach_a_limit_but_not_pass_it"),
        says: "left: [Some(4000000), Some(5000000)] right: [Some(2000000), Some(3000000)]",
        besides: "the audit",
    },
    SeededBug {
        name: "capture-counts-all-again",
        wrong: "a capture counts all that it charges, which its hold has counted already",
        place: "ledger/decide/hold.rs",
        test: Test::Wire("limits::a_capture_adds_only_its_overage_and_is_never_refused_by_a_limit"),
        says: "left: (4000000, 4000000) right: (3000000, 3000000)",
        besides: "the audit",
    },
    SeededBug {
        name: "give-back-to-later-period",
        wrong: "what comes back after midnight enlarges the new day, or month",
        place: "ledger/periods.rs",
        test: Test::Unit(
            "ledger::tests::limits::what_comes_back_after_midnight_does_not_enlarge_the_new_day",
        ),
        says: "left: (10, 110) right: (70, 110)",
        besides: "`account_day_spent_not_negative`, where less was spent on the new day; the audit",
    },
    SeededBug {
        name: "carried-is-kept",
        wrong: "what comes back of a day that a change of zone carried into its month stays counted in that month",
        place: "ledger/periods.rs",
        test: Test::Unit(
            "ledger::tests::zones::what_comes_back_of_a_carried_day_comes_back_in_the_month_that_it_was_carried_into",
        ),
        says: "left: (8, 96) right: (8, 8)",
        besides: "the audit",
    },
    SeededBug {
        name: "carried-for-good",
        wrong: "what comes back of a day that was carried into a month enlarges the months after that one too",
        place: "ledger/periods.rs",
        test: Test::Unit(
            "ledger::tests::zones::what_comes_back_of_a_carried_day_comes_back_in_the_month_that_it_was_carried_into",
        ),
        says: "left: (10, 8) right: (10, 10)",
        besides: "`account_day_within_month`; the audit",
    },
    SeededBug {
        name: "held-is-spendable",
        wrong: "what a hold has set aside can be spent by others",
        place: "ledger/decide/spend.rs",
        test: Test::Wire(
            "check::what_is_available_may_be_spent_to_the_last_micro_and_a_denial_says_what_is_missing",
        ),
        says: "left: Allowed right: InsufficientBalance",
        besides: "`account_overdraft_authorised`",
    },
    SeededBug {
        name: "no-balance-check",
        wrong: "more can be spent than there is",
        place: "ledger/decide/spend.rs",
        test: Test::Wire(
            "check::what_is_available_may_be_spent_to_the_last_micro_and_a_denial_says_what_is_missing",
        ),
        says: "left: Allowed right: InsufficientBalance",
        besides: "`account_overdraft_authorised`",
    },
    SeededBug {
        name: "free-call-not-counted",
        wrong: "a free call is given, and not taken from the day's allowance",
        place: "ledger/decide/spend.rs",
        test: Test::Unit(
            "ledger::tests::locks::of_parallel_calls_no_more_are_free_than_the_allowance",
        ),
        says: "left: 20 right: 5",
        besides: "nothing",
    },
    SeededBug {
        name: "no-refund-cap",
        wrong: "a refund may be more than its charge",
        place: "ledger/decide/post.rs",
        test: Test::Wire("refund::a_charge_is_refunded_in_parts_and_never_beyond_what_it_was"),
        says: "left: Internal right: FailedPrecondition",
        besides: "`charge_refund_within_charge`",
    },
    SeededBug {
        name: "refund-forgotten",
        wrong: "a refund is booked, and not counted against its charge",
        place: "ledger/decide/post.rs",
        test: Test::Unit(
            "ledger::tests::limits::a_refund_of_a_capture_gives_back_its_overage_first",
        ),
        says: "r2 left: (-10, 50) right: (0, 50)",
        besides: "`account_total_spent_not_negative`, where nothing else was spent; the audit",
    },
    SeededBug {
        name: "rounded-down",
        wrong: "the rest of a price below one micro is dropped",
        place: "price/cost.rs",
        test: Test::Unit("price::cost::tests::parts_are_added_before_they_are_rounded_up"),
        says: "left: Ok(Micros(10)) right: Ok(Micros(11))",
        besides: "nothing",
    },
    SeededBug {
        name: "rounded-per-part",
        wrong: "each part of a price is rounded up, not their sum",
        place: "price/cost.rs",
        test: Test::Unit("price::cost::tests::parts_are_added_before_they_are_rounded_up"),
        says: "left: Ok(Micros(12)) right: Ok(Micros(11))",
        besides: "nothing",
    },
    SeededBug {
        name: "read-joins-query-in-flight",
        wrong: "a read is answered by a query that began before it came",
        place: "ledger/joint_reads.rs",
        test: Test::Wire("read::a_read_joins_no_query_that_began_before_it_was_asked"),
        says: "left: 1000000 right: 999999",
        besides: "the soak; what is written never rests on such a read",
    },
    SeededBug {
        name: "reply-before-commit",
        wrong: "the answer leaves before COMMIT is answered",
        place: "ledger/lane.rs",
        test: Test::Wire("commit::no_answer_leaves_before_its_commit"),
        says: "answered, and nothing is committed",
        besides: "the soak",
    },
    SeededBug {
        name: "lost-commit-is-failure",
        wrong: "where COMMIT has no answer, `nothing was done` is answered",
        place: "ledger/attempt.rs",
        test: Test::Wire(
            "commit::a_commit_that_was_made_and_whose_answer_was_lost_is_answered_as_made",
        ),
        says: "left: Err(Unavailable) right: Ok((2, false))",
        besides: "the soak",
    },
    SeededBug {
        name: "lost-commit-is-success",
        wrong: "where COMMIT has no answer, the batch is answered as done",
        place: "ledger/attempt.rs",
        test: Test::Wire("commit::a_commit_that_was_lost_and_not_made_is_made_before_the_answer"),
        says: "left: [] right: [2]",
        besides: "the soak",
    },
    SeededBug {
        name: "locked-is-failure",
        wrong: "where an earlier attempt may keep the account locked, `nothing was done` is answered",
        place: "ledger/grpc.rs",
        test: Test::Wire("blocked::an_account_that_another_session_has_locked_holds_up_no_other"),
        says: "left: \"DATABASE_UNAVAILABLE\" right: \"OUTCOME_UNKNOWN\"",
        besides: "the soak",
    },
    SeededBug {
        name: "stale-switch-believed",
        wrong: "a switch is believed however long ago it was read",
        place: "ledger/decide/mod.rs",
        test: Test::Wire(
            "switches::a_switch_that_could_not_be_read_for_five_seconds_decides_nothing",
        ),
        says: "nothing is decided: not in 20 s",
        besides: "nothing: the database knows of no list in memory",
    },
    SeededBug {
        name: "dispute-moves-once",
        wrong: "a dispute takes money once, and gives it back once",
        place: "payment/dispute.rs",
        test: Test::Wire(
            "payment::disputes::what_is_withdrawn_again_after_it_was_reinstated_is_taken_back_again",
        ),
        says: "left: [0, 10000000, 10000000, 10000000, 10000000]",
        besides: "nothing: the sums are what the code says",
    },
    SeededBug {
        name: "short-payment-in-full",
        wrong: "less than ordered is credited as if all had come",
        place: "top_up/mod.rs",
        test: Test::Wire(
            "payment::received::less_than_ordered_is_credited_as_far_as_it_goes_told_and_looked_at",
        ),
        says: "INTERNAL",
        besides: "`payment_credited_when_paid`",
    },
    SeededBug {
        name: "price-by-set-order",
        wrong: "the version that was set last holds once it has started, whatever starts later",
        place: "price/catalogue.rs",
        test: Test::Wire(
            "price::the_latest_start_holds_in_whatever_order_prices_were_set_and_says_what_it_supersedes",
        ),
        says: "the version holds: not in 20 s",
        besides: "nothing: the schema keeps all versions",
    },
    SeededBug {
        name: "held-warns",
        wrong: "what is only held counts as spent for the warning of a low balance",
        place: "ledger/decide/mod.rs",
        test: Test::Wire(
            "low_balance::what_is_only_held_or_denied_uses_no_warning_up_and_the_end_is_told_the_same_day",
        ),
        says: "mails(&database).await.is_empty()",
        besides: "nothing: the user",
    },
    SeededBug {
        name: "opened-by-each-report",
        wrong: "a report that finds no payment of its name opens one, whoever else is about to",
        place: "payment/event/opening.rs",
        test: Test::Wire(
            "payment::opened::an_opened_payment_is_one_whichever_report_comes_first_how_often_and_to_which_core",
        ),
        says: "is one payment",
        besides: "nothing: such a payment has a name that leads to another one",
    },
    SeededBug {
        name: "opening-not-compared",
        wrong: "a report that would open a payment is believed of the one that is there, whatever it says of it",
        place: "payment/event/contradiction.rs",
        test: Test::Wire(
            "payment::opened::a_report_that_opens_a_payment_which_is_there_must_say_what_that_one_is",
        ),
        says: "left: Applied right: Contradiction",
        besides: "nothing",
    },
    SeededBug {
        name: "supporter-not-locked",
        wrong: "what a person has given is summed up without locking their row",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "sponsorship::gifts_of_one_person_that_are_paid_at_once_at_two_cores_all_count",
        ),
        says: "left: 2500 right: 5000",
        besides: "the audit",
    },
    SeededBug {
        name: "tab-before-lock",
        wrong: "what a person has open is read before their row is locked",
        place: "payment/create.rs",
        test: Test::Wire(
            "sponsorship::of_two_tabs_the_second_goes_on_with_what_the_first_began_or_says_what_is_open",
        ),
        says: "right: 1",
        besides: "nothing",
    },
    SeededBug {
        name: "processing-given-again",
        wrong: "a contribution whose money is on its way is given again, or ended",
        place: "payment/create.rs",
        test: Test::Wire(
            "contribution::pending::whose_money_is_on_its_way_gives_anew_and_nothing_of_it_is_ended_or_given_up",
        ),
        says: "left != right",
        besides: "the provider ends nothing that is complete",
    },
    SeededBug {
        name: "any-report-ends-pending",
        wrong: "money counts as on its way only until the next report of it",
        place: "payment/books.rs",
        test: Test::Wire(
            "contribution::pending::money_on_its_way_is_pending_until_it_has_come_or_failed_in_whatever_order_that_is_told",
        ),
        says: "left: (0, 2500) right: (0, 5000)",
        besides: "nothing",
    },
    SeededBug {
        name: "expired-ends-paid",
        wrong: "a page that has expired ends what was paid on it",
        place: "payment/books.rs",
        test: Test::Wire(
            "contribution::pending::money_on_its_way_is_pending_until_it_has_come_or_failed_in_whatever_order_that_is_told",
        ),
        says: "INTERNAL",
        besides: "`payment_paid_has_time`",
    },
    SeededBug {
        name: "completed-counts-again",
        wrong: "a second report that a contribution is paid counts it twice",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "contribution::pending::money_on_its_way_is_pending_until_it_has_come_or_failed_in_whatever_order_that_is_told",
        ),
        says: "left: (5000, 0) right: (2500, 0)",
        besides: "the audit",
    },
    SeededBug {
        name: "won-dispute-kept",
        wrong: "money that a dispute gave back stays away",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "contribution::revenue::what_is_given_counts_as_revenue_apart_from_credit_and_what_is_taken_back_does_too",
        ),
        says: "left: 0 right: 300",
        besides: "the audit",
    },
    SeededBug {
        name: "badge-of-gross",
        wrong: "what refunds and disputes took counts towards badge and wall",
        place: "payment/purpose.rs",
        test: Test::Wire(
            "sponsorship::a_gift_earns_a_badge_a_place_on_the_wall_and_moves_the_meter_and_a_refund_takes_them_back",
        ),
        says: "left: Bronze right: None",
        besides: "the audit",
    },
    SeededBug {
        name: "refund-in-present-month",
        wrong: "a refund moves what is left of a contribution to the month in which it came",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "sponsorship::a_contribution_stays_in_its_month_in_the_tenants_zone_and_a_later_refund_reduces_that",
        ),
        says: "left: [(\"2026-05\", 0), (",
        besides: "nothing: the audit believes the month of a contribution",
    },
    SeededBug {
        name: "month-in-utc",
        wrong: "a contribution counts in the month of UTC, not of the tenant's zone",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "sponsorship::a_contribution_stays_in_its_month_in_the_tenants_zone_and_a_later_refund_reduces_that",
        ),
        says: "(\"2026-04\", 2500)",
        besides: "nothing",
    },
    SeededBug {
        name: "sum-not-folded",
        wrong: "of several people's contributions of a batch, the tenant's sum gets the last one's",
        place: "sponsorship/mod.rs",
        test: Test::Wire(
            "contribution::storm::a_thousand_contributions_of_a_tenant_completed_at_once_count_once_and_checks_go_on",
        ),
        says: "right: (2500000, 250)",
        besides: "the audit; `sponsorship_sum_range`, once something is taken back",
    },
    SeededBug {
        name: "anonymous-is-public",
        wrong: "what was given anonymously counts on the wall and for strangers",
        place: "sponsorship/queries/settle.rs",
        test: Test::Wire(
            "sponsorship::an_anonymous_gift_changes_no_public_answer_but_the_progress",
        ),
        says: "total_minor: Some(12500)",
        besides: "the audit",
    },
    SeededBug {
        name: "hidden-is-named",
        wrong: "whoever wants no longer to be named is still counted among the named",
        place: "sponsorship/totals.rs",
        test: Test::Wire(
            "sponsorship::who_wants_no_longer_to_be_named_is_gone_from_wall_and_badge_at_once",
        ),
        says: "total_count: 1",
        besides: "the audit",
    },
    SeededBug {
        name: "show-badge-for-all",
        wrong: "strangers see the badge of all that a person gave, whatever that person has chosen",
        place: "sponsorship/shown.rs",
        test: Test::Wire(
            "sponsorship::an_anonymous_gift_changes_no_public_answer_but_the_progress",
        ),
        says: "level: Silver",
        besides: "nothing",
    },
    SeededBug {
        name: "change-not-kept",
        wrong: "what administrators change of an account is not kept",
        place: "ledger/apply.rs",
        test: Test::Wire("admin_changes::a_change_is_told_once_with_who_when_why_before_and_after"),
        says: "left: [(\"payment_refund\", \"olga\", \"paid twice\")]",
        besides: "nothing: entries, refunds and switches keep their own words",
    },
    SeededBug {
        name: "gateway-names-actors",
        wrong: "whoever calls for users can say that an administrator changed their settings",
        place: "account/grpc.rs",
        test: Test::Wire("admin_changes::only_an_administrators_token_names_who_changes_settings"),
        says: "Result::unwrap_err()",
        besides: "nothing",
    },
    SeededBug {
        name: "tenant-not-locked",
        wrong: "a tenant is set without its lock: who changed what is told from what was there before another changed it",
        place: "account/mod.rs",
        test: Test::Wire(
            "locks::of_two_who_set_a_tenant_at_once_the_second_is_told_to_have_changed_what_the_first_set",
        ),
        says: "each begins where the one before it ended",
        besides: "nothing: what holds for the tenant is what the last one set",
    },
    SeededBug {
        name: "price-not-locked",
        wrong: "a price is taken back without its tool's lock",
        place: "price/cancellation.rs",
        test: Test::Wire(
            "locks::of_two_who_take_a_price_back_at_once_the_second_finds_what_the_first_has_restored",
        ),
        says: "right: [Ok(3), Ok(3)]",
        besides: "primary key of `price`, mostly: a version restored twice says the same",
    },
    SeededBug {
        name: "turn-not-taken",
        wrong: "what administrators change waits for no turn: its waits for locks take every connection",
        place: "admin_change/turns.rs",
        test: Test::Wire("turns::whoever_leaves_a_change_keeps_its_turn_as_long_as_its_connection"),
        says: "more connections wait than have a turn",
        besides: "nothing: others are told of an outage for 2 s",
    },
    SeededBug {
        name: "turn-given-back-early",
        wrong: "who leaves in the middle of a change gives its turn back while its connection still waits",
        place: "admin_change/turns.rs",
        test: Test::Wire("turns::whoever_leaves_a_change_keeps_its_turn_as_long_as_its_connection"),
        says: "more connections wait than have a turn",
        besides: "nothing: others are told of an outage for 2 s",
    },
    SeededBug {
        name: "usage-ends-not-locked",
        wrong: "a tenant's usage is summed up without locking where the sums of its accounts end",
        place: "usage/days/mod.rs",
        test: Test::Wire(
            "tenant_usage::entries_that_two_cores_sum_up_at_once_are_in_the_sums_once",
        ),
        says: "a tenant's days are summed up as their entries say",
        besides: "the audit",
    },
    SeededBug {
        name: "outbox-before-contributions",
        wrong: "what the ledger tells of top-ups is written before the contributions of their batch have settled",
        place: "top_up/mod.rs",
        test: Test::Wire(
            "locks::top_ups_beside_contributions_lock_no_outbox_before_these_have_settled",
        ),
        says: "nobody has locked the outbox yet",
        besides: "the time for a lock ends for one of two batches, whose events are then applied one by one: time is lost, and no money",
    },
    SeededBug {
        name: "events-forgotten-twice",
        wrong: "of two cores that switch events on, the second one forgets what has been told since the first did",
        place: "outbox/queries/events.rs",
        test: Test::Wire(
            "locks::of_two_cores_that_switch_events_on_only_the_first_forgets_what_was_there",
        ),
        says: "left: [\"bob\"] right: [\"alice\", \"bob\"]",
        besides: "nothing",
    },
    SeededBug {
        name: "subscription-as-it-comes",
        wrong: "of two answers about a subscription the one that comes last holds, not the one that was asked for last",
        place: "sponsorship/subscription.rs",
        test: Test::Wire(
            "contribution::monthly::a_subscription_comes_to_the_same_in_any_order_and_however_often_it_is_told",
        ),
        says: "user-",
        besides: "reconciliation, within six hours",
    },
    SeededBug {
        name: "second-subscription",
        wrong: "whoever supports monthly begins a second subscription",
        place: "payment/create.rs",
        test: Test::Wire(
            "contribution::monthly::a_second_subscription_begins_only_once_the_first_has_ended",
        ),
        says: "unwrap_err",
        besides: "`subscription_one_at_a_time`: the second one is marked for an operator",
    },
];
