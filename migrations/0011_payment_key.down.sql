alter table payment add constraint payment_key_once unique (account_id, idempotency_key);
alter table payment drop constraint payment_used_key_once;
