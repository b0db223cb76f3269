-- no-transaction
-- The newest message of a supporter that the wall shows, however many contributions they gave.
create index concurrently if not exists contribution_said on contribution (account_id, payment_id)
    where message_state = 'approved' and not is_anonymous;
