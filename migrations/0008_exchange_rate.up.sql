-- What one unit of the accounts' currency costs in another, as it was fetched. The newest is used;
-- each payment keeps the one that it began with.
create table exchange_rate (
    currency text not null,
    -- Units of the currency for one USD.
    rate numeric not null,
    source text not null,
    -- When the source was asked with success.
    fetched_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (currency, fetched_at, source),
    constraint exchange_rate_currency_code check (currency ~ '^[A-Z]{3}$' and currency <> 'USD'),
    constraint exchange_rate_range check (rate between 1 and 1000),
    constraint exchange_rate_source_length check (octet_length(source) between 1 and 32),
    constraint exchange_rate_is_past check (fetched_at <= recorded_at + interval '5 minutes')
);
create trigger exchange_rate_append_only before update or delete or truncate on exchange_rate
    for each statement execute function refuse_change();
grant select, insert on exchange_rate to billing_app;

-- All that was given back of a payment, as a provider says that tells no single refunds.
alter table payment add column given_back_minor bigint not null default 0;
alter table payment add constraint payment_given_back_not_negative check (given_back_minor >= 0);

-- Events that are stored while they are not applied, to be applied later.
alter table provider_event drop constraint provider_event_outcome_known;
alter table provider_event add constraint provider_event_outcome_known
    check (outcome in ('applied', 'ignored', 'unmatched', 'unreadable', 'contradiction', 'recorded'));
drop index provider_event_left;
create index provider_event_left on provider_event (provider, received_at, event_id)
    where outcome in ('unmatched', 'unreadable', 'contradiction', 'recorded') and reviewed_at is null;
