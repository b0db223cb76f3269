-- The application's role. It logs in through a member role, so that no password lives here.
do $$
begin
    if not exists (select from pg_roles where rolname = 'billing_app') then
        create role billing_app nologin;
    end if;
exception
    -- Another database of the same server is being migrated at the same moment.
    when duplicate_object or unique_violation then null;
end
$$;

-- What a core compares itself with before it serves.
grant select on _sqlx_migrations to billing_app;

-- Refuses what an append-only table never does, to the owner too.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation';
end
$$;

-- What holds for all accounts of a tenant. A tenant without a row has the defaults.
create table tenant (
    tenant_id text primary key,
    welcome_grant_micros bigint not null default 0,
    unpriced_tools text not null default 'deny',
    default_daily_limit_micros bigint,
    default_monthly_limit_micros bigint,
    topup_url text not null default '',
    updated_at timestamptz not null default now(),
    constraint tenant_id_length check (octet_length(tenant_id) between 1 and 128),
    constraint tenant_welcome_grant_range check (welcome_grant_micros between 0 and 1000000000000000),
    constraint tenant_unpriced_tools_known check (unpriced_tools in ('deny', 'free')),
    constraint tenant_daily_limit_range check (default_daily_limit_micros between 0 and 1000000000000000),
    constraint tenant_monthly_limit_range check (default_monthly_limit_micros between 0 and 1000000000000000)
);
grant select, insert, update on tenant to billing_app;
