-- The same rule the other way round. With the account first, this index began as the primary key does, and
-- for a table of a few payments the planner thought it as good for finding one of them: kept as a generic
-- plan, it then read all payments of the account. Cores that know the old order work with this one.
alter table payment add constraint payment_used_key_once unique (idempotency_key, account_id);
alter table payment drop constraint payment_key_once;
