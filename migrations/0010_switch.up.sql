-- What operators have switched off while everything runs. One that has no row is on.
create table operator_switch (
    name text primary key,
    is_on boolean not null,
    reason text not null,
    actor text not null,
    changed_at timestamptz not null,
    constraint operator_switch_known check (name in ('enforcement', 'webhooks', 'payments')),
    constraint operator_switch_reason_length check (octet_length(reason) between 1 and 500),
    constraint operator_switch_actor_length check (octet_length(actor) between 1 and 255)
);
grant select, insert, update on operator_switch to billing_app;

-- Who switched what, when and why.
create table switch_change (
    name text not null,
    is_on boolean not null,
    reason text not null,
    actor text not null,
    changed_at timestamptz not null,
    primary key (changed_at, name)
);
create trigger switch_change_append_only before update or delete or truncate on switch_change
    for each statement execute function refuse_change();
grant select, insert on switch_change to billing_app;

-- Charges that were booked while enforcement was off: nobody asked whether there was money for them.
create table entry_unenforced (
    account_id uuid not null,
    seq bigint not null,
    primary key (account_id, seq),
    constraint entry_unenforced_of_entry foreign key (account_id, seq) references entry (account_id, seq)
);
create trigger entry_unenforced_append_only before update or delete or truncate on entry_unenforced
    for each statement execute function refuse_change();
grant select, insert on entry_unenforced to billing_app;
