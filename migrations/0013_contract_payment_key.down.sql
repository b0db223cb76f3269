alter table payment add constraint payment_used_key_once unique (idempotency_key, account_id);
