-- What a decision needs, and nothing else. Rows are read and written under their own row lock.
-- No index on a column that changes, and room on the page, so that updates stay HOT.
create table account (
    -- UUIDv5 of tenant and user: no look-up leads here.
    account_id uuid primary key,
    currency text not null default 'USD',
    -- Sum of the account's entries.
    settled_micros bigint not null default 0,
    -- Sum of the account's placed holds.
    held_micros bigint not null default 0,
    -- How far below zero settled - held has been allowed to go by what may do so (an overage, an
    -- adjustment, a reversal). It follows the balance up again.
    overdraft_micros bigint not null default 0,
    daily_limit_micros bigint,
    monthly_limit_micros bigint,
    -- IANA name: whose days and months the limits follow.
    time_zone text not null default 'UTC',
    -- The local day of the sums below.
    spent_on date not null,
    -- Number of that day and month in the account's life. What is given back finds its period by
    -- number, since a change of zone re-dates the sums.
    day_no integer not null default 1,
    month_no integer not null default 1,
    day_spent_micros bigint not null default 0,
    month_spent_micros bigint not null default 0,
    billing_enabled boolean not null default true,
    suspended boolean not null default false,
    low_balance_threshold_micros bigint,
    total_spent_micros bigint not null default 0,
    request_count bigint not null default 0,
    last_request_at timestamptz,
    -- Sequence of the newest entry; there are no gaps.
    entry_seq bigint not null default 0,
    -- Counts the row's updates: an update that did not read the newest row changes nothing, and
    -- is noticed.
    version bigint not null default 0,
    constraint account_currency_known check (currency = 'USD'),
    constraint account_held_not_negative check (held_micros >= 0),
    constraint account_overdraft_not_negative check (overdraft_micros >= 0),
    constraint account_overdraft_authorised check (settled_micros - held_micros + overdraft_micros >= 0),
    constraint account_day_spent_not_negative check (day_spent_micros >= 0),
    constraint account_day_within_month check (day_spent_micros <= month_spent_micros),
    constraint account_total_spent_not_negative check (total_spent_micros >= 0),
    constraint account_daily_limit_range check (daily_limit_micros between 0 and 1000000000000000),
    constraint account_monthly_limit_range check (monthly_limit_micros between 0 and 1000000000000000),
    constraint account_low_balance_threshold_range
        check (low_balance_threshold_micros between 0 and 1000000000000000)
) with (fillfactor = 70);
grant select, insert, update on account to billing_app;

-- Who an account is; apart from the row that every decision rewrites.
create table account_profile (
    account_id uuid primary key,
    tenant_id text not null,
    user_id text not null,
    opened_at timestamptz not null default now(),
    constraint account_profile_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint account_profile_user_length check (octet_length(user_id) between 1 and 255),
    -- A tenant's accounts, for operators. With the account's id, as every unique key of a table that
    -- may be distributed by account.
    constraint account_profile_unique unique (tenant_id, user_id, account_id)
);
grant select, insert on account_profile to billing_app;
