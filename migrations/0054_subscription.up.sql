-- Monthly support: contributions that the provider takes by itself. The first one is made as every contribution is,
-- and a subscription is known by it.
create table subscription (
    account_id uuid not null,
    -- The number of its first payment, whose row lock orders what is reported of it.
    subscription_id uuid not null,
    tenant_id text not null,
    provider text not null,
    livemode boolean not null,
    -- What the provider calls it.
    reference text not null,
    state text not null,
    -- What is taken each month, in minor units.
    amount_minor bigint not null,
    currency text not null,
    -- When the time ends that is paid for.
    period_end timestamptz,
    -- It ends then.
    cancel_at timestamptz,
    -- When the asking began that brought what stands here: the answer to an earlier one changes nothing.
    as_of timestamptz not null,
    -- When the provider is asked about it though nothing was reported: its first payment is looked at then.
    check_at timestamptz,
    -- Another one of the same giver had not ended when it came: an operator is to look at it.
    needs_review boolean not null default false,
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (account_id, subscription_id),
    constraint subscription_of_payment foreign key (account_id, subscription_id)
        references payment (account_id, payment_id),
    constraint subscription_of_supporter foreign key (account_id) references supporter (account_id),
    constraint subscription_state_known check (state in ('active', 'past_due', 'cancelled')),
    constraint subscription_reference_length check (octet_length(reference) between 1 and 255),
    constraint subscription_amount_range check (amount_minor between 1 and 1000000000000),
    constraint subscription_currency_code check (currency ~ '^[A-Z]{3}$'),
    constraint subscription_ended_when_cancelled check ((state = 'cancelled') = (ended_at is not null)),
    constraint subscription_checked_while_it_lives check ((state <> 'cancelled') = (check_at is not null))
) with (fillfactor = 80);
-- A person supports a tenant by one at a time; a second one that is paid all the same is marked.
create unique index subscription_one_at_a_time on subscription (account_id)
    where state <> 'cancelled' and not needs_review;
-- What an operator is to look at.
create index subscription_marked on subscription (created_at) where needs_review;
grant select, insert, update on subscription to billing_app;

-- Of a monthly contribution: the number of the first payment of its subscription; its own where it is that.
alter table payment add column subscription_id uuid;
alter table payment add constraint payment_subscription_of_contribution
    check (subscription_id is null or purpose = 'contribution') not valid;

-- They support monthly, and the newest payment of that names them.
alter table supporter add column monthly boolean not null default false;
