-- What leaves the core: mail and events, written in the transaction that caused them and delivered by
-- the relay. In order within a subject (an account) and channel; a row is gone once it is delivered.
create table outbox_message (
    channel text not null,
    account_id uuid not null,
    -- 1, 2, … within account and channel.
    seq bigint not null,
    -- Which of the 16 shares of the accounts it belongs to.
    share smallint not null,
    kind text not null,
    payload jsonb not null,
    created_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    last_error text,
    primary key (account_id, channel, seq),
    constraint outbox_message_channel_known check (channel in ('mail', 'event')),
    constraint outbox_message_share_range check (share between 0 and 15)
) with (fillfactor = 80);
-- What the relay reads: a share of a channel in order.
create index outbox_message_waiting on outbox_message (channel, share, account_id, seq);
grant select, insert, update, delete on outbox_message to billing_app;

-- The newest sequence of each subject. Its row lock orders whoever writes to the same subject.
create table outbox_subject (
    account_id uuid not null,
    channel text not null,
    last_seq bigint not null,
    primary key (account_id, channel)
) with (fillfactor = 80);
grant select, insert, update on outbox_subject to billing_app;

-- Which core delivers a share of a channel, and until when.
create table outbox_lease (
    channel text not null,
    share smallint not null,
    owner text not null default '',
    leased_until timestamptz not null default '-infinity',
    primary key (channel, share)
);
insert into outbox_lease (channel, share)
select channel, share from unnest(array['mail', 'event']) as channel, generate_series(0, 15) as share;
grant select, update on outbox_lease to billing_app;
