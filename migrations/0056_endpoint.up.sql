-- An endpoint: a URL of a tenant's platform that the tenant's events are sent to, as signed webhooks.
create table endpoint (
    id uuid primary key,
    tenant_id text not null,
    url text not null,
    -- Who is mailed when it is disabled, and in which language.
    owner_email text not null,
    owner_locale text not null default 'en',
    created_at timestamptz not null default clock_timestamp(),
    -- The first failure since the last success; none: nothing has failed since.
    failing_since timestamptz,
    -- Of the last failure.
    last_failed_at timestamptz,
    last_status smallint,
    last_error text,
    disabled_at timestamptz,
    disabled_why text,
    constraint endpoint_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint endpoint_url_length check (octet_length(url) between 1 and 2048),
    constraint endpoint_url_scheme check (url ~ '^https?://'),
    constraint endpoint_owner_email_length check (octet_length(owner_email) between 3 and 254),
    constraint endpoint_owner_locale_known check (owner_locale in ('en', 'uk')),
    constraint endpoint_disabled_why_known check (disabled_why in ('failing', 'gone', 'operator')),
    constraint endpoint_disabled_says_why check ((disabled_at is null) = (disabled_why is null))
);
-- Whoever takes an event away looks for the endpoints of its tenant.
create index endpoint_of_tenant on endpoint (tenant_id, id);
grant select, insert, update, delete on endpoint to billing_app;

-- What an endpoint's events are signed by. Each that has not ended signs, so that the receiver may take to the new
-- one at any time. It cannot be kept as a hash: the core signs by it.
create table endpoint_secret (
    endpoint_id uuid not null references endpoint (id) on delete cascade,
    secret bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    -- None: until another one takes its place.
    expires_at timestamptz,
    primary key (endpoint_id, created_at),
    constraint endpoint_secret_length check (octet_length(secret) between 24 and 64)
);
grant select, insert, update, delete on endpoint_secret to billing_app;

-- Events that have left the outbox, of tenants that have an endpoint, for as long as they can be sent to it again.
create table event_kept (
    account_id uuid not null,
    seq bigint not null,
    tenant_id text not null,
    user_id text not null,
    kind text not null,
    payload jsonb not null,
    created_at timestamptz not null,
    kept_at timestamptz not null default clock_timestamp(),
    primary key (account_id, seq)
);
-- A replay: a tenant's events from a time on.
create index event_kept_of_tenant on event_kept (tenant_id, created_at);
-- Those whose time is over.
create index event_kept_by_age on event_kept (kept_at);
grant select, insert, delete on event_kept to billing_app;

-- A delivery: an event on its way to an endpoint. Gone once the endpoint has taken it, or the event is no longer kept.
create table endpoint_delivery (
    endpoint_id uuid not null references endpoint (id) on delete cascade,
    account_id uuid not null,
    seq bigint not null,
    -- The event's.
    created_at timestamptz not null,
    primary key (endpoint_id, account_id, seq)
);
-- The oldest that waits, without a look at the others.
create index endpoint_delivery_by_age on endpoint_delivery (endpoint_id, created_at);
grant select, insert, delete on endpoint_delivery to billing_app;

-- A subject (an account) that has deliveries to an endpoint: the first of them is tried when it is due. Whoever tries
-- it holds the lease, and puts the time at which another one may take it into `due_at`.
create table endpoint_subject (
    endpoint_id uuid not null references endpoint (id) on delete cascade,
    account_id uuid not null,
    -- Of its first delivery.
    attempts integer not null default 0,
    due_at timestamptz not null default clock_timestamp(),
    lease uuid,
    primary key (endpoint_id, account_id)
) with (fillfactor = 80);
-- Subjects of an endpoint that are due, the longest first.
create index endpoint_subject_due on endpoint_subject (endpoint_id, due_at);
grant select, insert, update, delete on endpoint_subject to billing_app;

-- Whether a core delivers events itself, to a broker or as files. Where none does, they are handed over to endpoints
-- alone. True for cores of before, which switch events on for no other reason.
alter table outbox_channel add column has_outlet boolean not null default true;
grant update on outbox_channel to billing_app;
