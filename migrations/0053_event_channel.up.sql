-- Channels that notices are written for besides mail: a row each, since when. A channel without one has
-- nobody who would read them, and no notice of it is written.
create table outbox_channel (
    channel text primary key,
    on_since timestamptz not null default clock_timestamp(),
    constraint outbox_channel_known check (channel in ('event'))
);
grant select, insert, delete on outbox_channel to billing_app;

-- The day and the month of an account's life in which others were last told that a limit was reached.
alter table account add column day_limit_told integer;
alter table account add column month_limit_told integer;
