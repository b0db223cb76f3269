-- no-transaction
-- For the queue of messages that wait, and its age: of what was begun and never paid nobody reads anything,
-- and there is ever more of it. The index of 0034 has that, too.
create index concurrently if not exists contribution_message_queue on contribution (tenant_id, created_at)
    where message_state = 'waiting' and message is not null and paid_at is not null;
