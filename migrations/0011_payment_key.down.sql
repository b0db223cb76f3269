alter table payment add constraint payment_key_once unique (account_id, idempotency_key);
drop index payment_used_key;
