alter table payment drop constraint payment_asked_for_or_named;
-- As their names at the provider they are one each: so are these.
update payment set idempotency_key = 'opened:' || payment_id where idempotency_key is null;
alter table payment alter column idempotency_key set not null;
alter table payment drop column provider_account;
-- A payment that credits nothing keeps to no rule of the version before.
alter table payment drop constraint payment_credit_range;
alter table payment add constraint payment_credit_range
    check (credit_micros between 1 and 1000000000000000) not valid;
