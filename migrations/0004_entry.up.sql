-- The ledger: one movement of money a row, never changed. No personal data: free text lives in
-- entry_note. No foreign keys to account on this path: the ledger writes an entry only with the
-- account's row locked, and `billing-core audit` compares the two.
create table entry (
    account_id uuid not null,
    -- 1, 2, … within the account, without gaps; orders by time too.
    seq bigint not null,
    kind text not null,
    amount_micros bigint not null,
    balance_after_micros bigint not null,
    -- The other side of the books.
    counterparty text not null,
    created_at timestamptz not null,
    -- The period of the account in which the entry was made.
    day_no integer not null,
    month_no integer not null,
    request_id text,
    tool text,
    price_version bigint,
    -- The hold that this charge captured.
    hold_id uuid,
    -- The charge that this refund gives back.
    refunds_seq bigint,
    primary key (account_id, seq),
    constraint entry_seq_positive check (seq > 0),
    constraint entry_kind_known check (kind in ('top_up', 'charge', 'refund', 'grant', 'adjustment',
        'payment_reversal', 'dispute', 'dispute_won')),
    constraint entry_counterparty_known
        check (counterparty in ('usage', 'grants', 'adjustments', 'stripe', 'fondy')),
    constraint entry_sign_follows_kind check (case kind
        when 'charge' then amount_micros <= 0
        when 'payment_reversal' then amount_micros < 0
        when 'dispute' then amount_micros < 0
        when 'adjustment' then amount_micros <> 0
        else amount_micros > 0 end),
    constraint entry_refund_names_charge
        check ((kind = 'refund') = (refunds_seq is not null) and refunds_seq < seq)
);

-- A hold is charged at most once.
create unique index entry_one_charge_per_hold on entry (account_id, hold_id) where hold_id is not null;

create trigger entry_append_only before update or delete or truncate on entry
    for each statement execute function refuse_change();
grant select, insert on entry to billing_app;

-- What people wrote about an entry. Erasable: it may be personal.
create table entry_note (
    account_id uuid not null,
    seq bigint not null,
    description text,
    metadata jsonb,
    reason text,
    actor text,
    primary key (account_id, seq),
    constraint entry_note_of_entry foreign key (account_id, seq) references entry (account_id, seq)
);
grant select, insert on entry_note to billing_app;

-- How much of a charge has been given back; a row appears with the first refund.
create table charge_refund (
    account_id uuid not null,
    -- The charge.
    seq bigint not null,
    charged_micros bigint not null,
    refunded_micros bigint not null,
    primary key (account_id, seq),
    constraint charge_refund_of_entry foreign key (account_id, seq) references entry (account_id, seq),
    constraint charge_refund_within_charge check (refunded_micros between 0 and charged_micros)
);
grant select, insert, update on charge_refund to billing_app;

-- Each key that was used, the command that it was used for, and the answer that it got. Lives as
-- long as the entries.
create table idempotency_key (
    account_id uuid not null,
    -- `c:` and a caller's key, or `s:` and one of our own: callers cannot write those.
    key text not null,
    command_hash bytea not null,
    answer bytea not null,
    -- The hold that was placed: its state is answered as it is now.
    hold_id uuid,
    primary key (account_id, key),
    constraint idempotency_key_namespace check (left(key, 2) in ('c:', 's:') and octet_length(key) between 3 and 257),
    constraint idempotency_key_hash_length check (octet_length(command_hash) = 32)
);
create trigger idempotency_key_append_only before update or delete or truncate on idempotency_key
    for each statement execute function refuse_change();
grant select, insert on idempotency_key to billing_app;
