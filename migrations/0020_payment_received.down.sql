drop table payment_dispute_movement;
-- A payment that was not received as ordered keeps to no rule of the version before.
alter table payment drop constraint payment_requests_within_paid;
alter table payment add constraint payment_requests_within_paid check (refund_requested_minor = 0
    or refund_requested_minor > 0 and refunded_minor + refund_requested_minor <= amount_minor) not valid;
alter table payment drop constraint payment_received_when_paid;
alter table payment drop constraint payment_credited_when_paid;
alter table payment add constraint payment_credited_when_paid
    check (credited_micros = case state when 'succeeded' then credit_micros else 0 end) not valid;
alter table payment drop column received_minor;
