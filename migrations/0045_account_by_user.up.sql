-- no-transaction
-- A tenant's accounts by user id, as its bytes are whatever the database's collation: the pages of an
-- administrator's list, and those whose user id begins with what they look for.
create index concurrently if not exists account_profile_by_user
    on account_profile (tenant_id, user_id collate "C", account_id);
