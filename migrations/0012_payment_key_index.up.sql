-- no-transaction
-- A key is used once by an account: the same rule as payment_used_key_once, which 0013 takes away. Nobody
-- looks for an account as text but who looks for a key, so that this index serves that look-up alone. One
-- with the account itself serves each look-up of a payment too, wherever in it the account stands:
-- PostgreSQL 18 skips over the columns before it, and as a kept generic plan reads the whole index.
create unique index concurrently if not exists payment_key_of_account
    on payment ((account_id::text), idempotency_key);
