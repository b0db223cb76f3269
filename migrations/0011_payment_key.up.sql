-- The same rule, in an index that is offered only to who looks for a key. The old one began as the primary
-- key does, and for a table of a few payments the planner thought it as good for finding one of them: kept
-- as a generic plan, it then read all payments of the account. Every key is longer than that.
create unique index payment_used_key on payment (account_id, idempotency_key) where idempotency_key <> '';
alter table payment drop constraint payment_key_once;
