-- no-transaction
-- For the sweep: accounts to look at again, those first that are due the longest. No charge writes the
-- column, so that rows of accounts are still updated in place.
create index concurrently if not exists account_warning_due on account (warning_due_at)
    where warning_due_at is not null;
