-- no-transaction
-- Accounts that are suspended, or without billing, or in debt, for administrators: few among all. Debt is
-- looked for among the overdrafts, since it has none without one: a charge that leaves an account above zero
-- changes nothing that the index is about, so that rows of accounts are still updated in place.
create index concurrently if not exists account_marked on account (account_id)
    where suspended or not billing_enabled or overdraft_micros > 0;
