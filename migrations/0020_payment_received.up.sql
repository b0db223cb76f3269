-- What has arrived of a payment, in minor units, where it is known: less or more than what was ordered. Null
-- until it is paid, and where a version from before this column has noted the success: all that was ordered.
alter table payment add column received_minor bigint;

-- Less than ordered: that much is credited, rounded down. More: what was ordered. What a version from before
-- this column writes keeps to this rule too.
alter table payment drop constraint payment_credited_when_paid;
alter table payment add constraint payment_credited_when_paid check (credited_micros = case
    when state <> 'succeeded' then 0
    when received_minor < amount_minor then div(credit_micros::numeric * received_minor, amount_minor)
    else credit_micros end) not valid;
alter table payment add constraint payment_received_when_paid check (received_minor is null
    or state = 'succeeded' and received_minor between 1 and 1000000000000) not valid;

-- What we ask back never exceeds what is left of what has arrived.
alter table payment drop constraint payment_requests_within_paid;
alter table payment add constraint payment_requests_within_paid check (refund_requested_minor = 0
    or refund_requested_minor > 0
    and refunded_minor + refund_requested_minor <= coalesce(received_minor, amount_minor)) not valid;

-- Each time that money moved because of a dispute: taken, given back, and perhaps taken again. The sums of
-- payment_dispute follow from these.
create table payment_dispute_movement (
    account_id uuid not null,
    payment_id uuid not null,
    -- The dispute.
    reference text not null,
    -- The provider's name of the movement where it has one; else the event that reported it.
    is_named boolean not null,
    name text not null,
    movement text not null,
    amount_minor bigint not null,
    -- The provider's time.
    occurred_at timestamptz not null,
    primary key (account_id, payment_id, reference, is_named, name),
    constraint payment_dispute_movement_of_dispute foreign key (account_id, payment_id, reference)
        references payment_dispute (account_id, payment_id, reference),
    constraint payment_dispute_movement_known check (movement in ('withdrawn', 'reinstated')),
    constraint payment_dispute_movement_name_length check (octet_length(name) between 1 and 255),
    constraint payment_dispute_movement_amount_range check (amount_minor between 1 and 1000000000000)
);
create trigger payment_dispute_movement_append_only before update or delete or truncate
    on payment_dispute_movement for each statement execute function refuse_change();
grant select, insert on payment_dispute_movement to billing_app;
