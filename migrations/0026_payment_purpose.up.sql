-- What follows from a payment's success and from its reversal, its purpose says. Only a top-up must credit
-- the payer's account; another purpose may credit nothing, and then has no entries: what is credited and
-- what is reversed stay within credit_micros as before.
alter table payment drop constraint payment_credit_range;
alter table payment add constraint payment_credit_range check (credit_micros
    between case purpose when 'top_up' then 1 else 0 end and 1000000000000000) not valid;

-- Which of the provider's accounts it is made for; empty: the platform's own.
alter table payment add column provider_account text not null default '';
alter table payment add constraint payment_provider_account_length
    check (octet_length(provider_account) <= 255) not valid;

-- Null: it was not asked for here. It began at its provider, and a report has opened it. Its name there
-- makes it one payment: the primary key of payment_reference.
alter table payment alter column idempotency_key drop not null;
alter table payment add constraint payment_asked_for_or_named
    check (idempotency_key is not null or reference is not null) not valid;
