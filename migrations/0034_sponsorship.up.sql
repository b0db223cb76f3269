-- Contributions: payments that credit nobody's account. What they come to is kept by supporter, by month and
-- for each tenant, so that badge, wall and progress cost the same whatever the history.

alter table payment drop constraint payment_purpose_known;
alter table payment add constraint payment_purpose_known check (purpose in ('top_up', 'contribution')) not valid;
-- Its money never passes through an account.
alter table payment add constraint payment_contribution_credits_nothing
    check (purpose <> 'contribution' or credit_micros = 0) not valid;

-- How a tenant is supported. A tenant without a row has the defaults.
create table sponsorship (
    tenant_id text primary key,
    -- Cents a month; 0: no goal.
    goal_minor bigint not null default 0,
    -- From which lifetime total on a badge is had, in cents.
    bronze_minor bigint not null default 2500,
    silver_minor bigint not null default 10000,
    gold_minor bigint not null default 50000,
    platinum_minor bigint not null default 200000,
    -- Whose calendar months count: an IANA name.
    zone text not null default 'UTC',
    -- Amounts that a form offers, in cents.
    presets_minor bigint[] not null default array[1000, 2500, 5000],
    -- Whether anybody may read a supporter's total, count and first date.
    shows_totals boolean not null default false,
    -- The words by which people consent to be named, and what else pages say; empty: those of the pages.
    wording text not null default '',
    -- Which words these are: kept with each consent.
    wording_version text not null default '1',
    updated_at timestamptz not null default clock_timestamp(),
    constraint sponsorship_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint sponsorship_goal_range check (goal_minor between 0 and 1000000000000),
    constraint sponsorship_thresholds_rise check (0 < bronze_minor and bronze_minor < silver_minor
        and silver_minor < gold_minor and gold_minor < platinum_minor and platinum_minor <= 1000000000000),
    constraint sponsorship_zone_length check (octet_length(zone) between 1 and 64),
    constraint sponsorship_presets_number check (cardinality(presets_minor) between 1 and 10),
    constraint sponsorship_wording_length check (octet_length(wording) <= 4000),
    constraint sponsorship_wording_version_length check (octet_length(wording_version) between 1 and 32)
);
grant select, insert, update on sponsorship to billing_app;

-- A person who supports a tenant, and what their contributions have come to. Its row lock orders whoever
-- changes anything of theirs.
create table supporter (
    account_id uuid primary key,
    tenant_id text not null,
    user_id text not null,
    -- As they want to be called in public. Erasable: it is personal.
    display_name text,
    -- By their own choice, whatever single contributions say.
    is_anonymous boolean not null default false,
    -- Their badge may be shown as it is, with what they gave anonymously.
    show_badge boolean not null default false,
    -- By an administrator: not on the wall; their messages are not taken.
    hidden boolean not null default false,
    banned boolean not null default false,
    -- Settled, less what refunds and disputes took, in cents.
    net_minor bigint not null default 0,
    -- Contributions of which something is left.
    contributions integer not null default 0,
    first_at timestamptz,
    -- Of these, what was not given anonymously.
    public_minor bigint not null default 0,
    public_contributions integer not null default 0,
    public_since timestamptz,
    -- The newest month in which something of it was given openly, and how much.
    public_month date,
    public_month_minor bigint not null default 0,
    -- Where a page of the wall ended; says nothing of whose it is.
    wall_key uuid not null default gen_random_uuid(),
    constraint supporter_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint supporter_user_length check (octet_length(user_id) between 1 and 255),
    constraint supporter_name_length check (octet_length(display_name) between 1 and 255),
    constraint supporter_public_within_net check (public_minor between 0 and net_minor),
    constraint supporter_month_within_public check (public_month_minor between 0 and public_minor),
    constraint supporter_since_when_given check ((contributions > 0) = (first_at is not null)
        and (public_minor > 0) = (public_since is not null)
        and (public_month_minor > 0) = (public_month is not null))
) with (fillfactor = 80);
-- The wall of all time, and that of a month.
create index supporter_wall on supporter (tenant_id, public_minor desc, wall_key)
    where public_minor > 0 and not is_anonymous and not hidden and display_name is not null;
create index supporter_wall_month on supporter (tenant_id, public_month, public_minor desc, wall_key)
    where public_month_minor > 0 and not is_anonymous and not hidden and display_name is not null;
create unique index supporter_wall_key on supporter (wall_key);
grant select, insert, update on supporter to billing_app;

-- A payment's part in these sums, and what its giver said. The payment itself says how it stands.
create table contribution (
    account_id uuid not null,
    payment_id uuid not null,
    tenant_id text not null,
    is_anonymous boolean not null,
    -- When its giver consented to be named, and to which words.
    consented_at timestamptz,
    wording_version text,
    -- Erasable: it is personal.
    message text,
    message_state text not null default 'none',
    -- By whom the message was judged.
    judged_by text,
    judged_at timestamptz,
    -- The provider's time of its payment, and the first day of that month in the tenant's zone: both fixed
    -- when it is paid.
    paid_at timestamptz,
    month date,
    -- Paid, less what refunds and disputes took, in cents.
    net_minor bigint not null default 0,
    created_at timestamptz not null,
    primary key (account_id, payment_id),
    constraint contribution_of_payment foreign key (account_id, payment_id)
        references payment (account_id, payment_id),
    constraint contribution_of_supporter foreign key (account_id) references supporter (account_id),
    constraint contribution_named_by_consent check (is_anonymous or consented_at is not null),
    constraint contribution_consent_to_words check ((consented_at is null) = (wording_version is null)),
    constraint contribution_message_length check (char_length(message) between 1 and 500),
    constraint contribution_message_state_known check (message_state in ('none', 'waiting', 'approved', 'refused')),
    constraint contribution_message_has_state check (message is null or message_state <> 'none'),
    constraint contribution_counts_when_paid check ((month is null) = (paid_at is null)
        and (paid_at is not null or net_minor = 0)),
    constraint contribution_net_range check (net_minor between 0 and 1000000000000),
    constraint contribution_month_begins check (extract(day from month) = 1)
) with (fillfactor = 80);
-- By its ULID, which is the payment's number.
create unique index contribution_number on contribution (payment_id);
-- Messages that wait for somebody's word, the oldest first.
create index contribution_message_waiting on contribution (tenant_id, created_at)
    where message_state = 'waiting';
grant select, insert, update on contribution to billing_app;

-- What a supporter gave in a month: so that they count once.
create table supporter_month (
    account_id uuid not null,
    month date not null,
    net_minor bigint not null,
    public_minor bigint not null,
    primary key (account_id, month),
    constraint supporter_month_of_supporter foreign key (account_id) references supporter (account_id),
    constraint supporter_month_public_within_net check (public_minor between 0 and net_minor)
) with (fillfactor = 80);
grant select, insert, update on supporter_month to billing_app;

-- What a tenant was given: in a month (2026-11), or `all`. Everybody's row: written once for a batch, last.
create table sponsorship_sum (
    tenant_id text not null,
    period text not null,
    net_minor bigint not null default 0,
    -- Those with more than nothing, each once.
    supporters bigint not null default 0,
    -- Of these, those that the wall shows.
    named bigint not null default 0,
    primary key (tenant_id, period),
    constraint sponsorship_sum_period check (period ~ '^(all|[0-9]{4}-[0-9]{2})$'),
    constraint sponsorship_sum_range check (net_minor >= 0 and named >= 0 and supporters >= named)
) with (fillfactor = 50);
grant select, insert, update on sponsorship_sum to billing_app;

-- What people agreed to, and took back: never changed. It names nobody but by their account.
create table consent (
    consent_id bigint generated by default as identity primary key,
    account_id uuid not null,
    -- The contribution that it was given with.
    payment_id uuid,
    what text not null,
    given boolean not null,
    wording_version text,
    noted_at timestamptz not null default clock_timestamp(),
    constraint consent_known check (what in ('public_display', 'anonymous', 'show_badge', 'display_name'))
);
create index consent_of_account on consent (account_id, consent_id);
create trigger consent_append_only before update or delete or truncate on consent
    for each statement execute function refuse_change();
grant select, insert on consent to billing_app;
