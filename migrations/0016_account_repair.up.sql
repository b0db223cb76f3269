-- Accounts that a wrong clock had brought into the future, and were brought back by `billing-core accounts
-- repair-clock`: a new day begins, and a new month where theirs was another, with what had counted in them.
create table account_repair (
    account_id uuid not null,
    repaired_at timestamptz not null,
    -- The day of the limits, before and after.
    was_on date not null,
    spent_on date not null,
    -- The period that began.
    day_no integer not null,
    month_no integer not null,
    -- What of its day and month had counted in the period before; the audit adds it to theirs.
    day_carried_micros bigint not null,
    month_carried_micros bigint not null,
    reason text not null,
    actor text not null,
    primary key (account_id, repaired_at),
    constraint account_repair_carried_range
        check (day_carried_micros >= 0 and month_carried_micros >= 0),
    constraint account_repair_reason_length check (octet_length(reason) between 1 and 500),
    constraint account_repair_actor_length check (octet_length(actor) between 1 and 255)
);
create trigger account_repair_append_only before update or delete or truncate on account_repair
    for each statement execute function refuse_change();
grant select, insert on account_repair to billing_app;
