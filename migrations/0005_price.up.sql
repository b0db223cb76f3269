-- Versions of a tool's price. The past is never edited: a change is a version with a later start.
create table price (
    tenant_id text not null,
    tool text not null,
    version bigint not null,
    per_call_micros bigint not null,
    exempt boolean not null,
    free_calls_per_day integer not null,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    primary key (tenant_id, tool, version),
    constraint price_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint price_tool_length check (octet_length(tool) between 1 and 128),
    constraint price_version_positive check (version > 0),
    constraint price_per_call_range check (per_call_micros between 0 and 1000000000000000),
    constraint price_free_calls_range check (free_calls_per_day between 0 and 1000000),
    -- Every core has refreshed its list before a version holds.
    constraint price_starts_ahead check (effective_at >= created_at + interval '5 seconds')
);
create trigger price_append_only before update or delete or truncate on price
    for each statement execute function refuse_change();
grant select, insert on price to billing_app;

-- What one unit costs in a version of a tool's price.
create table price_unit (
    tenant_id text not null,
    tool text not null,
    version bigint not null,
    unit text not null,
    amount_micros bigint not null,
    per_units bigint not null,
    primary key (tenant_id, tool, version, unit),
    constraint price_unit_of_price foreign key (tenant_id, tool, version)
        references price (tenant_id, tool, version),
    constraint price_unit_length check (octet_length(unit) between 1 and 64),
    constraint price_unit_amount_range check (amount_micros between 0 and 1000000000000000),
    constraint price_unit_per_range check (per_units between 1 and 1000000000000)
);
create trigger price_unit_append_only before update or delete or truncate on price_unit
    for each statement execute function refuse_change();
grant select, insert on price_unit to billing_app;
