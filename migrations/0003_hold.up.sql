-- An amount set aside for one call. `expires_at` decides, not the sweep.
create table hold (
    account_id uuid not null,
    hold_id uuid not null,
    amount_micros bigint not null,
    state text not null default 'placed',
    placed_at timestamptz not null,
    expires_at timestamptz not null,
    -- The period of the account in which the amount counts.
    day_no integer not null,
    month_no integer not null,
    -- What a capture by tool is priced by.
    tool text,
    price_version bigint,
    -- Why the hold costs nothing, and its capture neither.
    waiver text,
    request_id text,
    ended_at timestamptz,
    -- The command that captured or released, and its answer, for whoever asks again.
    end_hash bytea,
    end_answer bytea,
    primary key (account_id, hold_id),
    constraint hold_amount_range check (amount_micros between 0 and 1000000000000000),
    constraint hold_state_known check (state in ('placed', 'captured', 'released', 'expired')),
    constraint hold_end_known check ((state = 'placed') = (ended_at is null)),
    constraint hold_waiver_known check (waiver in ('free_call', 'billing_disabled')),
    constraint hold_waived_is_free check (waiver is null or amount_micros = 0)
) with (fillfactor = 80);

-- The sweep: what is placed and has expired, oldest first.
create index hold_expiry on hold (expires_at) where state = 'placed';

-- A hold ends exactly once.
create function refuse_second_end() returns trigger language plpgsql as $$
begin
    raise exception 'hold has ended: %', old.state using errcode = 'restrict_violation';
end
$$;
create trigger hold_ends_once before update on hold
    for each row when (old.state <> 'placed') execute function refuse_second_end();

grant select, insert, update on hold to billing_app;

-- Calls that a tool's price lets an account make free on one of its local days: one row a tool,
-- used again each day. Taken and given back under the account's lock.
create table free_call (
    account_id uuid not null,
    tool text not null,
    day_no integer not null,
    used integer not null,
    -- The allowance when the last call was taken.
    allowed integer not null,
    primary key (account_id, tool),
    constraint free_call_within_allowance check (used between 0 and allowed)
) with (fillfactor = 80);
grant select, insert, update on free_call to billing_app;
