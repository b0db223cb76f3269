-- Planned versions of prices that will never hold. A row of its own: a price is never edited.
create table price_cancellation (
    tenant_id text not null,
    tool text not null,
    version bigint not null,
    reason text not null,
    actor text not null,
    cancelled_at timestamptz not null,
    primary key (tenant_id, tool, version),
    constraint price_cancellation_of_price foreign key (tenant_id, tool, version)
        references price (tenant_id, tool, version),
    constraint price_cancellation_reason_length check (octet_length(reason) between 1 and 500),
    constraint price_cancellation_actor_length check (octet_length(actor) between 1 and 255)
);
create trigger price_cancellation_append_only before update or delete or truncate on price_cancellation
    for each statement execute function refuse_change();
grant select, insert on price_cancellation to billing_app;

-- Every core has refreshed its list before the version would have held.
create function refuse_late_cancellation() returns trigger language plpgsql as $$
begin
    if exists (select from price p where p.tenant_id = new.tenant_id and p.tool = new.tool
        and p.version = new.version and p.effective_at < new.cancelled_at + interval '5 seconds')
    then
        raise exception 'a price that has started cannot be cancelled'
            using errcode = 'check_violation', constraint = 'price_cancelled_ahead';
    end if;
    return new;
end $$;
create trigger price_cancelled_ahead before insert on price_cancellation
    for each row execute function refuse_late_cancellation();

-- Of what the user has been warned since the settled balance was last above the threshold: that it is low,
-- or gone. Null: a version from before this column has written the account last.
alter table account add column balance_warned text;
-- The local day on which the user was last told that it is gone; that it is low: low_balance_warned_on.
alter table account add column balance_gone_on date;
alter table account add constraint account_balance_warned_known
    check (balance_warned in ('enough', 'low', 'gone')) not valid;
