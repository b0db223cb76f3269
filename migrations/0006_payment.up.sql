-- Providers of payments are the other side of their entries, each by its own name: a new one needs
-- no migration.
alter table entry drop constraint entry_counterparty_known;
alter table entry add constraint entry_counterparty_name check (counterparty ~ '^[a-z][a-z0-9_]{0,31}$') not valid;
alter table entry validate constraint entry_counterparty_name;

-- A payment's reversal takes money, and gives it back where the refund that it follows fails.
alter table entry drop constraint entry_sign_follows_kind;
alter table entry add constraint entry_sign_follows_kind check (case kind
    when 'charge' then amount_micros <= 0
    when 'payment_reversal' then amount_micros <> 0
    when 'dispute' then amount_micros < 0
    when 'adjustment' then amount_micros <> 0
    else amount_micros > 0 end) not valid;
alter table entry validate constraint entry_sign_follows_kind;

-- Money that comes in by a provider. What is paid, what is credited and the rate between them are
-- fixed when the payment is created. Read and written under its own row lock.
create table payment (
    account_id uuid not null,
    payment_id uuid not null,
    -- Who the account is, for the case that the payment opens it.
    tenant_id text not null,
    user_id text not null,
    provider text not null,
    livemode boolean not null,
    purpose text not null,
    state text not null default 'created',
    -- The provider's time of the report that brought the state.
    state_at timestamptz,
    idempotency_key text not null,
    -- What the key was used for.
    content_hash bytea not null,
    -- In minor units of the currency.
    amount_minor bigint not null,
    currency text not null,
    -- Units of the account's currency for one unit of the payment's.
    rate numeric not null,
    credit_micros bigint not null,
    -- What the provider calls it: the newest name, and the one that paid once it is paid.
    reference text,
    -- What the ledger has booked of it.
    credited_micros bigint not null default 0,
    reversed_micros bigint not null default 0,
    -- Number of those bookings; each has a ledger key of its own.
    bookings integer not null default 0,
    -- Sums of payment_refund and payment_dispute.
    refunded_minor bigint not null default 0,
    refund_requested_minor bigint not null default 0,
    disputed_minor bigint not null default 0,
    decline_code text,
    needs_review boolean not null default false,
    created_at timestamptz not null,
    succeeded_at timestamptz,
    -- When the provider is to be asked; null: there is nothing to ask.
    next_check_at timestamptz,
    checks integer not null default 0,
    leased_by text,
    leased_until timestamptz,
    primary key (account_id, payment_id),
    constraint payment_key_once unique (account_id, idempotency_key),
    constraint payment_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint payment_user_length check (octet_length(user_id) between 1 and 255),
    constraint payment_provider_name check (provider ~ '^[a-z][a-z0-9_]{0,31}$'),
    constraint payment_purpose_known check (purpose in ('top_up')),
    constraint payment_state_known check (state in ('created', 'pending', 'requires_action', 'succeeded',
        'failed', 'canceled', 'expired')),
    constraint payment_key_length check (octet_length(idempotency_key) between 1 and 255),
    constraint payment_hash_length check (octet_length(content_hash) = 32),
    constraint payment_amount_range check (amount_minor between 1 and 1000000000000),
    constraint payment_currency_code check (currency ~ '^[A-Z]{3}$'),
    constraint payment_rate_positive check (rate > 0),
    constraint payment_credit_range check (credit_micros between 1 and 1000000000000000),
    -- Credited wholly and only when it is paid.
    constraint payment_credited_when_paid
        check (credited_micros = case state when 'succeeded' then credit_micros else 0 end),
    constraint payment_paid_has_time check ((state = 'succeeded') = (succeeded_at is not null)),
    constraint payment_reversed_within_credit check (reversed_micros between 0 and credited_micros),
    constraint payment_refunded_not_negative check (refunded_minor >= 0),
    -- What we ask back never exceeds what is left of what was paid.
    constraint payment_requests_within_paid check (refund_requested_minor = 0 or refund_requested_minor > 0
        and refunded_minor + refund_requested_minor <= amount_minor),
    constraint payment_reference_length check (octet_length(reference) between 1 and 255)
) with (fillfactor = 80);
-- Those whose provider is to be asked, the longest due first.
create index payment_due on payment (provider, next_check_at) where next_check_at is not null;
-- Those that were created since a time, for `billing-gateway reconcile --since`.
create index payment_recent on payment (provider, created_at);
-- What a tenant was paid lately, beside its declines.
create index payment_paid on payment (tenant_id, succeeded_at) where succeeded_at is not null;
-- What an operator is to look at.
create index payment_marked on payment (created_at) where needs_review;
grant select, insert, update on payment to billing_app;

-- Every name that a provider has for a payment. One name, one payment.
create table payment_reference (
    provider text not null,
    reference text not null,
    account_id uuid not null,
    payment_id uuid not null,
    primary key (provider, reference),
    constraint payment_reference_name_length check (octet_length(reference) between 1 and 255)
);
create trigger payment_reference_append_only before update or delete or truncate on payment_reference
    for each statement execute function refuse_change();
grant select, insert on payment_reference to billing_app;

-- What a provider calls an account; another name where it has lost the first.
create table provider_customer (
    account_id uuid not null,
    provider text not null,
    livemode boolean not null,
    reference text not null,
    primary key (account_id, provider, livemode),
    constraint provider_customer_reference_length check (octet_length(reference) between 1 and 255)
);
grant select, insert, update on provider_customer to billing_app;

-- One refund each, ours and those made at the provider.
create table payment_refund (
    account_id uuid not null,
    payment_id uuid not null,
    -- Ours; of one made at the provider, computed from its name there.
    refund_id uuid not null,
    reference text,
    -- Of ours: its key, and what that was used for.
    idempotency_key text,
    content_hash bytea,
    amount_minor bigint not null,
    state text not null,
    failure_code text,
    -- Erasable: it may be personal.
    reason text,
    actor text,
    created_at timestamptz not null,
    primary key (account_id, payment_id, refund_id),
    constraint payment_refund_reference_once unique (account_id, payment_id, reference),
    constraint payment_refund_key_once unique (account_id, payment_id, idempotency_key),
    constraint payment_refund_of_payment foreign key (account_id, payment_id)
        references payment (account_id, payment_id),
    constraint payment_refund_amount_range check (amount_minor between 1 and 1000000000000),
    constraint payment_refund_state_known
        check (state in ('requested', 'pending', 'succeeded', 'failed', 'canceled'))
);
grant select, insert, update on payment_refund to billing_app;

-- One dispute each: what it took, and what was given back.
create table payment_dispute (
    account_id uuid not null,
    payment_id uuid not null,
    reference text not null,
    withdrawn_minor bigint not null default 0,
    reinstated_minor bigint not null default 0,
    status text not null,
    created_at timestamptz not null,
    primary key (account_id, payment_id, reference),
    constraint payment_dispute_of_payment foreign key (account_id, payment_id)
        references payment (account_id, payment_id),
    constraint payment_dispute_withdrawn_range check (withdrawn_minor between 0 and 1000000000000),
    constraint payment_dispute_reinstated_range check (reinstated_minor between 0 and 1000000000000)
);
grant select, insert, update on payment_dispute to billing_app;

-- The entries that a payment made.
create table payment_entry (
    account_id uuid not null,
    seq bigint not null,
    payment_id uuid not null,
    provider text not null,
    kind text not null,
    primary key (account_id, seq),
    constraint payment_entry_of_entry foreign key (account_id, seq) references entry (account_id, seq),
    constraint payment_entry_of_payment foreign key (account_id, payment_id)
        references payment (account_id, payment_id),
    constraint payment_entry_kind_known check (kind in ('top_up', 'payment_reversal', 'dispute', 'dispute_won'))
);
-- A payment is credited once. With the other kinds: what a payment's page shows.
create unique index payment_credited_once on payment_entry (account_id, payment_id) where kind = 'top_up';
create trigger payment_entry_append_only before update or delete or truncate on payment_entry
    for each statement execute function refuse_change();
grant select, insert on payment_entry to billing_app;

-- Every authentic event of a provider, as it came, and what was done about it.
create table provider_event (
    provider text not null,
    event_id text not null,
    event_type text not null,
    livemode boolean not null,
    provider_account text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    -- Null once redacted.
    raw bytea,
    outcome text not null,
    -- Why, for operators.
    detail text,
    account_id uuid,
    payment_id uuid,
    -- An operator has looked at it.
    reviewed_at timestamptz,
    primary key (provider, event_id),
    constraint provider_event_id_length check (octet_length(event_id) between 1 and 255),
    constraint provider_event_type_length check (octet_length(event_type) <= 128),
    constraint provider_event_raw_length check (octet_length(raw) <= 1048576),
    constraint provider_event_outcome_known
        check (outcome in ('applied', 'ignored', 'unmatched', 'unreadable', 'contradiction'))
) with (fillfactor = 80);
-- What is left to be applied or to be looked at, oldest first.
create index provider_event_left on provider_event (provider, received_at, event_id)
    where outcome in ('unmatched', 'unreadable', 'contradiction') and reviewed_at is null;
grant select, insert, update on provider_event to billing_app;

-- Attempts to pay that were declined, for the breaker that stops a tenant's new payments when they
-- surge.
create table payment_decline (
    tenant_id text not null,
    provider text not null,
    event_id text not null,
    declined_at timestamptz not null,
    primary key (provider, event_id)
);
-- How many a tenant had lately.
create index payment_decline_lately on payment_decline (tenant_id, declined_at);
grant select, insert on payment_decline to billing_app;
