-- no-transaction
-- The newest messages of a tenant that were approved, or refused, for whoever takes one back.
create index concurrently if not exists contribution_message_judged
    on contribution (tenant_id, message_state, created_at)
    where message_state in ('approved', 'refused') and message is not null;
